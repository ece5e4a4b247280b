"""Where settings come from: flags, the environment, a file in TOML, or the defaults."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings
from tests.service.command_line import assert_refused, run

WRONG = """
prot = 8000
port = 65536
head_seconds = "1_0"
database = "postgresql://backlog:s3cret@db/billing"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with settings."""
    file = tmp_path / "billing.toml"
    file.write_text('port = 8003\nhost = "127.0.0.3"\nread_wait = 3\nhosts = ["a.example"]\n')
    return file


def in_force(*arguments: str | Path) -> Mapping[str, tuple[str, str]]:
    """Each setting as `settings` shows it: its value, and whence."""
    result = run("settings", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return {each["name"]: (each["value"], each["from"]) for each in json.loads(result.stdout)}


def test_what_is_told_counts_for_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_PORT", "8001")
    monkeypatch.setenv("billing_backlog_read_wait", "2.5")
    monkeypatch.setenv("BILLING_BACKLOG_OF_ANOTHER_PROGRAM", "x")
    assert (Settings().port, Settings(port=8002).port) == (8001, 8002)
    assert (Settings().read_wait, Settings().idle_seconds) == (2.5, 5)


def test_a_value_of_the_environment_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_PORT", "many")
    with pytest.raises(ValidationError, match="port"):
        Settings()


def test_flags_weigh_more_than_the_environment_and_this_more_than_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_PORT", "8002")
    monkeypatch.setenv("BILLING_BACKLOG_HOST", "127.0.0.2")
    monkeypatch.setenv("BILLING_BACKLOG_CONFIG", str(file))
    monkeypatch.setenv("BILLING_BACKLOG_IDLE_SECONDS", "")  # as if it were not set
    found = in_force("--port", "8001")
    assert found["port"] == ("8001", "--port")
    assert found["host"] == ("127.0.0.2", "BILLING_BACKLOG_HOST")
    assert found["read_wait"] == ("3", str(file))
    assert found["idle_seconds"] == ("5", "default")
    assert found["config"] == (str(file), "BILLING_BACKLOG_CONFIG")


def test_a_list_is_taken_whole_from_where_it_weighs_most(file: Path) -> None:
    assert in_force("--config", file)["hosts"] == ("a.example", str(file))
    named = ("--allow-host", "b.example", "--allow-host", "C.example")
    assert in_force("--config", file, *named)["hosts"] == ("b.example,c.example", "--allow-host")


def test_every_mistake_is_named_at_once_with_where_it_stands_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    monkeypatch.setenv("BILLING_BACKLOG_READ_WAIT", "0")
    result = run("serve", "--config", file, "--allow-host", "https://x")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: 5 settings are wrong:",
        f"  port ({file}): must be less than or equal to 65535",
        "  hosts (--allow-host): 'https://x' is not the name of a host: write it as "
        "billing.example.com, without a port",
        "  read_wait (BILLING_BACKLOG_READ_WAIT): must be greater than 0",
        f"  head_seconds ({file}): '1_0' is not a number in digits, like 2.5",
        f"  prot ({file}) is no setting; did you mean port?",
    ]


TOGETHER = """
host = "0.0.0.0"
workers = 2
issuer = "https://x.example"
tls_key = "nowhere.pem"
hosts = ["*", "a b", "c.example"]
issuer_algorithms = ["HS256", "none"]
nonsuch = 1
"""


@pytest.mark.parametrize("command", ["serve", "settings"])
def test_what_settings_must_be_together_is_judged_with_each_of_them(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(TOGETHER)
    database = f"sqlite:///{tmp_path}/x.db"
    result = run(command, "--config", file, "--database", database)
    assert result.exit_code == 2
    for wrong in (
        "0.0.0.0 is not a loopback address, and no authentication is configured",
        "more than one worker needs PostgreSQL",
        "issuer needs issuer_audiences",
        "there is no file 'nowhere.pem'",
        "'*' is not the name of a host",
        "'a b' is not the name of a host",
        "'HS256' must be 'RS256'",
        "'none' must be 'RS256'",
        "nonsuch",
    ):
        assert wrong in result.stderr
    assert not (tmp_path / "x.db").exists()


def test_other_commands_do_not_ask_what_only_a_server_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_HOST", "0.0.0.0")
    monkeypatch.setenv("BILLING_BACKLOG_WORKERS", "2")
    result = run("rebuild", "--database", f"sqlite:///{tmp_path}/there.db")
    assert_refused(result, f"{tmp_path}/there.db")


@pytest.mark.parametrize("command", [("serve",), ("rebuild",), ("jobs", "list"), ("settings",)])
def test_no_command_begins_with_wrong_settings(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("port = true\n")
    database = f"sqlite:///{tmp_path}/x.db"
    result = run(*command, "--config", file, "--database", database)
    assert_refused(result, f"port ({file}): True is not a number in digits")
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("content", "why"), [(None, "there is no file"), ("port = ", "is not TOML"), ("\ud800", "TOML")]
)
def test_a_file_that_is_none_is_refused(content: str | None, why: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    if content is not None:
        file.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert_refused(run("settings", "--config", file), str(file), why)


def test_settings_show_no_password_and_name_variables_that_are_no_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BILLING_BACKLOG_DATABASE", "postgresql://backlog:s3cret@db/billing")
    monkeypatch.setenv("BILLING_BACKLOG_PROT", "8000")
    result = run("settings")
    assert result.exit_code == 0
    assert "s3cret" not in result.output
    assert "postgresql://backlog:***@db/billing" in result.stdout
    assert result.stderr == "BILLING_BACKLOG_PROT is no setting: it is left alone\n"


def test_a_command_with_a_config_file_works_on_the_database_named_there(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(f'database = "sqlite:///{tmp_path}/there.db"\n')
    assert_refused(run("rebuild", "--config", tmp_path / "x.toml"), f"{tmp_path}/there.db")
