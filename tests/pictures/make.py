"""Make the README's pictures of the page, for both audiences in both sizes, with Debian's chromium.

    python tests/pictures/make.py [INDEX]

INDEX is a folder with an index; by default the project's own.
"""

import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
QUESTIONS = {"worker": "外地人的孩子在宁波怎么上学?", "official": "2020年推优入党多少名?"}


def take(browser: Browser, url: str, size: str, audience: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    page.goto(url)
    page.locator("#audience label", has=page.locator(f"[value={audience}]")).click()
    page.locator("#question").fill(QUESTIONS[audience])
    page.locator("#question").press("Enter")
    page.locator("#chat .citation").first.wait_for()
    if (size, audience) == ("desk", "official"):
        page.locator("#chat .citation a[target=reader]").first.click()
        page.frame_locator("[name=reader]").locator("mark").first.wait_for()
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    picture = Image.open(BytesIO(page.screenshot()))
    # A page has few colours: a third of the size.
    picture.quantize(128).save(HERE / f"{size}-{audience}.png", optimize=True)
    page.close()


def main(index: str = str(ROOT / "index")) -> None:
    command = [sys.executable, "app.py", "--port", "0", "--index", index]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().rpartition("：")[2].strip()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for size in SIZES:
            for audience in QUESTIONS:
                take(browser, url, size, audience)
        browser.close()
        server.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
