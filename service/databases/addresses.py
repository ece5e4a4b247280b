"""Addresses of databases: what is shown of them, what libpq is given, what they may refer to."""

import os
import re
from collections.abc import Iterator
from urllib.parse import unquote

POSTGRESQL = ("postgresql://", "postgres://")
REFERENCE = "env:"
"""What an address begins with that stands in the environment: the variable's name comes next."""
CONNECT_SECONDS = 3
"""How long a connection to one host may take."""
IDLE_SECONDS = 60
"""How long an open transaction may stand still before the server ends it, and frees its locks."""
STATEMENT_SECONDS = 8
"""How long the server works on a statement, unless it is told otherwise (`connections.allow`)."""
DEAD_SECONDS = 10
"""How long a host may acknowledge nothing at all before the connection is given up."""
HIDDEN = "***"
_SECRETS = {
    "password",
    "sslpassword",
    "oauth_client_secret",
    "scram_client_key",
    "scram_server_key",
}
"""The parameters of libpq whose values nobody may see."""
_KEEPALIVES = {
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": str(DEAD_SECONDS * 1000),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = re.compile(rf"(?i)\b({'|'.join(_SECRETS)})(\s*=\s*)('(?:\\.|[^'\\])*'?|(?:\\.|[^\s\\])+)")
_CREDENTIALS = re.compile(r":.*@", re.DOTALL)
"""Where an address without its scheme has a password."""
_QUOTED = re.compile(r'"[^"]*"')


class BadDatabase(Exception):
    """The database named is none that the service can open."""


class NoAddress(Exception):
    """The environment variable that an address refers to is not set."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the environment variable {variable}, which names a server, is not set")


def is_postgres(database: str) -> bool:
    """Whether the URL names a PostgreSQL database."""
    return database.startswith(POSTGRESQL)


def is_reference(address: str) -> bool:
    """Whether the address stands in an environment variable. Raises BadDatabase for a bad name."""
    if not address.startswith(REFERENCE):
        return False
    if not _NAME.fullmatch(address.removeprefix(REFERENCE)):
        raise BadDatabase(f"{address!r}: {REFERENCE} is followed by the name of a variable")
    return True


def resolved(address: str) -> str:
    """The address itself, or what the variable that it names holds here.

    Raises NoAddress when there is no such variable, BadDatabase when that holds no address.
    """
    if not is_reference(address):
        return address
    variable = address.removeprefix(REFERENCE)
    found = os.environ.get(variable)
    if not found:
        raise NoAddress(variable)
    if not is_postgres(found):
        raise BadDatabase(f"the environment variable {variable} does not hold postgresql://…")
    return found


# --- what is shown -----------------------------------------------------------------------------


def shown(address: str) -> str:
    """The address without its secrets, for messages and lists; whether it is well formed or not."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return _CREDENTIALS.sub(rf":{HIDDEN}@", _WORDS.sub(rf"\1\2{HIDDEN}", address))
    is_read = _is_read(address)
    start = _query_start(rest, is_read=is_read)
    before, query = rest[:start], rest[start:]
    user, at, host = before.rpartition("@")
    if at and ":" in user:
        before = f"{user.partition(':')[0]}:{HIDDEN}@{host}"
    if query and not is_read:
        query = f"?{HIDDEN}"  # a parameter that nobody knows may be a password misspelt
    shown = f"{scheme}://{before}" + "".join(map(_shown_part, re.split(r"([?&])", query)))
    return _WORDS.sub(rf"\1\2{HIDDEN}", shown) if scheme == "sqlite" else shown


def told(error: BaseException, address: str) -> str:
    """What an error says, without the secrets of the address that it is about."""
    from psycopg import ProgrammingError

    text = str(error)
    if isinstance(error, ProgrammingError):  # it quotes what it can't read
        text = _QUOTED.sub(f'"{HIDDEN}"', text)
    for secret in _secrets(address):
        text = text.replace(secret, HIDDEN)
    return text


def _is_read(address: str) -> bool:
    """Whether libpq can read it, and takes no part of a password for a host."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return "@" not in str(conninfo_to_dict(address).get("host", ""))
    except ProgrammingError:
        return False


def _query_start(rest: str, *, is_read: bool) -> int:
    """Where the parameters begin; a password before them may have a `?` of its own.

    To libpq it ends with the first @, to somebody who has not encoded it with the last.
    """
    credentials = re.match(r"[^@/]*@" if is_read else r".*@", rest, re.DOTALL)
    start = rest.find("?", credentials.end() if credentials else 0)
    return len(rest) if start < 0 else start


def _shown_part(part: str) -> str:
    name, equals, _ = part.partition("=")
    is_secret = equals and unquote(name).strip().lower() in _SECRETS
    return f"{name}={HIDDEN}" if is_secret else part


def _secrets(address: str) -> Iterator[str]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        values = conninfo_to_dict(address)
    except ProgrammingError:
        return
    for name in _SECRETS:
        if values.get(name):
            yield str(values[name])


def place_of(address: str) -> str:
    """The host, port and name of a database, without who connects to it and how.

    Raises BadDatabase for an address that libpq can't read.
    """
    from psycopg.conninfo import conninfo_to_dict

    values = conninfo_to_dict(conninfo(address, ""))
    hosts = str(values.get("host") or values.get("hostaddr") or "localhost")
    return (
        f"{hosts}:{values.get('port') or 5432}/{values.get('dbname') or values.get('user') or ''}"
    )


# --- what libpq is given -----------------------------------------------------------------------


def conninfo(address: str, application_name: str, **settings: str) -> str:
    """What to connect with: the address, the limits that every connection has, and settings.

    Of several hosts the one that takes writes is wanted, unless the address says otherwise. Raises
    BadDatabase for an address that libpq can't read.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        values = conninfo_to_dict(address)
    except ProgrammingError as error:
        why = told(error, address).strip()
        raise BadDatabase(f"{shown(address)!r} is no address of a database: {why}") from None
    hosts = str(values.get("hostaddr") or values.get("host") or os.environ.get("PGHOST", ""))
    if "@" in hosts:
        raise BadDatabase(f"{shown(address)!r} has an @ in its password: write it as %40")
    if "," in hosts and "PGTARGETSESSIONATTRS" not in os.environ:
        values.setdefault("target_session_attrs", "read-write")
    for name, value in _KEEPALIVES.items():
        values.setdefault(name, value)
    settings |= {
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    values["options"] = f"{values.get('options') or ''} {options}".strip()
    values["connect_timeout"] = CONNECT_SECONDS
    values["application_name"] = application_name
    return make_conninfo("", **values)
