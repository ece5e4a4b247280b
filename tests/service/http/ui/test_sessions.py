"""Sessions of a browser: begun by a key, counted as its token is, ended by much."""

import json
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from service.access import key_rings, sessions
from service.access.scopes import Scope
from service.handlers import keys
from service.handlers.keys import Lets
from service.http import following, guard
from service.http.app import create_app
from service.http.server.serving import running
from service.ledger.recorders import kept_sessions
from service.ledger.recorders.kept_sessions import KeptSession
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only, sql
from tests.office import contract_body, contract_event
from tests.service import office
from tests.service.door import ALL, CONTEXT, bearer, guarded, token
from tests.service.http_caller import problem
from tests.service.listening import listening
from tests.service.processes import LONG
from tests.service.signing_in import COOKIE, Browser, browsing, cookies

KEY_ONLY = {"authentication": True, "signed_in": False, "ways": ["key"]}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and sessions are read again for each call."""
    monkeypatch.setattr(key_rings, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "FRESH_SECONDS", 0.0)


Now = list[datetime]


@pytest.fixture
def now() -> Now:
    """What a clock says; a test has time go by."""
    return [datetime(2026, 11, 2, 8, tzinfo=UTC)]


@pytest.fixture
def clocked(database: str, now: Now) -> Generator[Tenant]:
    """A tenant on both kinds of database, whose clock is the test's."""
    with closing(Tenant(database, clock=lambda: now[0])) as opened:
        yield opened


# --- in and out ----------------------------------------------------------------------------------


async def test_who_has_a_key_signs_in_and_out(tenant: Tenant) -> None:
    text = token(tenant, "mira", [Scope.BACKLOG_READ, Scope.CONTRACTS_WRITE])
    async with browsing(guarded(Only(tenant))) as browser:
        assert await browser.session() == KEY_ONLY
        assert (await browser.call("GET", "/v1/contracts")).status_code == 401
        told = await browser.by_key(f" {text}\n")
        assert told == {
            "authentication": True,
            "signed_in": True,
            "ways": ["key"],
            "actor": "mira",
            "tenant": "default",
            "scopes": ["backlog:read", "contracts:write"],
            "restricted": False,
            "kept": [],
            "csrf": told["csrf"],
        }
        assert await browser.session() == told
        made = await browser.call("PUT", "/v1/contracts/PC-1", json=contract_body())
        assert made.status_code == 201, made.text
        assert tenant.ledger.read(0, 100)[-1].metadata.actor == "mira"
        assert (await browser.call("GET", "/v1/contracts")).status_code == 200
        forbidden = await browser.call("GET", "/v1/audit/events")
        assert problem(forbidden, 403)["code"] == "scope_missing"
        before = dict(browser.kept)
        out = await browser.call("DELETE", "/ui/session")
        assert (out.json(), browser.kept) == (KEY_ONLY, {})
        browser.kept = before
        assert problem(await browser.call("GET", "/v1/contracts"), 401)["code"] == "session_over"
        assert (await browser.call("DELETE", "/ui/session")).json() == KEY_ONLY


async def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(tenant: Tenant) -> None:
    async with browsing(guarded(Only(tenant))) as browser:
        answer = await browser.call("POST", "/ui/session", json={"key": token(tenant)})
        assert answer.headers["cache-control"] == "no-store"
        (cookie,) = cookies(answer).values()
        assert cookie.key == COOKIE
        assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", "")
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "strict")
        assert len(cookie.value.partition(".")[2]) == 64


async def test_behind_a_proxys_path_the_cookie_is_of_that_path(tenant: Tenant) -> None:
    async with browsing(guarded(Only(tenant), root_path="/billing")) as browser:
        answer = await browser.call("POST", "/ui/session", json={"key": token(tenant)})
        (cookie,) = cookies(answer).values()
        assert (cookie.key, cookie["path"]) == ("__Secure-billing-backlog", "/billing/")
        assert (await browser.session())["signed_in"]


async def test_what_is_kept_opens_nothing(database: str, tenant: Tenant) -> None:
    text = token(tenant)
    async with browsing(guarded(Only(tenant))) as browser:
        told = await browser.by_key(text)
        (cookie,) = browser.kept.values()
        kept = json.dumps(sql(database, "SELECT * FROM browser_sessions"), default=str)
        for secret in (text, cookie, cookie.partition(".")[2], told["csrf"]):
            assert secret not in kept


async def test_a_bad_key_signs_nobody_in(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    good = token(tenant)
    async with browsing(guarded(Only(tenant))) as browser:
        for text in (good[:-1], good.replace("default", "other"), "x", keys.new_token("default")):
            refused = await browser.call("POST", "/ui/session", json={"key": text})
            assert problem(refused, 401)["code"] == "token_invalid"
        for body in ({}, {"key": ""}, {"key": 1}, {"key": good, "to": "/"}, {"key": "x" * 1025}):
            refused = await browser.call("POST", "/ui/session", json=body)
            assert problem(refused, 422)["code"] == "invalid_fields"
        assert browser.kept == {}
    assert good not in caplog.text


async def test_a_page_of_another_origin_signs_nobody_in(tenant: Tenant) -> None:
    async with browsing(guarded(Only(tenant))) as browser:
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            refused = await browser.call(
                "POST", "/ui/session", json={"key": token(tenant)}, headers=foreign
            )
            assert problem(refused, 403)["code"] == "foreign_origin"


async def test_where_nobody_is_asked_who_they_are_nobody_signs_in(tenant: Tenant) -> None:
    async with browsing(create_app(Only(tenant), Settings())) as browser:
        assert await browser.session() == {"authentication": False, "tenant": "default"}
        for method, body in (("POST", {"key": "x"}), ("DELETE", None)):
            refused = await browser.call(method, "/ui/session", json=body)
            assert problem(refused, 404)["code"] == "not_found"


@pytest.mark.usefixtures("quick")
async def test_who_signs_in_again_has_one_session(tenant: Tenant, database: str) -> None:
    async with browsing(guarded(Only(tenant))) as browser:
        first = await browser.by_key(token(tenant, "one"))
        kept = dict(browser.kept)
        browser.csrf = None  # a page that was open before somebody signed in elsewhere
        second = await browser.by_key(token(tenant, "two"))
        assert (first["actor"], second["actor"]) == ("one", "two")
        assert first["csrf"] != second["csrf"]
        browser.kept = kept
        assert not (await browser.session())["signed_in"]
    assert sql(database, "SELECT count(*) FROM browser_sessions")[0][0] == 1


# --- what a page of somebody else can't do -------------------------------------------------------


async def test_a_change_without_the_sessions_token_is_refused(tenant: Tenant) -> None:
    async with browsing(guarded(Only(tenant))) as browser:
        good = (await browser.by_key(token(tenant)))["csrf"]
        browser.csrf = None
        for wrong in (None, "", good[:-1], good.upper(), good + "0", "é"):
            headers = [] if wrong is None else [("X-CSRF-Token", wrong.encode("latin-1"))]
            for method, path in (
                ("PUT", "/v1/contracts/PC-1"),
                ("POST", "/v1/backlog/mark"),
                ("PATCH", "/v1/milestones/M"),
                ("DELETE", "/v1/invoices/I"),
                ("DELETE", "/ui/session"),
            ):
                refused = await forged(browser, method, path, headers)
                assert problem(refused, 403)["code"] == "csrf_token_missing"
        twice = [("X-CSRF-Token", good.encode()), ("X-CSRF-Token", good.encode())]
        refused = await forged(browser, "PUT", "/v1/contracts/PC-1", twice)
        assert problem(refused, 403)["code"] == "csrf_token_missing"
        assert (await browser.session())["signed_in"]
    assert tenant.ledger.position() == 1  # the key


async def forged(
    browser: Browser, method: str, path: str, headers: list[tuple[str, bytes]]
) -> httpx.Response:
    """A call by a browser's cookie with such headers, which may come twice."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.kept.items())
    sent = [(name.encode(), value) for name, value in [("Cookie", cookie.encode()), *headers]]
    body = contract_body() if method != "DELETE" else None
    return await browser.http.request(method, path, headers=sent, json=body)


async def test_the_token_of_another_session_is_none(tenant: Tenant) -> None:
    app, text = guarded(Only(tenant)), token(tenant)
    async with browsing(app) as one, browsing(app) as other:
        await one.by_key(text)
        one.csrf = (await other.by_key(text))["csrf"]
        refused = await one.call("PUT", "/v1/contracts/PC-1", json=contract_body())
        assert problem(refused, 403)["code"] == "csrf_token_missing"


async def test_a_token_and_a_session_at_once_are_refused(tenant: Tenant) -> None:
    text = token(tenant)
    async with browsing(guarded(Only(tenant))) as browser:
        await browser.by_key(text)
        for headers in (bearer(text), {"Authorization": ""}, {"Authorization": "Basic eDp5"}):
            refused = await browser.call("GET", "/v1/contracts", headers=headers)
            assert problem(refused, 400)["code"] == "token_and_session"


async def test_two_cookies_of_the_name_are_nobodys(tenant: Tenant) -> None:
    async with browsing(guarded(Only(tenant))) as browser:
        await browser.by_key(token(tenant))
        mine = browser.kept[COOKIE]
        for sent in (
            f"{COOKIE}={mine}; {COOKIE}={mine}",
            f"{COOKIE}=default.{'0' * 64}; {COOKIE}={mine}",
            f"{COOKIE}=default.{'0' * 64}",
            f"{COOKIE}=nowhere.{'0' * 64}",
            f"{COOKIE}={mine}0",
            f"{COOKIE}={mine.upper()}",
            f"{COOKIE}=",
            f'{COOKIE}="{mine}"',
        ):
            refused = await browser.call("GET", "/v1/contracts", headers={"Cookie": sent})
            assert problem(refused, 401)["code"] == "session_over", sent
        many = f"theme=dark; {COOKIE}={mine}; x"
        answer = await browser.call("GET", "/v1/contracts", headers={"Cookie": many})
        assert answer.status_code == 200


# --- how it ends ---------------------------------------------------------------------------------


async def test_an_idle_session_is_over(clocked: Tenant, now: Now) -> None:
    async with browsing(guarded(Only(clocked), session_idle_seconds=600)) as browser:
        await browser.by_key(token(clocked))
        for _ in range(5):
            now[0] += timedelta(seconds=599)
            assert (await browser.call("GET", "/v1/contracts")).status_code == 200
        now[0] += timedelta(seconds=600)
        assert problem(await browser.call("GET", "/v1/contracts"), 401)["code"] == "session_over"
        assert (await browser.session())["signed_in"] is False
        assert browser.kept == {}


async def test_a_session_is_over_at_last_however_much_it_is_used(clocked: Tenant, now: Now) -> None:
    async with browsing(guarded(Only(clocked), session_seconds=3600)) as browser:
        await browser.by_key(token(clocked))
        for _ in range(6):
            assert (await browser.session())["signed_in"]
            now[0] += timedelta(seconds=600)
        assert not (await browser.session())["signed_in"]


@pytest.mark.usefixtures("quick")
async def test_a_key_that_expires_or_is_revoked_ends_its_sessions(
    clocked: Tenant, now: Now
) -> None:
    until = now[0] + timedelta(minutes=5)
    expiring = keys.create_key(clocked, CONTEXT, "a", Lets(scopes=ALL, expires_at=until))
    revoked = token(clocked, "b")
    app = guarded(Only(clocked))
    async with browsing(app) as one, browsing(app) as other:
        await one.by_key(expiring)
        await other.by_key(revoked)
        now[0] = until
        assert not (await one.session())["signed_in"]
        assert (await other.session())["signed_in"]
        key_id = keys.read_token(revoked).key_id
        keys.revoke_key(clocked, CONTEXT, key_id)
        refused = await other.call("GET", "/v1/contracts")
        assert problem(refused, 401)["code"] == "session_over"


async def test_of_too_many_those_not_used_for_longest_go(
    clocked: Tenant, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type(clocked.ledger._sessions).__module__  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(f"{module}.KEPT", 3)
    text = token(clocked)
    app = guarded(Only(clocked))
    held: list[dict[str, str]] = []
    async with browsing(app) as browser:
        for _ in range(5):
            browser.kept = {}
            await browser.by_key(text)
            held.append(browser.kept)
            now[0] += timedelta(seconds=61)
            browser.kept = held[0]
            assert (await browser.session())["signed_in"]
        app = guarded(Only(clocked))
    async with browsing(app) as browser:
        found: list[bool] = []
        for each in held:
            browser.kept = dict(each)
            found.append((await browser.session())["signed_in"])
    assert found == [True, False, False, True, True]


def test_what_is_over_is_given_up_with_the_next_one(clocked: Tenant, database: str) -> None:
    def add(digest: str, used_at: int, ends_at: int) -> None:
        kept = KeptSession(digest, "{}", used_at, ends_at)
        clocked.ledger.keep_session(kept, used_at - 100)

    add("idle", 1000, 9000)
    add("ended", 1010, 1200)
    add("used", 1020, 9000)
    clocked.ledger.note_use_of_session("used", 1150)
    clocked.ledger.note_use_of_session("used", 1140)  # noted late, by a process that was slower
    add("new", 1200, 9000)
    found = sql(database, "SELECT digest, used_at FROM browser_sessions ORDER BY digest")
    assert [tuple(row) for row in found] == [("new", 1200), ("used", 1150)]
    assert kept_sessions.KEPT == 10_000


# --- processes -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
async def test_all_processes_know_a_session_and_a_restart_keeps_it(database: str) -> None:
    with closing(Tenant(database)) as here, closing(Tenant(database, project=False)) as there:
        app, elsewhere = guarded(Only(here)), guarded(Only(there))
        async with browsing(app) as one, browsing(elsewhere) as other:
            told = await one.by_key(token(here))
            other.kept, other.csrf = dict(one.kept), one.csrf
            assert await other.session() == told
            made = await other.call("PUT", "/v1/contracts/PC-1", json=contract_body())
            assert made.status_code == 201, made.text
            kept = dict(one.kept)
    with closing(Tenant(database)) as again, closing(Tenant(database, project=False)) as there:
        app, elsewhere = guarded(Only(again)), guarded(Only(there))
        async with browsing(app) as one, browsing(elsewhere) as other:
            one.kept, other.kept = dict(kept), dict(kept)
            assert await one.session() == told
            assert (await other.session())["signed_in"]
            await one.call("DELETE", "/ui/session")
            assert not (await other.session())["signed_in"]


async def test_who_may_not_read_the_database_is_told_so_and_stays_signed_in(
    tenant: Tenant, database: str
) -> None:
    text = token(tenant)
    async with browsing(guarded(Only(tenant))) as browser:
        await browser.by_key(text)
    sql(database, "ALTER TABLE browser_sessions RENAME TO lost")
    async with browsing(guarded(Only(tenant))) as other:
        other.kept = browser.kept
        assert problem(await other.call("GET", "/v1/contracts"), 503)["code"] == "unavailable"
        assert problem(await other.call("GET", "/ui/session"), 503)["code"] == "unavailable"
        assert other.kept
    sql(database, "ALTER TABLE lost RENAME TO browser_sessions")


# --- the stream ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_who_listens_is_told_nothing_once_they_are_signed_out(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(following, "EVERY_SECONDS", 0.01)
    with running(guarded(Only(tenant))) as address, httpx.Client(base_url=address) as http:
        told = http.post("/ui/session", json={"key": token(tenant)})
        cookie = f"{COOKIE}={SimpleCookie(told.headers['set-cookie'])[COOKIE].value}"
        headers = {"Cookie": cookie}
        with (
            httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=LONG) as listener,
            listening(listener, after=0) as ear,
        ):
            office.record(tenant, contract_event("C1"))
            assert ear.change()["contracts"] == ["C1"]
            shown = {**headers, "X-CSRF-Token": told.json()["csrf"]}
            assert http.delete("/ui/session", headers=shown).status_code == 200
            office.record(tenant, contract_event("C2"))
            while (heard := ear.next()) is not None:
                assert heard.data is None or heard.data["contracts"] == ["C1"]
            assert problem(listener.get("/stream"), 401)["code"] == "session_over"


async def test_to_listen_on_keeps_no_session_alive(clocked: Tenant, now: Now) -> None:
    app = guarded(Only(clocked), session_idle_seconds=600)
    async with browsing(app) as browser:
        await browser.by_key(token(clocked))
        cookie = browser.kept[COOKIE]
        for _ in range(10):
            now[0] += timedelta(seconds=59)
            await app.state.authority.sessions.session_of(cookie, is_use=False)
        now[0] += timedelta(seconds=10)
        assert not (await browser.session())["signed_in"]


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"session_seconds": 59}, {"session_idle_seconds": "1e3"}])
def test_times_of_sessions_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings.model_validate(wrong)
