"""Addresses of databases: secrets are never shown, and of several hosts the one that writes."""

import subprocess
from contextlib import closing
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from projections.history import Unavailable
from service.cli.main import cli
from service.databases.addresses import BadDatabase, NoAddress, conninfo, shown
from service.databases.postgres_server import Server
from service.tenants.tenants import Tenants
from tests.office import contract_event
from tests.postgres import FAST, PostgresServer, running_postgres
from tests.service.http_caller import problem
from tests.service.ledger.test_kill import COMMAND
from tests.service.office import history, record
from tests.service.tenants.test_tenants import caller

SECRET = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12).map(
    lambda text: f"S3cr3t{text}"
)
"""Passwords with whatever in them; all begin alike, to be looked for."""
HOSTS = st.sampled_from(["db", "db:5433", "a:5432,b:5433", "[::1]:5432", "10.0.0.1", ""])
BEFORE = st.sampled_from(["", "sslmode=require&", "application_name=x&target_session_attrs=any&"])
KEY = st.sampled_from(["password", "sslpassword", "p%61ssword"])
AFTER = st.sampled_from(["", "&connect_timeout=2", "&options=-c%20a%3Db"])


@given(SECRET, HOSTS, st.sampled_from(["", "?sslmode=require", "?application_name=a%40b"]))
def test_a_password_before_the_at_is_not_shown(secret: str, hosts: str, query: str) -> None:
    seen = shown(f"postgresql://user:{quote(secret, safe='')}@{hosts}/billing{query}")
    assert seen == f"postgresql://user:***@{hosts}/billing{query}"


@given(SECRET, HOSTS, BEFORE, KEY, AFTER)
def test_a_password_among_the_parameters_is_not_shown(
    secret: str, hosts: str, before: str, key: str, after: str
) -> None:
    url = f"postgresql://user@{hosts}/billing?{before}{key}={quote(secret, safe='')}{after}"
    assert shown(url) == f"postgresql://user@{hosts}/billing?{before}{key}=***{after}"


@given(SECRET, HOSTS, st.sampled_from(["postgresql://", "postgres://", "mysql://", "x://"]))
def test_a_password_that_is_not_encoded_is_not_shown_either_whatever_is_in_it(
    secret: str, hosts: str, scheme: str
) -> None:
    assert "S3cr3t" not in shown(f"{scheme}user:{secret}@{hosts}/billing")


@given(SECRET, st.sampled_from(["password", "Password", "sslpassword"]), st.booleans())
def test_a_password_of_a_keyword_address_is_not_shown(secret: str, key: str, spaced: bool) -> None:
    value = secret.replace("\\", r"\\").replace("'", r"\'")
    equals = " = " if spaced else "="
    seen = shown(f"host=db {key}{equals}'{value}' user=me")
    assert "S3cr3t" not in seen
    assert seen == f"host=db {key}{equals}*** user=me"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:S3cr3t%zz@127.0.0.1/b",
        "postgresql://u:S3cr3t@127.0.0.1:x/b",
        "postgresql://u:S3cr3t/S3cr3t@127.0.0.1/b",
        "postgresql://u:x@S3cr3t@127.0.0.1/b",
        "postgresql://u:x?S3cr3t@y@127.0.0.1/b",
        "postgresql://127.0.0.1:1/b?pasword=S3cr3t",
        "postgresql://u@127.0.0.1:1/b?sslpassword=S3cr3t&sslmode=disable",
        "host=127.0.0.1 port=1 password=S3cr3t",
        "mysql://u:S3cr3t@127.0.0.1/b",
        "sqlite://u:S3cr3t@127.0.0.1/b",
    ],
)
def test_the_command_line_tells_no_password_when_a_database_can_not_be_opened(address: str) -> None:
    arguments = [COMMAND, "tenant", "list", "--database", address]
    done = subprocess.run(arguments, check=False, capture_output=True, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 2, said
    assert said.startswith("error: ")
    assert "S3cr3t" not in said


def test_a_server_that_is_down_is_named_without_its_password() -> None:
    address = "postgresql://u:S3cr3t@127.0.0.1:1/b"
    with closing(Tenants(address)) as tenants, pytest.raises(BadDatabase) as told:
        tenants.open()
    assert "'postgresql://u:***@127.0.0.1:1/b' can't be opened" in str(told.value)


# --- several hosts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("postgresql://a,b/billing", "read-write"),
        ("postgresql://u:p@a:5432,b:5433/billing?sslmode=disable", "read-write"),
        ("postgresql:///billing?host=a,b", "read-write"),
        ("postgresql://a,b/billing?target_session_attrs=any", "any"),
        ("postgresql://a,b/billing?target_session_attrs=prefer-standby", "prefer-standby"),
        ("postgresql://a/billing", None),
    ],
)
def test_of_several_hosts_the_one_that_writes_is_wanted_unless_another_is_asked_for(
    address: str, wanted: str | None
) -> None:
    assert conninfo_to_dict(conninfo(address, "test")).get("target_session_attrs") == wanted


def test_a_host_that_only_reads_or_is_down_is_passed_over_by_every_connection() -> None:
    settings = {**FAST, "default_transaction_read_only": "on"}
    with running_postgres() as writing, running_postgres(settings) as reading:
        down = "127.0.0.1:1"
        hosts = f"{down},127.0.0.1:{reading.port},127.0.0.1:{writing.port}"
        with closing(Tenants(f"postgresql://postgres@{hosts}/postgres")) as tenants:
            tenants.create("north")
            record(tenants.open("north"), contract_event())
            assert tenants.names() == ["default", "north"]
        with closing(Tenants(writing.url())) as tenants:
            assert len(history(tenants.open("north").ledger)) >= 1


def test_the_limits_of_a_connection_stand_beside_the_options_of_the_address() -> None:
    options = conninfo_to_dict(conninfo("postgresql://a/b?options=-c%20geqo%3Doff", "t"))["options"]
    assert str(options).startswith("-c geqo=off -c idle_in_transaction_session_timeout=")
    with pytest.raises(BadDatabase, match="%40"):
        Server("postgresql://u:a@b@host/b")


# --- a server by reference ---------------------------------------------------------------------


@pytest.fixture
def home(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()


async def test_a_server_named_by_a_variable_is_kept_as_that_and_found_in_the_environment(
    postgres_server: PostgresServer, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORTH_URL", postgres_server.new_database())
    run = CliRunner()
    made = run.invoke(
        cli, ["tenant", "create", "north", "--server", "env:NORTH_URL", "--database", home]
    )
    assert made.exit_code == 0, made.output
    listed = run.invoke(cli, ["tenant", "list", "--database", home])
    assert "north\tenv:NORTH_URL" in listed.output
    with closing(Tenants(home)) as tenants:
        record(tenants.open("north"), contract_event())
    monkeypatch.delenv("NORTH_URL")
    with closing(Tenants(home)) as tenants:
        async with caller(tenants, "north") as north, caller(tenants) as default:
            told = problem(await north.get("/contracts"), 503)
            assert "NORTH_URL" in told["detail"]
            assert (await default.get("/contracts")).status_code == 200
    refused = run.invoke(cli, ["rebuild", "--tenant", "north", "--database", home])
    assert refused.exit_code == 2
    assert "NORTH_URL" in refused.output


@pytest.mark.parametrize("server", ["env:", "env:a b", "env:1X", "env:X=Y"])
def test_a_reference_that_names_no_variable_is_refused(home: str, server: str) -> None:
    with closing(Tenants(home)) as tenants, pytest.raises(BadDatabase, match="variable"):
        tenants.create("north", server)


def test_a_variable_that_is_not_set_or_holds_no_address_makes_no_tenant(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Tenants(home)) as tenants:
        monkeypatch.delenv("NORTH_URL", raising=False)
        with pytest.raises(NoAddress, match="NORTH_URL"):
            tenants.create("north", "env:NORTH_URL")
        monkeypatch.setenv("NORTH_URL", "S3cr3t")
        with pytest.raises(BadDatabase, match="NORTH_URL") as told:
            tenants.create("north", "env:NORTH_URL")
        assert "S3cr3t" not in str(told.value)
        assert tenants.names() == ["default"]


def test_a_tenant_whose_variable_holds_no_address_is_unavailable_and_the_others_are_not(
    postgres_server: PostgresServer, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORTH_URL", postgres_server.new_database())
    with closing(Tenants(home)) as tenants:
        tenants.create("north", "env:NORTH_URL")
        monkeypatch.setenv("NORTH_URL", "nonsense")
        with pytest.raises(Unavailable, match="NORTH_URL"):
            tenants.open("north")
        tenants.open()
