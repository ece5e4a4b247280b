"""`billing-backlog keys`: made, shown once, listed, revoked; the first one of a file."""

import re
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.access.scopes import Scope
from service.access.tokens import new_token, read_token
from service.cli.keys import take_first_key
from service.handlers import keys
from service.tenants.tenant import Tenant
from service.tenants.tenants import Tenants
from tests.service.command_line import assert_refused, run, started
from tests.service.door import CONTEXT, bearer
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

OF_PC_1 = ("--contract", "PC-1")
CREATE = ("keys", "create", "--name", "erp", "--scope", "backlog:read")


def create(database: str, *options: str) -> str:
    """The token that the command prints, and nothing else."""
    made = run(*CREATE, *options, "--database", database)
    assert made.exit_code == 0, made.output
    (text,) = made.stdout.splitlines()
    assert text not in made.stderr
    return text


def listed(database: str) -> list[list[str]]:
    shown = run("keys", "list", "--database", database)
    assert shown.exit_code == 0, shown.output
    return [line.split("\t") for line in shown.stdout.splitlines()]


def test_a_key_is_made_listed_and_revoked(database: str) -> None:
    first = create(database, "--scope", "approvals:write", "--expires", "2099-01-31")
    second = create(database)
    assert re.fullmatch(r"bbk_default_[0-9a-f]{72}", first)
    ids = [read_token(text).key_id for text in (first, second)]
    assert listed(database) == [
        [ids[0], "erp", "2099-01-31T23:59:59.999999+00:00", "backlog:read approvals:write", "-"],
        [ids[1], "erp", "-", "backlog:read", "-"],
    ]
    revoked = run("keys", "revoke", ids[0], "--reason", "lost", "--database", database)
    assert (revoked.exit_code, revoked.stdout) == (0, f"key {ids[0]} (erp) is revoked\n")
    assert [line[0] for line in listed(database)] == ids[1:]
    assert_refused(run("keys", "revoke", ids[0], "--database", database), "there is no key")
    with closing(Tenant(database, project=False)) as tenant:
        told = [(type(each.event).__name__, each.metadata) for each in tenant.ledger.read(0, 10)]
    assert [name for name, _ in told] == ["KeyCreated", "KeyCreated", "KeyRevoked"]
    assert all(about.actor.startswith("command line") for _, about in told)
    assert told[-1][1].reason == "lost"


def test_a_key_for_some_contracts_and_customers_shows_them(database: str) -> None:
    create(database, *OF_PC_1, *OF_PC_1, "--contract", "PC-2", "--customer", "PORT")
    (line,) = listed(database)
    assert line[4] == "contract=PC-1 contract=PC-2 customer=PORT"
    with closing(Tenant(database, project=False)) as tenant:
        (key,) = keys.list_keys(tenant, CONTEXT)
    assert (key.contracts, key.customers) == (("PC-1", "PC-2"), ("PORT",))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--contract", "a b"), "is no id"),
        (("--customer", ""), "is no id"),
        (("--expires", "tomorrow"), "no day"),
        (("--expires", "2027-01-31T18:00:00"), "no day"),
        (("--expires", "2027-13-31"), "no day"),
        (("--expires", "2001-01-31"), "has passed"),
        (("--name", " "), "printable"),
        (("--tenant", "north"), "north"),
    ],
)
def test_what_makes_no_key_is_refused_with_why(
    database: str, options: tuple[str, str], words: str
) -> None:
    assert_refused(run(*CREATE, *options, "--database", database), words)


def test_a_scope_that_there_is_not_is_refused_with_those_that_there_are(database: str) -> None:
    result = run("keys", "create", "--name", "a", "--scope", "all", "--database", database)
    assert (result.exit_code, "backlog:read" in result.stderr) == (2, True)


def test_a_token_is_generated_for_a_tenant_that_may_be() -> None:
    text = run("keys", "generate", "--tenant", "north").stdout.strip()
    assert read_token(text).tenant == "north"
    assert_refused(run("keys", "generate", "--tenant", "North!"), "a tenant is named")


# --- the first one -------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a token, as `keys generate > file` leaves it."""
    written = tmp_path / "first.key"
    written.write_text(new_token("default") + "\n", encoding="utf-8")
    return written


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def test_a_server_for_all_addresses_is_opened_by_the_first_key_until_it_is_revoked(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_BOOTSTRAP_KEY_FILE", str(file))
    monkeypatch.setenv("BILLING_BACKLOG_AUTHENTICATION", "true")
    text, port = file.read_text(encoding="utf-8").strip(), free_port()
    database = f"sqlite:///{tmp_path}/backlog.db"
    serve = ("serve", "--host", "0.0.0.0", "--port", str(port), "--database", database)
    with (
        started(*serve) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as client,
    ):
        until(lambda: server.poll() is not None or _ready(client))
        assert server.poll() is None, server.communicate()
        assert client.get("/v1/contracts").status_code == 401
        assert client.get("/v1/audit/events", headers=bearer(text)).status_code == 200
        key_id = read_token(text).key_id
        assert run("keys", "revoke", key_id, "--database", database).exit_code == 0
        until(lambda: client.get("/v1/contracts", headers=bearer(text)).status_code == 401, 10)
        server.terminate()
        assert text not in str(server.communicate(timeout=LONG))


def test_a_first_key_that_was_revoked_does_not_come_back(
    database: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = read_token(file.read_text(encoding="utf-8").strip())
    with closing(Tenants(database, project=False)) as tenants:
        take_first_key(tenants, file)
        take_first_key(tenants, file)
        tenant = tenants.open()
        (key,) = keys.list_keys(tenant, CONTEXT)
        assert (key.name, key.key_id, key.scopes) == ("bootstrap", token.key_id, tuple(Scope))
        assert capsys.readouterr() == ("", "")
        keys.revoke_key(tenant, CONTEXT, key.key_id)
        take_first_key(tenants, file)
        assert keys.list_keys(tenant, CONTEXT) == []
        assert "is not used" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"bbk_default_00", b"\xff\xfe", b"x" * 2_000, None])
def test_a_file_without_a_token_ends_the_start_and_is_not_shown(
    database: str, file: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    monkeypatch.setenv("BILLING_BACKLOG_BOOTSTRAP_KEY_FILE", str(file))
    result = run("serve", "--authentication", "--database", database)
    assert_refused(result, str(file))
    assert "xxx" not in result.stderr


def test_a_file_without_a_token_is_refused_before_a_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_BOOTSTRAP_KEY_FILE", str(tmp_path / "nowhere"))
    result = run("serve", "--authentication", "--database", f"sqlite:///{tmp_path}/x.db")
    assert_refused(result, str(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_for_a_tenant_that_is_not_there_ends_the_start(
    database: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(new_token("nowhere"), encoding="utf-8")
    monkeypatch.setenv("BILLING_BACKLOG_BOOTSTRAP_KEY_FILE", str(file))
    assert_refused(run("serve", "--authentication", "--database", database), "nowhere")
