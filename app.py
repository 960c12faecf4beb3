"""The web entry: ``python app.py`` serves the page, with the options of ``changai serve``."""

import os
import sys
from pathlib import Path

from changai.cli.main import main

if __name__ == "__main__":
    os.environ.setdefault("CHANGAI_INDEX", str(Path(__file__).with_name("index")))
    main(["serve", *sys.argv[1:]])
