"""Keys: made, revoked, expired; how many there may be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from aggregates import streams
from aggregates.access import keys
from aggregates.access.events import KeyCreated, KeyRevoked
from aggregates.access.keys import MOST_KEYS, MOST_NAMED, CreateKey
from aggregates.access.state import Key, Keys, evolve
from aggregates.events import Event
from aggregates.refusals import Invalid, NotFound, Refused
from tests.aggregates.any_events import an_event

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def creating(
    key_id: str = "k1",
    name: str = "erp",
    scopes: tuple[str, ...] = ("backlog:read",),
    expires_at: datetime | None = None,
) -> CreateKey:
    return CreateKey(
        key_id=key_id, name=name, digest=f"digest {key_id}", scopes=scopes, expires_at=expires_at
    )


def folded(*events: Event) -> Keys | None:
    state: Keys | None = None
    for event in events:
        state = evolve(state, event)
    return state


def test_a_key_is_made_with_what_it_opens_and_no_token() -> None:
    until = NOW + timedelta(days=1)
    (created,) = keys.create(creating(expires_at=until), None, NOW).events
    assert created == KeyCreated(
        key_id="k1", name="erp", digest="digest k1", scopes=("backlog:read",), expires_at=until
    )
    assert created.stream == streams.KEYS
    state = folded(created)
    assert state
    assert state.by_id["k1"] == Key(
        key_id="k1", name="erp", digest="digest k1", scopes=("backlog:read",), expires_at=until
    )


def test_a_key_keeps_to_what_it_was_restricted_to() -> None:
    created = KeyCreated(
        key_id="k1", name="a", digest="d", scopes=(), contracts=("C1",), customers=("A",)
    )
    state = folded(created)
    assert state
    assert (state.by_id["k1"].contracts, state.by_id["k1"].customers) == (("C1",), ("A",))


@pytest.mark.parametrize("named", [(), ("a b",), ("",), ("x" * 65,), ("C",) * (MOST_NAMED + 1)])
@pytest.mark.parametrize("field", ["contracts", "customers"])
def test_a_key_that_is_restricted_to_nothing_or_to_no_ids_is_refused(
    field: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        keys.create(replace(creating(), **{field: named}), None, NOW)
    assert refused.value.field == field


def test_a_key_is_made_for_some_contracts_and_customers() -> None:
    command = replace(creating(), contracts=("C1", "C2"), customers=("A",))
    (created,) = keys.create(command, None, NOW).events
    assert isinstance(created, KeyCreated)
    assert (created.contracts, created.customers) == (("C1", "C2"), ("A",))


@pytest.mark.parametrize("name", ["", " erp", "erp ", "é", "a\nb", "x" * 65])
def test_a_name_that_no_caller_may_have_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        keys.create(creating(name=name), None, NOW)
    assert refused.value.field == "name"


@pytest.mark.parametrize("name", ["e", "x" * 64, "time sheets (north)"])
def test_names_are_printable_and_may_be_shared(name: str) -> None:
    first = folded(*keys.create(creating(name=name), None, NOW).events)
    assert keys.create(creating("k2", name=name), first, NOW).done == ("k2",)


def test_a_key_that_opens_nothing_or_has_expired_already_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        keys.create(creating(scopes=()), None, NOW)
    assert refused.value.field == "scopes"
    with pytest.raises(Invalid) as refused:
        keys.create(creating(expires_at=NOW), None, NOW)
    assert refused.value.field == "expires_at"


def test_a_key_expires_at_its_end_and_not_before() -> None:
    (created,) = keys.create(creating(expires_at=NOW + timedelta(seconds=1)), None, NOW).events
    state = folded(created)
    assert state
    assert not state.by_id["k1"].has_expired(NOW)
    assert state.by_id["k1"].has_expired(NOW + timedelta(seconds=1))
    assert not Key(key_id="k", name="n", digest="d", scopes=()).has_expired(NOW)


def test_a_revoked_key_is_none_any_more() -> None:
    made = [*keys.create(creating(), None, NOW).events]
    made += keys.create(creating("k2"), folded(*made), NOW).events
    decided = keys.revoke("k1", folded(*made))
    assert decided.events == (KeyRevoked(key_id="k1", name="erp"),)
    state = folded(*made, *decided.events)
    assert state
    assert list(state.by_id) == ["k2"]
    for known in (state, None):
        with pytest.raises(NotFound):
            keys.revoke("k1", known)


def test_there_are_so_many_keys_at_most_until_one_is_revoked() -> None:
    many = {f"k{n}": Key(key_id=f"k{n}", name="n", digest="d", scopes=()) for n in range(MOST_KEYS)}
    with pytest.raises(Refused) as refused:
        keys.create(creating("new"), Keys(many), NOW)
    assert refused.value.code == "too_many_keys"
    fewer = evolve(Keys(many), KeyRevoked(key_id="k0", name="n"))
    assert keys.create(creating("new"), fewer, NOW).done == ("new",)


@given(an_event())
def test_folding_never_fails(event: Event) -> None:
    evolve(folded(*keys.create(creating(), None, NOW).events), event)
    evolve(None, event)
