"""What tests of the web interface share: a browser, pages of it, and a service with an office.

Tests are asynchronous, as Playwright is; all here run in one event loop, that of the browser:

    async def test_a_filter_stands_in_the_address(page: Page, served: Served) -> None:
        await page.goto(served.at("time-and-material"))
        await expect(page.get_by_role("grid")).to_be_visible()

`served` has the sample of `billing-backlog demo`, two months of four contracts, anew for each test.
`page` fails a test at whose end the browser has complained: of an error in a script, of a file that
it was not given, of what the policy forbids. A test that wants such a thing clears `complaints`.
That a service is not there, as at the end of a test, is none.
`wait_for_function` does not work, for the policy lets no text be run: wait by `expect`.
"""

import os
import re
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from service.demo.two_months import work_the_backlog
from tests.databases import copy_files
from tests.ui.serving import Served, serving

HERE = Path(__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 20_000.0
"""Milliseconds that anything may take in the browser, on a machine that has other work."""
GONE = re.compile(r"net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE|INTERNET_DISCONNECTED|NETWORK)")
"""How Chromium says that a service is not there, or no more."""
NewPage = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all tests of this folder, as the browser lives in it."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium. Skips a test where there is none; in CI that fails."""
    if not CHROMIUM.exists():
        missing = f"there is no browser at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return CHROMIUM


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncGenerator[Browser]:
    """A browser for all tests of a process."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS])
        yield launched
        await launched.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of in this test."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(browser: Browser, complaints: list[str]) -> AsyncGenerator[NewPage]:
    """Makes pages, each of a browser that knows nothing: `await new_page(locale="nb-NO")`.

    It takes what Playwright's `new_context` does.
    """

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error" and not GONE.search(said.text):
            complaints.append(said.text)

    async def make(**options: Any) -> Page:
        known: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Europe/Oslo", **options}
        context = await browser.new_context(**known)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        return page

    yield make
    found = [*complaints]  # a page that is closed while it loads complains of that, too
    for context in browser.contexts:
        await context.close()
    assert found == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_page: NewPage) -> Page:
    """A page of a browser that knows nothing, in English."""
    return await new_page()


@pytest.fixture(scope="session")
def worked_office(made_sqlite: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the sample of the demo in it, which is only copied."""
    url = f"sqlite:///{tmp_path_factory.mktemp('office')}/backlog.db"
    copy_files(made_sqlite, url)
    with serving(url) as served:
        work_the_backlog(served.api)
    return url


@pytest.fixture
def office_database(worked_office: str, tmp_path: Path) -> Generator[str]:
    """The sample of the demo in a database of its own."""
    url = f"sqlite:///{tmp_path}/office.db"
    copy_files(worked_office, url)
    yield url
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def served(office_database: str) -> Generator[Served]:
    """The service with the sample of the demo, where nobody is asked who they are."""
    with serving(office_database) as service:
        yield service
