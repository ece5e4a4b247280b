"""Configuration: the command line, the environment (`BILLING_BACKLOG_…`), or these defaults."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.garbage_collector import STATE_CACHE
from service.hosts import checked_host, checked_origin, is_safe


def _hosts(value: object) -> object:
    """Names of hosts, between commas where they come from the environment."""
    return tuple(checked_host(part) for part in _parts(value))


def _origins(value: object) -> object:
    """Origins, between commas where they come from the environment."""
    return tuple(checked_origin(part) for part in _parts(value))


def _parts(value: object) -> list[str]:
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise ValueError("must be a list, with commas between its parts")
    return [text for part in cast("Iterable[object]", listed) if (text := str(part).strip())]


def _issuer(value: str | None) -> str | None:
    """The address of an issuer, from which nobody between can send other keys."""
    if value is not None and not is_safe(value):
        raise ValueError(f"{value!r} is no https address of an issuer")
    return value


Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"
]
"""Algorithms by which only an issuer signs, and everybody checks."""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """What a server needs to know before it starts."""

    model_config = SettingsConfigDict(env_prefix="BILLING_BACKLOG_")

    database: str = "sqlite:///billing-backlog.db"
    """Where history and views are kept."""
    host: str = "127.0.0.1"
    port: int = 8000
    authentication: bool = False
    """Whether each call must show a token; without it, the service listens on loopback alone."""
    issuer: Annotated[str | None, AfterValidator(_issuer)] = None
    """Whose access tokens are good, as their `iss` says; none but keys unless told."""
    issuer_audiences: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)] = ()
    """Whom such tokens must be meant for (`aud`), one of these; with commas between."""
    issuer_algorithms: Annotated[
        tuple[Algorithm, ...], NoDecode, BeforeValidator(_parts), Field(min_length=1)
    ] = ("RS256", "PS256", "ES256")
    """What they may be signed by."""
    issuer_tenant_claim: str = "tenant"
    """The claim that names their tenant."""
    issuer_tenant: str | None = None
    """The tenant of those without that claim; they are refused unless told."""
    issuer_scope_claims: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)] = ("scope",)
    """The claims that list their scopes."""
    issuer_key_seconds: Annotated[float, Field(ge=60, allow_inf_nan=False)] = 3600.0
    """Seconds that the issuer's keys are used when it can't be asked for them."""
    bootstrap_key_file: Path | None = None
    """A file with the token of the first key; it counts as long as no other key was made."""
    hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    """Names that requests may call this service by, beside those of loopback; with any port."""
    origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    """Origins of pages that may read and change, beside the service's own."""
    body_limit: int = 1024 * 1024
    """Bytes that a request body may have."""
    intake_body_limit: int = 16 * 1024 * 1024
    """Bytes that a body of posted events, or of edits of a draft's details, may have."""
    state_cache: Count = STATE_CACHE
    """Bytes of folded states that are kept in memory between commands, of all tenants together."""
    read_wait: Seconds = 5.0
    """Seconds that a read with `after` waits for the views."""
    waiting_limit: Count = 1_000
    """Reads with `after` that may wait at once."""
    listener_limit: Count = 500
    """Clients that may listen to what changes at once."""
    connection_limit: Count = 2_000
    """Connections that are served at once."""
    head_seconds: Seconds = 10.0
    """Seconds in which the head of a request (its first line and its headers) must have come."""
    body_seconds: Seconds = 30.0
    """Seconds from the head of a request in which its whole body must have come."""
    answer_seconds: Seconds = 30.0
    """Seconds in which a client must have taken an answer, once it does not take it at once."""
    idle_seconds: Count = 5
    """Seconds that a connection is kept open without a further request."""

    @model_validator(mode="after")
    def _meant_for_somebody(self) -> Self:
        """Tokens that the issuer gives for others are not good here."""
        if self.issuer is not None and not self.issuer_audiences:
            raise ValueError(
                "issuer needs issuer_audiences: whom its tokens must be meant for (aud)"
            )
        return self
