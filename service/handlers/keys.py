"""Keys of a tenant: made, listed, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregates import streams
from aggregates.access import keys as deciding
from aggregates.access.keys import CreateKey
from aggregates.access.state import Key, Keys
from service.access.scopes import Scope
from service.access.tokens import KeyToken, new_token, read_token
from service.ledger.group_commit import Context
from service.ledger.stream_kinds import KEYS
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant

FIRST = "bootstrap"
"""The name of a first key that is taken from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lets:
    """What a key lets its bearer do, of which contracts and customers (None: all), until when."""

    scopes: Sequence[Scope]
    contracts: Sequence[str] | None = None
    customers: Sequence[str] | None = None
    expires_at: datetime | None = None


def create_key(tenant: Tenant, context: Context, name: str, lets: Lets) -> str:
    """Makes a key, and gives its token: it is kept nowhere. Raises Invalid, Refused."""
    token = new_token(tenant.name)
    command = _command(read_token(token), name, lets)

    def work(unit: UnitOfWork) -> None:
        keys = unit.load(KEYS, streams.KEYS)
        unit.append(deciding.create(command, keys, unit.now).events)

    tenant.ledger.transact(work, context)
    return token


def take_first_key(tenant: Tenant, context: Context, token: KeyToken) -> bool:
    """Lets this token open all, if no key was ever made; whether that is so.

    So a first key that was revoked does not come back with the next start.
    """
    command = _command(token, FIRST, Lets(scopes=tuple(Scope)))

    def work(unit: UnitOfWork) -> bool:
        keys = unit.load(KEYS, streams.KEYS)
        if keys is None:
            unit.append(deciding.create(command, keys, unit.now).events)
        return keys is None or token.key_id in keys.by_id

    return tenant.ledger.transact(work, context).result


def revoke_key(tenant: Tenant, context: Context, key_id: str) -> Key:
    """Revokes a key, which is given. Raises NotFound for one that is unknown, or revoked."""

    def work(unit: UnitOfWork) -> Key:
        keys = unit.load(KEYS, streams.KEYS)
        decided = deciding.revoke(key_id, keys)
        unit.append(decided.events)
        return (keys or Keys()).by_id[key_id]

    return tenant.ledger.transact(work, context).result


def list_keys(tenant: Tenant, context: Context) -> list[Key]:
    """The keys that were not revoked, in the order they were made."""
    found = tenant.ledger.transact(lambda unit: unit.load(KEYS, streams.KEYS), context)
    return list((found.result or Keys()).by_id.values())


def _command(token: KeyToken, name: str, lets: Lets) -> CreateKey:
    return CreateKey(
        key_id=token.key_id,
        name=name,
        digest=token.digest,
        scopes=tuple(dict.fromkeys(lets.scopes)),
        expires_at=lets.expires_at,
        contracts=_each_once(lets.contracts),
        customers=_each_once(lets.customers),
    )


def _each_once(named: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if named is None else tuple(dict.fromkeys(named))
