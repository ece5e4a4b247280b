"""Writes the pictures of the README and of docs/ui.md: `just screenshots`."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, ViewportSize, async_playwright, expect

from service.demo.two_months import work_the_backlog
from tests.ui.conftest import ARGUMENTS, CHROMIUM
from tests.ui.serving import serving

SIZE = ViewportSize(width=1600, height=900)
PICTURES: dict[str, tuple[str, Literal["light", "dark"], str]] = {
    "hub-light": ("", "light", "h2"),
    "backlog-dark": ("time-and-material?nte_status=failed", "dark", "tr[aria-rowindex='2']"),
    "invoices-light": ("invoices", "light", "table tbody tr"),
}
"""Name: the address, the theme, and what must be there before the picture is taken."""


async def main(folder: Path) -> None:
    """Takes all pictures of a sample that has just been worked."""
    with tempfile.TemporaryDirectory() as place, serving(f"sqlite:///{place}/demo.db") as served:
        work_the_backlog(served.api)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
            for name, (path, theme, awaited) in PICTURES.items():
                context = await browser.new_context(
                    locale="en-GB", color_scheme=theme, viewport=SIZE
                )
                page = await context.new_page()
                await page.goto(served.at(path))
                await _settled(page, awaited)
                if path.startswith("time-and-material"):
                    await page.locator(awaited).click()
                    await expect(page.locator(".panel .alert").first).to_be_visible()
                await page.screenshot(path=folder / f"{name}.png")
                await context.close()
            await browser.close()


async def _settled(page: Page, awaited: str) -> None:
    await expect(page.locator(awaited).first).to_be_visible()
    await expect(page.locator("[data-connection=live]")).to_be_visible()
    await page.wait_for_load_state("domcontentloaded")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
