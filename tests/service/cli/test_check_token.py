"""`billing-backlog check-token`: who comes with a token, or why nobody does."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.access.scopes import Scope
from service.access.tokens import new_token, read_token
from service.cli.main import cli
from service.handlers import keys
from service.tenants.tenant import Tenant
from tests.service.an_issuer import AUDIENCE, AnIssuer, an_issuer
from tests.service.door import CONTEXT, token


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/backlog.db"


@pytest.fixture
def tenant(database: str) -> Generator[Tenant]:
    with closing(Tenant(database, project=False)) as opened:
        yield opened


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Generator[AnIssuer]:
    with an_issuer() as running:
        monkeypatch.setenv("BILLING_BACKLOG_ISSUER", running.address)
        monkeypatch.setenv("BILLING_BACKLOG_ISSUER_AUDIENCES", AUDIENCE)
        yield running


def checked(text: str, database: str) -> Result:
    return CliRunner().invoke(cli, ["check-token", "--database", database], input=f"{text}\n")


def test_a_key_is_told_with_what_it_opens(tenant: Tenant, database: str, tmp_path: Path) -> None:
    text = token(tenant, "erp", [Scope.BACKLOG_READ, Scope.AUDIT_READ])
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    from_file = CliRunner().invoke(cli, ["check-token", str(file), "--database", database])
    for result in (checked(text, database), from_file):
        assert (result.exit_code, result.stdout.splitlines()) == (
            0,
            [
                f"it is the token of the key {read_token(text).key_id} of the tenant default",
                "the token is good",
                "actor: erp",
                "tenant: default",
                "scopes: audit:read backlog:read",
            ],
        )
        assert text not in result.output


def test_a_key_that_is_not_good_is_told_with_why(tenant: Tenant, database: str) -> None:
    text = token(tenant)
    keys.revoke_key(tenant, CONTEXT, read_token(text).key_id)
    for bad, why in (
        (text, "unknown or was revoked"),
        (new_token("north"), "no tenant 'north'"),
        (text[:-1], "copy it whole"),
        ("", "no token of a key"),
        ("a.b.c", "no issuer is configured"),
    ):
        result = checked(bad, database)
        assert (result.exit_code, why in result.stdout) == (1, True), result.output


@pytest.mark.usefixtures("tenant")
def test_a_token_of_the_issuer_is_told_with_its_claims_and_why_it_is_not_good(
    issuer: AnIssuer, database: str
) -> None:
    good = checked(issuer.token(scope="openid"), database)
    assert good.exit_code == 0, good.output
    assert "scopes: none: it opens nothing" in good.stdout
    assert '"sub":"mira"' in good.stdout
    for bad, why in (
        (issuer.token(aud="somebody"), "aud"),
        (issuer.token(exp=1), "it has expired"),
        (issuer.token(tenant="north"), "no tenant 'north'"),
        (issuer.token(iss="https://x"), "iss"),
        (issuer.token(exp=None), "exp"),
        ("é.é.é", "neither the token of a key nor a signed JWT"),
    ):
        result = checked(bad, database)
        assert (result.exit_code, why in result.stdout.splitlines()[-1]) == (1, True), result.output
        assert bad not in result.output
    issuer.is_down = True
    result = checked(issuer.token(), database)
    assert (result.exit_code, "answers 503" in result.stderr) == (2, True), result.output


def test_what_can_not_be_read_is_refused(tenant: Tenant, database: str, tmp_path: Path) -> None:
    assert tenant.ledger.position() == 0
    result = CliRunner().invoke(cli, ["check-token", str(tmp_path), "--database", database])
    assert (result.exit_code, "can't be read" in result.stderr) == (2, True)
    elsewhere = checked("x", f"sqlite:///{tmp_path}/nothing.db")
    assert (elsewhere.exit_code, "there is no database" in elsewhere.stderr) == (2, True)
