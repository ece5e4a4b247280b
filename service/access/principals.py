"""Who calls, and what they may do and know of, as a token that was checked says."""

import hashlib
import json
from dataclasses import dataclass
from enum import Flag, auto

from projections.views.kept_to import KeptTo
from service.access.scopes import Scope


class Keeps(Flag):
    """Which restrictions of tokens a route keeps to; what a token may not know of is 404 there."""

    TO_CONTRACTS = auto()
    TO_CUSTOMERS = auto()
    TO_BOTH = TO_CONTRACTS | TO_CUSTOMERS


KEEPS_TO_NOTHING = Keeps(0)
"""What a route keeps to that does not say: it lets in no token that is restricted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls, as a token says.

    `name` is the actor in events: the token's subject or the key's name. `contracts` and
    `customers` are the only ones that the bearer may know of, None for all; with both, an item must
    be of such a contract and of such a customer.
    """

    name: str
    tenant: str
    scopes: frozenset[Scope]
    contracts: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    is_of_issuer: bool = False
    """Whether an issuer names the bearer; else it is the name of a key."""

    @property
    def caller(self) -> str:
        """Whose `Idempotency-Key`s they are: a name with another restriction is another one, and
        so is a person whom an issuer calls as a key is called.
        """
        name = f"{self.name} of the issuer\n" if self.is_of_issuer else self.name
        if not self.kept:
            return name
        told = json.dumps(self.kept_to.by_column, sort_keys=True)
        return f"{name} {hashlib.sha256(told.encode()).hexdigest()[:16]}"

    @property
    def kept_to(self) -> KeptTo:
        """What the bearer may know of."""
        return KeptTo(contracts=self.contracts, customers=self.customers)

    @property
    def kept(self) -> Keeps:
        """What routes must keep to that let the bearer in."""
        kept = KEEPS_TO_NOTHING
        if self.contracts is not None:
            kept |= Keeps.TO_CONTRACTS
        if self.customers is not None:
            kept |= Keeps.TO_CUSTOMERS
        return kept


class BadToken(Exception):
    """A token that lets nobody in; the text says what is wrong with it, and no more."""


class IssuerUnavailable(Exception):
    """An issuer gives no keys, and those that it gave before are too old; the text says why."""
