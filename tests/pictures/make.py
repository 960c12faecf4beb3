"""Make the README's picture of the page, with Debian's chromium.

python tests/pictures/make.py
"""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
QUESTION = "外地人的孩子在宁波怎么上学?"


def main() -> None:
    command = [sys.executable, "app.py", "--port", "0"]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().rpartition("：")[2].strip()
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 900, "height": 760}, locale="zh-CN")
        page.goto(url)
        page.locator("#question textarea").fill(QUESTION)
        page.locator("#question textarea").press("Enter")
        page.locator("#chat mark").first.wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=HERE / "page.png")
        browser.close()
        server.terminate()


if __name__ == "__main__":
    main()
