"""Access tokens of an issuer: good ones say who calls; all others let nobody in."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import OctKey, OKPKey, RSAKey
from pydantic import ValidationError

from service.access import issuers
from service.access.authorities import issuer_of
from service.access.issuers import Issuer
from service.access.principals import (
    KEEPS_TO_NOTHING,
    BadToken,
    IssuerUnavailable,
    Principal,
    Scope,
)
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.service.an_issuer import AUDIENCE, AnIssuer, an_issuer, elliptic, encoded, rsa
from tests.service.door import calling, guarded
from tests.service.http_caller import Caller, problem

Make = Callable[[AnIssuer], str]


@pytest.fixture
def issuer() -> Generator[AnIssuer]:
    with an_issuer() as running:
        yield running


@pytest.fixture
def one_tenant(tmp_path: Path) -> Generator[Tenant]:
    """A tenant on SQLite, for what no database has a say in."""
    with closing(Tenant(f"sqlite:///{tmp_path}/backlog.db")) as opened:
        yield opened


def trusting(issuer: AnIssuer, **settings: Any) -> dict[str, Any]:
    return {"issuer": issuer.address, "issuer_audiences": (AUDIENCE, "other"), **settings}


def known(issuer: AnIssuer, **settings: Any) -> Issuer:
    """What a service with these settings knows of the issuer: nothing yet."""
    made = issuer_of(Settings.model_validate(trusting(issuer, **settings)))
    assert made
    return made


# --- good ones -----------------------------------------------------------------------------------


async def test_a_token_says_who_calls_for_which_tenant_and_what_they_may_do(
    issuer: AnIssuer,
) -> None:
    at = known(issuer)
    principal = await at.principal_of(issuer.token(scope="openid backlog:read audit:read all"))
    assert (principal.name, principal.tenant) == ("mira", "default")
    assert principal.scopes == {Scope.BACKLOG_READ, Scope.AUDIT_READ}
    assert principal.kept == KEEPS_TO_NOTHING
    for aud in (["x", AUDIENCE], "other"):
        assert (await at.principal_of(issuer.token(aud=aud))).name == "mira"
    assert issuer.asked == 1


async def test_tokens_are_signed_by_any_algorithm_that_is_allowed(issuer: AnIssuer) -> None:
    issuer.keys += [elliptic("curve"), OKPKey.generate_key("Ed25519", {"kid": "edwards"})]
    at = known(issuer, issuer_algorithms=("ES256", "Ed25519"))
    for key in issuer.keys[1:]:
        assert (await at.principal_of(issuer.token(key=key))).name == "mira"
    with pytest.raises(BadToken, match="RS256"):
        await at.principal_of(issuer.token())


async def test_which_claims_say_what_is_configured(issuer: AnIssuer) -> None:
    at = known(issuer, issuer_tenant_claim="https://x/tenant", issuer_scope_claims=("scp", "roles"))
    said: dict[str, Any] = {"https://x/tenant": "north", "roles": ["audit:read", 1]}
    principal = await at.principal_of(issuer.token(**said, scp="backlog:read"))
    assert (principal.tenant, principal.scopes) == ("north", {Scope.BACKLOG_READ, Scope.AUDIT_READ})
    fixed = known(issuer, issuer_tenant="default", issuer_scope_claims=("nothing",))
    principal = await fixed.principal_of(issuer.token(tenant=None))
    assert (principal.tenant, principal.scopes) == ("default", frozenset())
    assert (await fixed.principal_of(issuer.token(tenant="north"))).tenant == "north"


async def test_a_claim_within_others_is_named_by_a_path(issuer: AnIssuer) -> None:
    paths = {"issuer_scope_claims": ("/realm_access/roles",), "issuer_tenant_claim": "/app/tenant"}
    at = known(issuer, **paths)
    said: dict[str, Any] = {
        "realm_access": {"roles": ["backlog:read", "admin"]},
        "app": {"tenant": "north"},
    }
    principal = await at.principal_of(issuer.token(**said))
    assert (principal.tenant, principal.scopes) == ("north", {Scope.BACKLOG_READ})
    lacks: list[dict[str, Any]] = [{"app": "north"}, {"app": {"tenant": 1}}, {"app": {}}]
    for lacking in lacks:
        with pytest.raises(BadToken, match="names no tenant"):
            await at.principal_of(issuer.token(**{**said, **lacking}))


@pytest.mark.parametrize("of", ["contract", "customer"])
async def test_a_claim_restricts_the_bearer_and_a_token_that_lacks_it_lets_nobody_in(
    issuer: AnIssuer, of: str
) -> None:
    at = known(issuer, **{f"issuer_{of}_claim": "only"})
    for said, kept in ((["A", "B"], {"A", "B"}), ("A B", {"A", "B"}), ("A", {"A"}), ("*", None)):
        principal = await at.principal_of(issuer.token(only=said))
        restricted = {"contract": principal.contracts, "customer": principal.customers}
        assert restricted.pop(of) == kept
        assert list(restricted.values()) == [None]
    wrong: list[object] = [None, "", [], [1], {}, 5, [str(n) for n in range(1_001)]]
    for said in wrong:
        with pytest.raises(BadToken, match="lists nothing that the bearer may know of"):
            await at.principal_of(issuer.token(only=said))


async def test_a_person_who_is_called_as_a_key_is_another_caller(issuer: AnIssuer) -> None:
    person = await known(issuer).principal_of(issuer.token(sub="erp"))
    key = Principal(name="erp", tenant="default", scopes=frozenset())
    assert (person.name, key.name, key.caller) == ("erp", "erp", "erp")
    assert person.caller != key.caller
    assert (await known(issuer).principal_of(issuer.token(sub="erp"))).caller == person.caller


async def test_clocks_may_be_a_minute_apart(issuer: AnIssuer) -> None:
    at = known(issuer)
    now = int(time.time())
    apart: list[dict[str, Any]] = [{"exp": now - 50}, {"nbf": now + 50}, {"iat": now + 50}]
    for claims in apart:
        assert (await at.principal_of(issuer.token(**claims))).name == "mira"


async def test_a_token_that_was_good_just_now_is_not_checked_for_longer_than_it_holds(
    issuer: AnIssuer,
) -> None:
    now = [time.time()]
    at = Issuer(known(issuer).trust, clock=lambda: now[0])
    token = issuer.token()
    for seconds in (0, 350):  # five minutes, and one for the clocks
        now[0] = time.time() + seconds
        assert (await at.principal_of(token)).name == "mira"
    now[0] = time.time() + 365
    with pytest.raises(BadToken, match="expired"):
        await at.principal_of(token)


# --- bad ones ------------------------------------------------------------------------------------


def _unsigned(issuer: AnIssuer) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, issuer.claims()]
    return ".".join(map(encoded, parts)) + "."


def _signed_by_the_public_key(issuer: AnIssuer) -> str:
    """An HMAC whose secret everybody knows, as services that confuse the two have believed."""
    key = issuer.keys[0]
    assert isinstance(key, RSAKey)
    secret = key.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = f"{encoded({'alg': 'HS256', 'kid': 'first'})}.{encoded(issuer.claims())}"
    mac = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    return f"{head}.{encoded(mac)}"


def _changed(issuer: AnIssuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{encoded(issuer.claims(sub='root'))}.{signature}"


def _key_in_the_header(issuer: AnIssuer) -> str:
    own = rsa("own")
    return issuer.token(key=own, header={"jwk": own.as_dict(private=False)})


def _with(**claims: Any) -> Make:
    return lambda issuer: issuer.token(**claims)


def twice(said: dict[str, Any], **again: Any) -> bytes:
    """The JSON of an object that says something again at its end."""
    return f"{json.dumps(said)[:-1]}, {json.dumps(again)[1:]}".encode()


NOW = int(time.time())
RS256 = {"alg": "RS256", "kid": "first"}
BAD: dict[str, Make] = {
    "alg none": _unsigned,
    "HMAC by the public key": _signed_by_the_public_key,
    "HMAC by a secret": lambda issuer: issuer.token(key=OctKey.generate_key(256, {"kid": "first"})),
    "another key of the same id": lambda issuer: issuer.token(key=rsa("first", 1)),
    "another kind of key of the same id": lambda issuer: issuer.token(key=elliptic("first")),
    "a key that the issuer has not": lambda issuer: issuer.token(key=elliptic("unknown")),
    "a key in the header": _key_in_the_header,
    "changed": _changed,
    "cut": lambda issuer: issuer.token()[:-10],
    "without exp": _with(exp=None),
    "without aud": _with(aud=None),
    "without iss": _with(iss=None),
    "without sub": _with(sub=None),
    "without tenant": _with(tenant=None),
    "expired": _with(exp=NOW - 100),
    "expires never": _with(exp=float("nan")),
    "exp as a text": _with(exp=str(NOW + 300)),
    "exp true": _with(exp=True),
    "not yet valid": _with(nbf=NOW + 86_400),
    "issued in the future": _with(iat=NOW + 86_400),
    "for another audience": _with(aud="somebody"),
    "for other audiences": _with(aud=["a", "b"]),
    "an audience that begins alike": _with(aud=AUDIENCE + "2"),
    "of another issuer": _with(iss="https://issuer.example"),
    "issuer with a slash": lambda issuer: issuer.token(iss=issuer.address + "/"),
    "sub a number": _with(sub=1),
    "sub empty": _with(sub=""),
    "sub with a line break": _with(sub="a\nb"),
    "sub too long": _with(sub="x" * 256),
    "tenant a list": _with(tenant=["default"]),
    "tenant null": _with(tenant=json.loads("{}")),
    "critical header": lambda issuer: issuer.signed(
        {**RS256, "crit": ["x"], "x": 1}, issuer.claims()
    ),
    "critical header that is there": lambda issuer: issuer.signed(
        {**RS256, "crit": ["kid"]}, issuer.claims()
    ),
    "critical header empty": lambda issuer: issuer.signed({**RS256, "crit": []}, issuer.claims()),
    "critical header null": lambda issuer: issuer.signed({**RS256, "crit": None}, issuer.claims()),
    "algorithm twice": lambda issuer: issuer.signed(twice(RS256, alg="RS256"), issuer.claims()),
    "key id twice": lambda issuer: issuer.signed(twice(RS256, kid="first"), issuer.claims()),
    "tenant twice": lambda issuer: issuer.signed(
        RS256, twice(issuer.claims(tenant="north"), tenant="default")
    ),
    "tenant twice alike": lambda issuer: issuer.signed(
        RS256, twice(issuer.claims(), tenant="default")
    ),
    "a claim of no use twice": lambda issuer: issuer.signed(RS256, twice(issuer.claims(a=1), a=1)),
    "a claim within another twice": lambda issuer: issuer.signed(
        RS256, json.dumps(issuer.claims(a={"b": 1})).replace('"b": 1', '"b": 1, "b": 1').encode()
    ),
    "key id a number": lambda issuer: issuer.signed({**RS256, "kid": 1}, issuer.claims()),
    "algorithm a list": lambda issuer: issuer.signed({**RS256, "alg": ["RS256"]}, issuer.claims()),
    "five parts": lambda issuer: issuer.token() + ".a.b",
    "too long": lambda issuer: issuer.token(more="x" * 20_000),
    "no header": lambda issuer: "." + issuer.token().partition(".")[2],
    "header a list": lambda issuer: issuer.signed(["RS256"], issuer.claims()),
    "header nested": lambda issuer: issuer.signed(b"[" * 9_000, issuer.claims()),
    "claims a list": lambda issuer: issuer.signed(RS256, [issuer.claims()]),
    "claims nested": lambda issuer: issuer.signed(RS256, b"[" * 9_000),
    "claims no text": lambda issuer: issuer.signed(RS256, b"\xff\xfe"),
    "exp beyond every clock": lambda issuer: issuer.signed(
        RS256, json.dumps(issuer.claims(exp=0)).replace(": 0,", ": 1e999,").encode()
    ),
    "not ASCII": lambda issuer: issuer.token() + "é",
    "nothing": lambda issuer: "..",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_token_that_is_not_good_lets_nobody_in(issuer: AnIssuer, name: str) -> None:
    at = known(issuer)
    token = BAD[name](issuer)
    with pytest.raises(BadToken) as told:
        await at.principal_of(token)
    assert not (len(token) > 10 and token in str(told.value))
    assert (await at.principal_of(issuer.token())).name == "mira"


async def test_over_http_each_is_401_and_tells_nobody_why(
    issuer: AnIssuer, one_tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    app = guarded(Only(one_tenant), **trusting(issuer))
    bad = {name: make(issuer) for name, make in BAD.items() if name != "not ASCII"}
    bad |= {"unknown tenant": issuer.token(tenant="north"), "strange": issuer.token(tenant="../x")}
    details = set[str]()
    for name, token in bad.items():
        async with calling(app, token) as http:
            refused = problem(await http.get("/contracts"), 401)
            details.add(refused["detail"])
            assert refused["code"] == "token_invalid", name
    assert len(details) == 1
    async with calling(app, issuer.token(scope="contracts:write backlog:read")) as http:
        caller = Caller(http)
        await caller.contract("PC-1")
        assert (await http.get("/audit/events")).status_code == 403
    async with calling(app, issuer.token(sub="auditor")) as http:
        auditor = Caller(http)
        auditor.position = caller.position
        (event,) = await auditor.history(type="ContractDefined")
        assert event["actor"] == "mira"
    assert not [record for record in caplog.records if "eyJ" in record.getMessage()]


# --- keys ----------------------------------------------------------------------------------------


async def test_a_rotated_key_is_fetched_when_a_token_names_it(
    issuer: AnIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = known(issuer)
    old = issuer.token()
    await at.principal_of(old)
    issuer.rotate("second")
    with pytest.raises(BadToken):  # it was asked just now
        await at.principal_of(issuer.token())
    assert issuer.asked == 1
    monkeypatch.setattr(issuers, "AGAIN_SECONDS", 0.0)
    assert (await at.principal_of(issuer.token())).name == "mira"
    assert issuer.asked == 2
    with pytest.raises(BadToken, match="no key"):
        await at.principal_of(old)


async def test_who_names_keys_that_there_are_not_has_the_issuer_asked_seldom(
    issuer: AnIssuer,
) -> None:
    at = known(issuer)
    for number in range(20):
        with pytest.raises(BadToken):
            await at.principal_of(issuer.token(header={"kid": f"made up {number}"}))
    assert issuer.asked == 1


async def test_an_issuer_that_is_down_at_the_start_is_503_and_asked_again_later(
    issuer: AnIssuer, one_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = guarded(Only(one_tenant), **trusting(issuer))
    issuer.is_down = True
    async with calling(app, issuer.token()) as http:
        for _ in range(2):
            answer = await http.get("/contracts")
            assert problem(answer, 503)["code"] == "issuer_unavailable"
            assert answer.headers["retry-after"]
        assert problem(await http.get("http://localhost/v1/contracts"), 503)
        assert (await http.get("http://localhost/health/ready")).status_code == 200
        issuer.is_down = False
        assert (await http.get("/contracts")).status_code == 503
        monkeypatch.setattr(issuers, "AGAIN_SECONDS", 0.0)
        assert (await http.get("/contracts")).status_code == 200


async def test_keys_are_used_while_the_issuer_is_down_until_they_are_too_old(
    issuer: AnIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(issuers, "CHECKED_SECONDS", 0.0)
    monkeypatch.setattr(issuers, "FRESH_SECONDS", 0.0)
    at = known(issuer)
    await at.principal_of(issuer.token())
    issuer.is_down = True
    assert (await at.principal_of(issuer.token())).name == "mira"
    with pytest.raises(IssuerUnavailable):
        await at.principal_of(issuer.token(header={"kid": "other"}))
    later = time.monotonic() + 3_601
    monkeypatch.setattr(issuers.time, "monotonic", lambda: later)
    with pytest.raises(IssuerUnavailable):
        await at.principal_of(issuer.token())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"issuer": "https://issuer.example"}, "of another issuer"),
        ({"issuer": None}, "of another issuer"),
        ({"jwks_uri": "http://issuer.example/jwks"}, "no https address"),
        ({"jwks_uri": 1}, "no https address"),
        ({"jwks_uri": "file:///etc/passwd"}, "no https address"),
    ],
)
async def test_an_issuer_that_publishes_no_keys_of_its_own_is_not_believed(
    issuer: AnIssuer, said: dict[str, Any], why: str
) -> None:
    issuer.said = said
    with pytest.raises(IssuerUnavailable, match=why):
        await known(issuer).principal_of(issuer.token())


async def test_only_keys_for_signatures_of_an_issuer_count(issuer: AnIssuer) -> None:
    good = issuer.keys[0]
    secret = OctKey.generate_key(256, {"kid": "secret"})
    others: list[Any] = [
        {"kty": "AKP", "kid": "newer"},
        {"kty": "RSA", "kid": "broken", "n": "AQ"},
        {**rsa("enc").as_dict(private=False), "use": "enc"},
        secret.as_dict(private=True),
        "no key",
    ]
    own = issuer.answer

    def answer(path: str) -> dict[str, Any] | None:
        found = own(path)
        return {"keys": [*others, *(found or {})["keys"]]} if path == "/jwks" else found

    issuer.answer = answer
    at = known(issuer)
    assert (await at.principal_of(issuer.token(key=good))).name == "mira"
    with pytest.raises(BadToken):
        await at.principal_of(issuer.token(key=secret))
    others_only = others[:]
    issuer.answer = lambda path: {"keys": others_only} if path == "/jwks" else own(path)
    with pytest.raises(IssuerUnavailable, match="no key"):
        await known(issuer).principal_of(issuer.token())


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": "https://issuer.example"},
        {"issuer": "http://issuer.example", "issuer_audiences": ("a",)},
        {"issuer": "issuer.example", "issuer_audiences": ("a",)},
        {"issuer": "https://user@issuer.example", "issuer_audiences": ("a",)},
        {"issuer_algorithms": ("none",)},
        {"issuer_algorithms": ("HS256",)},
        {"issuer_algorithms": ("RS256", "HS256")},
        {"issuer_algorithms": ()},
        {"issuer_key_seconds": 1},
    ],
)
def test_what_would_let_strangers_in_can_not_be_configured(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(given)


def test_an_issuer_is_configured_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_ISSUER", "https://issuer.example/realms/a/")
    monkeypatch.setenv("BILLING_BACKLOG_ISSUER_AUDIENCES", "one, two")
    monkeypatch.setenv("BILLING_BACKLOG_ISSUER_ALGORITHMS", "ES256")
    monkeypatch.setenv("BILLING_BACKLOG_ISSUER_SCOPE_CLAIMS", "scp,roles")
    made = issuer_of(Settings())
    assert made
    assert (made.trust.audiences, made.trust.scope_claims) == (("one", "two"), ("scp", "roles"))
    assert made.trust.algorithms == ("ES256",)
    assert issuer_of(Settings(issuer=None)) is None
