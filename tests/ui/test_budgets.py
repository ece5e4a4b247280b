"""What the interface may cost: bytes on the wire, elements in the document, time of the processor.

Time is that of the page's thread, the best of some: other work on the machine lengthens it little.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from playwright.async_api import CDPSession, Page, expect

from service.http.ui.assets import Assets, shipped
from tests.ui.serving import Served

ROWS = "tr[aria-rowindex='2']:not(.coming)"


def compressed(assets: Assets, name: str) -> int:
    """Bytes of a file as it is sent."""
    asset = assets.files[name]
    return len(asset.compressed or asset.body)


def test_the_code_styles_and_texts_of_the_first_screen_are_45_kb_at_most() -> None:
    assets = shipped()
    parts = ("hub", "contracts")
    files = [
        *assets.loaded_by("main.js", "screens/hub.js"),
        "styles.css",
        "messages/en/common.js",
        "messages/en/statuses.js",
        *(f"styles/{part}.css" for part in parts),
        *(f"messages/en/{part}.js" for part in parts),
    ]
    assert sum(compressed(assets, name) for name in files) <= 45_000


async def test_a_first_load_with_200_rows_is_90_kb_on_the_wire_at_most(
    page: Page, served: Served
) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")  # pyright: ignore[reportUnknownMemberType]
    loaded: list[float] = []

    def take(event: dict[str, Any]) -> None:
        loaded.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", take)
    await page.goto(served.at("time-and-material"))
    grid = page.get_by_role("grid")
    await expect(grid.locator(ROWS)).to_be_visible()
    await expect(page.locator(".totals > li").first).to_be_visible()
    assert int(await grid.get_attribute("aria-rowcount") or 0) > 200
    assert sum(loaded) <= 90_000


async def test_keys_and_filters_cost_little_and_the_document_stays_small(
    page: Page, served: Served
) -> None:
    session = await page.context.new_cdp_session(page)
    enable, ticks = "Performance.enable", {"timeDomain": "threadTicks"}
    await session.send(enable, ticks)  # pyright: ignore[reportUnknownMemberType]
    await page.goto(served.at("time-and-material"))
    grid = page.get_by_role("grid")
    await expect(grid.locator(ROWS)).to_be_visible()
    chip = page.get_by_role("button", name="Committed")

    async def flip() -> None:
        pressed = await chip.get_attribute("aria-pressed")
        rows = await grid.get_attribute("aria-rowcount")
        await chip.click()
        await expect(chip).not_to_have_attribute("aria-pressed", pressed or "")
        await expect(grid).not_to_have_attribute("aria-rowcount", rows or "")
        await expect(grid.locator(ROWS)).to_be_visible()

    async def move() -> None:
        for _ in range(20):
            await page.keyboard.press("ArrowDown")

    assert await _best(session, flip, 4) <= 0.150
    await grid.focus()
    assert await _best(session, move, 4) / 20 <= 0.025
    assert await page.locator("*").count() <= 2500
    assert await grid.locator("tr[aria-rowindex]").count() <= 61


async def _best(session: CDPSession, act: Callable[[], Awaitable[None]], times: int) -> float:
    """The fewest seconds of the page's thread that an act took."""
    return min([await _seconds(session, act) for _ in range(times)])


async def _seconds(session: CDPSession, act: Callable[[], Awaitable[None]]) -> float:
    before = await _worked(session)
    await act()
    return await _worked(session) - before


async def _worked(session: CDPSession) -> float:
    told = cast("Any", await session.send("Performance.getMetrics"))  # pyright: ignore[reportUnknownMemberType]
    metrics = cast("list[dict[str, Any]]", told["metrics"])
    return next(each["value"] for each in metrics if each["name"] == "TaskDuration")
