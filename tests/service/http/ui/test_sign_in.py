"""Signing in at the issuer: there and back, and what is not believed on the way."""

import asyncio
import base64
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from service.access import issuer_sign_in
from service.access.flows import Flow
from service.http.ui.sign_in import is_ours
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body
from tests.service.an_issuer import AUDIENCE, CLIENT, AnIssuer, an_issuer, rsa
from tests.service.door import guarded, token
from tests.service.http_caller import problem
from tests.service.signing_in import COOKIE, FLOW, Browser, browsing, cookies

FAILED = "/ui/?sign_in=failed"


@pytest.fixture
def issuer() -> Generator[AnIssuer]:
    """An issuer that knows the service as a client."""
    with an_issuer() as made:
        yield made


@pytest.fixture
def one_tenant(tmp_path: Path) -> Generator[Tenant]:
    """A tenant on SQLite, for what no database has a say in."""
    with closing(Tenant(f"sqlite:///{tmp_path}/backlog.db")) as opened:
        yield opened


def trusting(issuer: AnIssuer, tenant: Tenant, **settings: Any) -> FastAPI:
    """The service of which people sign in at the issuer."""
    known = {"issuer": issuer.address, "issuer_audiences": (AUDIENCE,), "issuer_client_id": CLIENT}
    return guarded(Only(tenant), **{**known, **settings})


async def sent_away(browser: Browser, to: str | None = None) -> str:
    """The address at the issuer that a browser is led to."""
    params = {} if to is None else {"to": to}
    answer = await browser.call("GET", "/ui/sign-in", params=params)
    assert answer.status_code == 303, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


async def led_back(browser: Browser, address: str) -> httpx.Response:
    """The answer to a browser that comes back: the session's cookie is not sent with that."""
    kept = browser.kept.pop(COOKIE, None)
    answer = await browser.call("GET", address)
    if kept is not None:
        browser.kept.setdefault(COOKIE, kept)
    return answer


async def is_refused(browser: Browser, answer: httpx.Response) -> bool:
    """Whether a browser was led to where it is told that it failed, and is not signed in."""
    assert answer.headers["location"] == FAILED, answer.text
    assert FLOW not in browser.kept
    return answer.status_code == 303 and not (await browser.session())["signed_in"]


async def test_a_person_signs_in_at_the_issuer_and_works(
    issuer: AnIssuer, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with browsing(trusting(issuer, tenant)) as browser:
        assert (await browser.session())["ways"] == ["key", "issuer"]
        to = "/ui/time-and-material?text=%C3%A6&status=ready&x=1;2"
        away = await sent_away(browser, to)
        asked = parse_qs(urlsplit(away).query)
        assert away.startswith(f"{issuer.address}/authorize?")
        assert asked["redirect_uri"] == ["http://localhost/ui/signed-in"]
        assert (asked["client_id"], asked["scope"]) == ([CLIENT], ["openid"])
        back = issuer.signed_in(away, scope="backlog:read contracts:write openid", sub="mira")
        page = await led_back(browser, back)
        assert page.status_code == 200, page.text
        assert page.headers["cache-control"] == "no-store"
        assert f'content="0;url={to.replace("&", "&amp;")}"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert list(browser.kept) == [COOKIE]
        told = await browser.session()
        assert (told["actor"], told["tenant"], told["restricted"]) == ("mira", "default", False)
        assert told["scopes"] == ["backlog:read", "contracts:write"]
        made = await browser.call("PUT", "/v1/contracts/PC-1", json=contract_body())
        assert made.status_code == 201, made.text
        assert tenant.ledger.read(0, 9)[-1].metadata.actor == "mira"
        again = await led_back(browser, back)
        assert again.headers["location"] == FAILED
        code = parse_qs(urlsplit(back).query)["code"][0]
        ours = [vars(record) for record in caplog.records if record.name != "httpx"]
        for secret in (code, asked["state"][0], browser.kept[COOKIE], told["csrf"], "eyJ"):
            assert secret not in str(ours)
        assert "signed in" in str(ours)


async def test_the_cookie_of_an_attempt_comes_back_from_the_issuer_and_lasts_minutes(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        answer = await browser.call("GET", "/ui/sign-in")
        (cookie,) = cookies(answer).values()
        assert cookie.key == FLOW
        assert (cookie["samesite"], cookie["max-age"], cookie["path"]) == ("lax", "600", "/")
        assert (cookie["httponly"], cookie["secure"], cookie["domain"]) == (True, True, "")


async def test_what_the_issuer_restricts_stays_restricted(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    app = trusting(issuer, one_tenant, issuer_customer_claim="customers")
    async with browsing(app) as browser:
        back = issuer.signed_in(await sent_away(browser), customers=["PORT"])
        assert (await led_back(browser, back)).status_code == 200
        told = await browser.session()
        assert (told["restricted"], told["kept"]) == (True, ["customers"])
        refused = await browser.call("GET", "/v1/audit/events")
        assert problem(refused, 403)["code"] == "token_restricted"


async def test_a_session_lasts_no_longer_than_the_token(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    app = trusting(issuer, one_tenant)
    async with browsing(app) as browser:
        expired = issuer.signed_in(await sent_away(browser), exp=issuer.claims()["iat"] - 1)
        assert await is_refused(browser, await led_back(browser, expired))
        back = issuer.signed_in(await sent_away(browser), exp=issuer.claims()["iat"] + 2)
        assert (await led_back(browser, back)).status_code == 200
        until = asyncio.get_running_loop().time() + 60
        while (await browser.session())["signed_in"]:
            assert asyncio.get_running_loop().time() < until


async def test_a_session_of_an_issuer_ends_with_its_place_in_the_settings(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        back = issuer.signed_in(await sent_away(browser))
        assert (await led_back(browser, back)).status_code == 200
    for other in (
        guarded(Only(one_tenant)),
        guarded(Only(one_tenant), issuer="https://x.example", issuer_audiences="a"),
    ):
        async with browsing(other) as later:
            later.kept = dict(browser.kept)
            assert not (await later.session())["signed_in"]


# --- what is not believed ------------------------------------------------------------------------


async def test_who_did_not_begin_does_not_end(issuer: AnIssuer, one_tenant: Tenant) -> None:
    app = trusting(issuer, one_tenant)
    async with browsing(app) as mine, browsing(app) as theirs:
        back = issuer.signed_in(await sent_away(theirs), sub="mallory")
        assert await is_refused(mine, await led_back(mine, back))
        await sent_away(mine)
        assert await is_refused(mine, await led_back(mine, back))
        code = parse_qs(urlsplit(back).query)["code"][0]
        stolen = await led_back(mine, f"/ui/signed-in?code={code}&state=")
        assert await is_refused(mine, stolen)
        assert not issuer.posted  # nobody was asked for a token


async def test_a_code_of_another_attempt_is_refused_by_its_verifier(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    app = trusting(issuer, one_tenant)
    async with browsing(app) as mine, browsing(app) as theirs:
        stolen = parse_qs(urlsplit(issuer.signed_in(await sent_away(theirs))).query)["code"][0]
        state = parse_qs(urlsplit(await sent_away(mine)).query)["state"][0]
        answer = await led_back(mine, f"/ui/signed-in?code={stolen}&state={state}")
        assert await is_refused(mine, answer)
        assert len(issuer.posted) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"access_token": None},
        {"access_token": "opaque"},
        {"id_token": None},
        {"id_token": "eyJhbGciOiJub25lIn0.e30."},
        {"access_token": 1, "id_token": []},
    ],
)
async def test_an_answer_that_lacks_a_good_token_lets_nobody_in(
    issuer: AnIssuer, one_tenant: Tenant, given: dict[str, Any]
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        back = issuer.signed_in(await sent_away(browser))
        issuer.given = given
        assert await is_refused(browser, await led_back(browser, back))


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": AUDIENCE},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"key": rsa("first", 2)},
    ],
)
async def test_an_id_token_that_is_not_of_this_attempt_lets_nobody_in(
    issuer: AnIssuer, one_tenant: Tenant, wrong: dict[str, Any]
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        away = await sent_away(browser)
        back = issuer.signed_in(away)
        nonce = parse_qs(urlsplit(away).query)["nonce"][0]
        said: dict[str, Any] = {"aud": CLIENT, "nonce": nonce, **wrong}
        issuer.given = {"id_token": issuer.token(**said)}
        assert await is_refused(browser, await led_back(browser, back))


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "another"}, {"tenant": None}, {"tenant": "nowhere"}, {"exp": 1}, {"sub": "\n"}],
)
async def test_an_access_token_is_checked_as_any_other(
    issuer: AnIssuer, one_tenant: Tenant, wrong: dict[str, Any]
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        back = issuer.signed_in(await sent_away(browser), **wrong)
        assert await is_refused(browser, await led_back(browser, back))


@pytest.mark.parametrize(
    "said",
    [
        "error=access_denied&error_description=<b>no</b>",
        "",
        "code=a&code=b",
        "code=a&iss=https://elsewhere.example",
    ],
)
async def test_what_the_issuer_says_of_a_failure_is_not_on_the_page(
    issuer: AnIssuer, one_tenant: Tenant, said: str
) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        state = parse_qs(urlsplit(await sent_away(browser)).query)["state"][0]
        answer = await led_back(browser, f"/ui/signed-in?state={state}&{said}")
        assert "denied" not in answer.text + answer.headers["location"]
        assert await is_refused(browser, answer)


async def test_an_issuer_that_is_down_holds_nobody_up(
    issuer: AnIssuer, one_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = trusting(issuer, one_tenant)
    monkeypatch.setattr(issuer_sign_in, "AGAIN_SECONDS", 0.0)
    async with browsing(app) as browser:
        issuer.is_down = True
        answer = await browser.call("GET", "/ui/sign-in")
        assert await is_refused(browser, answer)
        issuer.is_down = False
        assert issuer.address in await sent_away(browser)
        monkeypatch.setattr(issuer_sign_in, "MOST_AT_ONCE", 0)
        assert await is_refused(browser, await browser.call("GET", "/ui/sign-in"))
        told = await browser.by_key(token(one_tenant))
        assert told["signed_in"]


@pytest.mark.parametrize(
    "said",
    [{"authorization_endpoint": "http://elsewhere.example/"}, {"authorization_endpoint": None}],
)
async def test_nobody_is_sent_to_where_others_listen(
    issuer: AnIssuer, one_tenant: Tenant, said: dict[str, Any]
) -> None:
    issuer.said = said
    async with browsing(trusting(issuer, one_tenant)) as browser:
        assert await is_refused(browser, await browser.call("GET", "/ui/sign-in"))


# --- where it leads ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/ui/",
        "//evil.example/ui/",
        "/\\evil.example/ui/",
        "/ui",
        "/v1/contracts",
        "/ui/../v1/contracts",
        "/ui/%2e%2E/v1",
        "/ui/./x",
        "/ui/x\\..\\y",
        "/ui/\n",
        '/ui/"><script>',
        "/ui/é",
        "javascript:alert(1)",
        "",
        "/ui/" + "x" * 2000,
    ],
)
async def test_it_leads_to_no_page_but_ours(issuer: AnIssuer, one_tenant: Tenant, to: str) -> None:
    async with browsing(trusting(issuer, one_tenant)) as browser:
        refused = await browser.call("GET", "/ui/sign-in", params={"to": to})
        assert problem(refused, 422)["errors"][0]["field"] == "to"
        back = issuer.signed_in(await sent_away(browser))
        secret = browser.kept[FLOW].partition(".")[0]
        browser.kept[FLOW] = f"{secret}.{quote(to)}"  # as if the browser's owner had written it
        assert await is_refused(browser, await led_back(browser, back))


def test_addresses_of_ours_are_known_behind_a_proxy_too() -> None:
    for to in ("/ui/", "/ui/hub?x=/../y", "/ui/invoices/INV-1%2F2?a=b&c=%22#x", "/ui/a..b/..c"):
        assert is_ours(to, "")
        assert is_ours(f"/billing{to}", "/billing")
        assert not is_ours(to, "/billing")


async def test_behind_a_proxy_the_issuer_leads_back_to_its_address(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    app = trusting(
        issuer, one_tenant, root_path="/billing", public_origin="https://Billing.example.com:443"
    )
    async with browsing(app) as browser:
        away = await sent_away(browser, "/billing/ui/hub")
        way_back = "https://billing.example.com/billing/ui/signed-in"
        assert parse_qs(urlsplit(away).query)["redirect_uri"] == [way_back]
        back = issuer.signed_in(away)
        page = await led_back(browser, back.replace("https://billing.example.com/billing", ""))
        assert 'url=/billing/ui/hub"' in page.text
        assert list(browser.kept) == ["__Secure-billing-backlog"]
        failed = await browser.call("GET", "/ui/signed-in")
        assert failed.headers["location"] == f"/billing{FAILED}"


# --- the client's secret -------------------------------------------------------------------------


async def test_the_clients_secret_is_sent_as_the_issuer_takes_it_and_shown_nowhere(
    issuer: AnIssuer, one_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "s:cret/é"
    settings = {"issuer_client_secret": secret}
    for methods, is_basic in (
        (None, True),
        (["client_secret_basic", "client_secret_post"], True),
        (["client_secret_post", "private_key_jwt"], False),
    ):
        issuer.said = {"token_endpoint_auth_methods_supported": methods} if methods else {}
        async with browsing(trusting(issuer, one_tenant, **settings)) as browser:
            back = issuer.signed_in(await sent_away(browser))
            assert (await led_back(browser, back)).status_code == 200
        form, header = issuer.posted[-1]
        if is_basic:
            assert header
            shown = base64.b64decode(header.removeprefix("Basic ")).decode()
            assert shown == f"{CLIENT}:s%3Acret%2F%C3%A9"
            assert "client_secret" not in form
        else:
            assert (form["client_secret"], header) == (secret, None)
    assert secret not in caplog.text
    assert secret not in repr(Settings.model_validate(settings))


async def test_an_id_token_counts_where_that_is_configured(
    issuer: AnIssuer, one_tenant: Tenant
) -> None:
    app = trusting(issuer, one_tenant, issuer_client_token="id_token", issuer_audiences=(CLIENT,))
    async with browsing(app) as browser:
        back = issuer.signed_in(await sent_away(browser), sub="nobody")
        issuer.given = {"access_token": "opaque"}
        assert (await led_back(browser, back)).status_code == 200
        assert (await browser.session())["actor"] == "mira"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"issuer_client_id": "x"}, "issuer_client_id needs issuer"),
        ({"issuer_client_scopes": "profile"}, "openid"),
        ({"issuer_client_token": "refresh_token"}, "access_token"),
        ({"public_origin": "http://billing.example.com"}, "https origin"),
        ({"public_origin": "https://billing.example.com/billing"}, "not an origin"),
    ],
)
def test_settings_of_sign_in_are_checked(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings.model_validate(wrong)


def test_what_the_issuer_is_told_tells_nothing_of_the_secret() -> None:
    flow, other = Flow.new(), Flow.new()
    told = {flow.state, flow.nonce, flow.verifier, flow.challenge}
    assert len(told) == 4
    assert flow.secret not in told
    assert {other.state, other.nonce, other.verifier, other.challenge}.isdisjoint(told)
    assert all(43 <= len(each) <= 128 for each in told)
