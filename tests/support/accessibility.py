"""What axe-core finds wrong with a page."""

import json
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def faults(page: Page) -> list[str]:
    """The serious and critical violations that axe-core finds, on the page and in no frame."""
    found: list[dict[str, Any]] = Axe().run(page, options={"iframes": False}).response["violations"]
    return [
        f"{each['id']}: {json.dumps([node['html'] for node in each['nodes']], ensure_ascii=False)}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
