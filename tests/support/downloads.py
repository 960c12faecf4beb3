"""What a browser has saved."""

import io
import re
from pathlib import Path

from docx import Document
from playwright.sync_api import Download


def text_of(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8")


def headings(download: Download) -> list[str]:
    """Those of Markdown."""
    return re.findall(r"^## (.*)", text_of(download), re.MULTILINE)


def paragraphs(download: Download) -> list[str]:
    document = Document(io.BytesIO(Path(download.path()).read_bytes()))
    return [paragraph.text for paragraph in document.paragraphs]
