"""People sign in, work, and go on when their session ends under their hands."""

from collections.abc import Generator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect

from service.access import key_rings, sessions
from service.handlers import keys
from tests.service.an_issuer import AUDIENCE, CLIENT, AnIssuer, an_issuer
from tests.service.door import CONTEXT, token
from tests.ui.accessibility import violations
from tests.ui.conftest import NewPage
from tests.ui.serving import Served, serving

KEY, BY_KEY = "API key", "Sign in by key"
REFUSED = "Failed to load resource"
"""How the browser says that a call was refused, which is what these tests are about."""


@pytest.fixture
def issuer() -> Generator[AnIssuer]:
    """An issuer that knows the service as a client, and is another site for browsers."""
    with an_issuer("localhost") as made:
        yield made


@pytest.fixture
def guarded(
    office_database: str, issuer: AnIssuer, monkeypatch: pytest.MonkeyPatch
) -> Generator[Served]:
    """The service with the sample of the demo, which asks who calls; it knows at once who does."""
    monkeypatch.setattr(key_rings, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "FRESH_SECONDS", 0.0)
    settings = {
        "authentication": True,
        "issuer": issuer.address,
        "issuer_audiences": (AUDIENCE,),
        "issuer_client_id": CLIENT,
    }
    with serving(office_database, **settings) as service:
        yield service


@pytest.fixture(autouse=True)
def refusals_are_meant(new_page: NewPage, complaints: list[str]) -> Generator[None]:
    """Lets the browser say that calls are refused."""
    assert new_page  # whose end looks at what is left of the complaints
    yield
    complaints[:] = [each for each in complaints if REFUSED not in each]


async def by_key(page: Page, text: str) -> None:
    """Signs in by the token of a key, as a person does."""
    await page.get_by_label(KEY).fill(text)
    await page.get_by_role("button", name=BY_KEY).click()


async def signed_in(page: Page, address: str, text: str) -> None:
    """Opens a screen, and signs in by the token of a key."""
    await page.goto(address)
    await by_key(page, text)
    await expect(page.get_by_role("main")).to_have_attribute("id", "main")


async def cookie(context: BrowserContext, name: str) -> dict[str, object] | None:
    """A cookie as the browser keeps it."""
    return next((dict(each) for each in await context.cookies() if each.get("name") == name), None)


async def answer_of(page: Page, call: str) -> object:
    """The status of a call that a script makes."""
    return await page.evaluate(f"async () => (await fetch({call})).status")


async def test_who_has_a_key_signs_in_works_and_signs_out(page: Page, guarded: Served) -> None:
    text = token(guarded.tenant, "mira")
    await page.goto(guarded.at("settings?x=1"))
    await expect(page.get_by_role("heading", name="Sign in to the billing backlog")).to_be_visible()
    assert await violations(page) == []
    await by_key(page, text[:-1])
    await expect(page.get_by_role("alert").last).to_contain_text("You were not let in")
    await by_key(page, text)
    await expect(page.get_by_text("mira")).to_be_visible()
    assert page.url == guarded.at("settings?x=1")
    kept = await cookie(page.context, "__Host-billing-backlog")
    assert kept
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"]) == (True, True, "Strict")
    assert kept["expires"] == -1
    assert "billing-backlog" not in await page.evaluate("document.cookie")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label(KEY)).to_be_visible()
    assert await cookie(page.context, "__Host-billing-backlog") is None
    assert await answer_of(page, '"/v1/contracts"') == 401


async def test_a_person_signs_in_at_the_issuer_and_comes_back_to_where_they_were(
    page: Page, guarded: Served, issuer: AnIssuer
) -> None:
    issuer.people = {"sub": "mira"}
    await page.goto(guarded.at("settings?from=%C3%A6"))
    await page.get_by_role("link", name="Sign in with your organisation").click()
    await page.get_by_role("link", name="Go back").click()
    await expect(page.get_by_text("mira")).to_be_visible()
    assert page.url == guarded.at("settings?from=%C3%A6")
    assert [each.get("name") for each in await page.context.cookies()] == ["__Host-billing-backlog"]


async def test_who_is_signed_out_at_work_signs_in_at_the_issuer_in_a_tab_of_its_own(
    page: Page, guarded: Served, issuer: AnIssuer
) -> None:
    issuer.people = {"sub": "mira"}
    await page.goto(guarded.at("time-and-material"))
    await page.get_by_role("link", name="Sign in with your organisation").click()
    await page.get_by_role("link", name="Go back").click()
    search = page.get_by_role("searchbox")
    await expect(page.get_by_role("grid")).to_be_visible()
    await page.context.clear_cookies()
    await search.fill("hours that I type")
    dialog = page.get_by_role("dialog", name="Sign in again")
    async with page.context.expect_page() as opened:
        await dialog.get_by_role("link", name="Sign in with your organisation").click()
    tab = await opened.value
    await tab.get_by_role("link", name="Go back").click()
    await expect(tab.get_by_text("mira")).to_be_visible()
    await tab.close()
    await page.evaluate("window.dispatchEvent(new Event('focus'))")  # headless, nothing has it
    await expect(dialog).to_be_hidden()
    await expect(search).to_have_value("hours that I type")


async def test_who_could_not_sign_in_is_told_so(page: Page, guarded: Served) -> None:
    await page.goto(f"{guarded.address}/ui/signed-in?error=access_denied")
    await expect(page.get_by_role("alert").first).to_contain_text("Signing in failed")
    assert page.url == guarded.at()


async def test_who_is_signed_out_at_work_signs_in_and_loses_nothing(
    page: Page, guarded: Served
) -> None:
    text = token(guarded.tenant, "mira")
    await signed_in(page, guarded.at("time-and-material"), text)
    search = page.get_by_role("searchbox")
    await expect(page.get_by_role("grid")).to_be_visible()
    keys.revoke_key(guarded.tenant, CONTEXT, keys.read_token(text).key_id)
    await search.fill("hours that I type")
    dialog = page.get_by_role("dialog", name="Sign in again")
    await expect(dialog).to_be_visible()
    assert await violations(page) == []
    another = token(guarded.tenant, "mira")
    await by_key(page, another)
    await expect(dialog).to_be_hidden()
    await expect(search).to_have_value("hours that I type")
    await expect(page.get_by_label(KEY)).to_be_hidden()
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_text("mira")).to_be_visible()


async def test_two_tabs_are_one_session_and_one_learns_of_another_that_began(
    page: Page, guarded: Served
) -> None:
    first, second = token(guarded.tenant, "mira"), token(guarded.tenant, "mira")
    await signed_in(page, guarded.at("settings"), first)
    tab = await page.context.new_page()
    await tab.goto(guarded.at("settings"))
    await expect(tab.get_by_text("mira")).to_be_visible()
    await tab.get_by_role("button", name="Sign out").click()
    await by_key(tab, second)
    await expect(tab.get_by_text("mira")).to_be_visible()
    made = await page.evaluate(
        """async () => {
            const api = document.querySelector('script[type="module"]').src;
            const { send } = await import(api.replace("main.js", "api.js"));
            const customers = [{ customer_id: "P", name: "P" }];
            const body = { name: "N", currency: "EUR", customers };
            return (await send("PUT", "v1/contracts/NEW-1", body)).contract_id;
        }"""
    )
    assert made == "NEW-1"
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_page_of_another_site_does_nothing_in_somebodys_name(
    page: Page, guarded: Served, complaints: list[str]
) -> None:
    await signed_in(page, guarded.at("settings"), token(guarded.tenant, "mira"))
    before = guarded.tenant.ledger.position()
    change = '"/v1/backlog/mark", {method: "POST", body: "{}"}'
    assert await answer_of(page, change) == 403
    site = f"http://evil.localhost:{urlsplit(guarded.address).port}"
    form = f'<form method="post" action="{guarded.address}/v1/backlog/mark"><button>Go</button>'
    await page.context.route(
        f"{site}/*", lambda route: route.fulfill(body=form, content_type="text/html")
    )
    await page.goto(f"{site}/page")
    async with page.expect_response(f"{guarded.address}/v1/*/*") as answered:
        await page.get_by_role("button", name="Go").click()
    answer = await answered.value
    assert answer.status == 403
    assert "cookie" not in await answer.request.all_headers()
    assert guarded.tenant.ledger.position() == before
    complaints.clear()


async def test_a_sign_in_in_norwegian(new_page: NewPage, guarded: Served) -> None:
    page = await new_page(locale="nb-NO")
    await page.goto(guarded.at("settings"))
    await expect(page.get_by_role("button", name="Logg inn med nøkkel")).to_be_visible()
    assert await violations(page) == []
