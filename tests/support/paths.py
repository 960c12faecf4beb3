"""Where things lie in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
ARTICLE = ROOT / "index" / "articles" / "ningbo-2023-05-13.txt"
