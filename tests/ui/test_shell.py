"""What stays while screens come and go: it recovers, and leads to what one may see."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.async_api import Page, Response, Route, expect

from service.access import key_rings, sessions
from service.access.scopes import Scope
from tests.service.door import ALL, bearer, token
from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served, serving

NOT_LOADED = "This page could not be loaded"
CONTRACTS = "Project contracts"


@pytest.fixture(autouse=True)
def what_fails_is_meant(new_page: NewPage, complaints: list[str]) -> Generator[None]:
    """Lets the browser say that what it asked for failed, and nothing else."""
    assert new_page  # whose end looks at what is left of the complaints
    yield
    complaints[:] = [each for each in complaints if "Failed to" not in each]


@pytest.fixture
def guarded(office_database: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Served]:
    """The service with the sample of the demo, which asks who calls; it knows at once who does."""
    monkeypatch.setattr(key_rings, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "FRESH_SECONDS", 0.0)
    with serving(office_database, authentication=True) as service:
        yield service


async def signed_in(page: Page, address: str, text: str) -> None:
    """Opens a screen, and signs in by the token of a key."""
    await page.goto(address)
    await by_key(page, text)


async def by_key(page: Page, text: str) -> None:
    """Signs in by the token of a key, on the page that asks for it."""
    await page.get_by_label("API key").fill(text)
    await page.get_by_role("button", name="Sign in by key").click()
    await expect(page.get_by_role("main")).to_have_attribute("id", "main")


@contextmanager
def refusals(page: Page) -> Generator[list[str]]:
    """The calls that the service refuses a page meanwhile, by their path."""
    found: list[str] = []

    def hear(response: Response) -> None:
        if response.status == 403:
            found.append(response.url.partition("/v1/")[2].partition("?")[0])

    page.on("response", hear)
    yield found
    page.remove_listener("response", hear)


async def screens(page: Page) -> list[str]:
    """The screens that the page leads to."""
    way = page.get_by_role("navigation", name="Screens")
    return [each or "" for each in await way.get_by_role("link").evaluate_all(NAMES)]


def one_of(guarded: Served, things: str) -> str:
    """The id of a contract, or of a customer, that there is."""
    answer = guarded.api.get("/contracts", headers=bearer(token(guarded.tenant, "reader")))
    one = answer.json()["items"][0]
    return one["contract_id"] if things == "contracts" else one["customers"][0]["customer_id"]


NAMES = "(links) => links.map((link) => link.dataset.screen)"


async def test_a_page_without_a_network_says_so_at_once_and_recovers(
    page: Page, served: Served
) -> None:
    await page.goto(served.at("settings"))
    current = page.locator(".current")
    await expect(current).to_contain_text("Live")
    await page.context.set_offline(True)
    await expect(current).to_contain_text("Not live", timeout=5_000)
    await page.get_by_role("link", name=CONTRACTS).click()
    await expect(page.get_by_role("heading", name=NOT_LOADED)).to_be_visible()
    await page.get_by_role("button", name="Try again").click()
    assert await violations(page) == []
    await expect(page.get_by_role("heading", name=NOT_LOADED)).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name=CONTRACTS, level=1)).to_be_visible()
    await expect(current).to_contain_text("Live")
    assert page.url == served.at("contracts")


@pytest.mark.parametrize("by", ["button", "link"])
async def test_what_was_not_loaded_is_tried_again_when_one_asks(
    page: Page, served: Served, by: str
) -> None:
    await page.goto(served.at("settings"))
    await expect(page.locator(".current")).to_contain_text("Live")

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/screens/contracts.js", away)
    link = page.get_by_role("link", name=CONTRACTS)
    await link.click()
    await expect(page.get_by_role("heading", name=NOT_LOADED)).to_be_visible()
    await page.unroute("**/screens/contracts.js")
    await (link if by == "link" else page.get_by_role("button", name="Try again")).click()
    await expect(page.get_by_role("heading", name=CONTRACTS, level=1)).to_be_visible()


async def test_one_starts_on_the_first_screen_that_one_may_see(page: Page, guarded: Served) -> None:
    await signed_in(page, guarded.at(), token(guarded.tenant, "ida", [Scope.INVOICES_READ]))
    await expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
    assert page.url == guarded.at("invoices")
    assert await screens(page) == ["invoices", "settings"]
    await page.goto(guarded.at("contracts"))
    main = page.get_by_role("main")
    await expect(main.get_by_role("heading", name="There is no such page")).to_be_visible()
    await main.get_by_role("link", name="Invoices").click()
    await expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()


@pytest.mark.parametrize(
    ("kept", "refused"),
    [("contracts", []), ("customers", ["stream"])],
    ids=["contracts", "customers"],
)
async def test_who_is_restricted_is_shown_nothing_that_can_only_fail(
    page: Page, guarded: Served, kept: str, refused: list[str]
) -> None:
    only = [one_of(guarded, kept)]
    text = token(
        guarded.tenant,
        "port",
        contracts=only if kept == "contracts" else None,
        customers=only if kept == "customers" else None,
    )
    with refusals(page) as found:
        await signed_in(page, guarded.at(), text)
        await expect(page.get_by_role("heading", name="Open obligations")).to_be_visible()
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await expect(page.get_by_role("heading", name="Parked events")).to_have_count(0)
        await expect(page.get_by_role("alert")).to_have_count(0)
        assert "history" not in await screens(page)
        await page.get_by_role("link", name="Intake").click()
        await expect(page.get_by_role("heading", name="Obligations")).to_be_visible()
        await expect(page.get_by_role("heading", name="Nothing is to be corrected")).to_be_visible()
        await expect(page.get_by_role("navigation", name="Intake")).to_have_count(0)
        await page.get_by_role("link", name=CONTRACTS).click()
        await expect(page.get_by_role("heading", name=CONTRACTS, level=1)).to_be_visible()
    assert found == refused
    current = page.locator(".current")
    await (expect(current).to_be_hidden() if refused else expect(current).to_contain_text("Live"))


async def test_who_is_kept_to_customers_is_offered_no_change(page: Page, guarded: Served) -> None:
    await signed_in(page, guarded.at(), token(guarded.tenant, "all"))
    offered = page.get_by_role("button", name="New milestone")
    await page.get_by_role("link", name="Fixed-price milestones").click()
    await expect(offered).to_be_visible()
    await page.context.clear_cookies()
    text = token(guarded.tenant, "port", ALL, customers=[one_of(guarded, "customers")])
    await signed_in(page, guarded.at("fixed-price"), text)
    await expect(page.get_by_role("heading", name="Fixed-price milestones")).to_be_visible()
    await expect(page.get_by_role("grid")).to_be_visible()
    await expect(offered).to_have_count(0)


@pytest.mark.parametrize("seen_by", ["focus", "stream"])
async def test_a_page_of_somebody_who_is_signed_in_no_more_says_who_is(
    page: Page, guarded: Served, seen_by: str
) -> None:
    await signed_in(page, guarded.at("settings"), token(guarded.tenant, "mira"))
    current = page.locator(".current")
    await expect(current).to_contain_text("Live")
    await page.evaluate(SIGN_IN, token(guarded.tenant, "noor"))
    if seen_by == "focus":
        await page.evaluate("window.dispatchEvent(new Event('focus'))")  # headless, nothing has it
    else:
        await page.context.set_offline(True)
        await expect(current).to_contain_text("Not live")
        await page.context.set_offline(False)
    dialog = page.get_by_role("dialog", name="Somebody else is signed in")
    await expect(dialog).to_contain_text("noor")
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Reload").click()
    await expect(page.get_by_role("main").get_by_text("noor")).to_be_visible()
    await expect(dialog).to_have_count(0)


SIGN_IN = """async (key) => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ key });
    const { ok } = await fetch("/ui/session", { method: "POST", headers, body });
    if (!ok) throw new Error("not signed in");
}"""
"""Signs in by a key, as another tab does."""
