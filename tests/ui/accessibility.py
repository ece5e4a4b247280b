"""What axe-core finds wrong with a page, for people who see, hear or move otherwise."""

from typing import Any, cast

from axe_playwright_python.async_playwright import Axe  # pyright: ignore[reportMissingTypeStubs]
from playwright.async_api import Page

_OPTIONS = {
    "resultTypes": ["violations"],
    # Of WCAG 2.2, and off unless it is asked for.
    "rules": {"target-size": {"enabled": True}},
}


async def violations(page: Page) -> list[str]:
    """Each rule that the page breaks as it is now, and where: `color-contrast: .total > b`."""
    found: Any = await Axe().run(page, options=_OPTIONS)  # pyright: ignore[reportUnknownMemberType]
    broken = cast("list[dict[str, Any]]", found.response["violations"])
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}"
        for rule in broken
        for node in rule["nodes"]
    ]
