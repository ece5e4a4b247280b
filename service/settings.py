"""Configuration: flags, the environment (`BILLING_BACKLOG_…`), a file in TOML, or these defaults.

Each setting is one field here. Its docstring is the help of its flag; `Flag` names the flag where
that is not the setting's own name. What weighs more stands first: a flag, then the environment,
then the file. A list is taken whole from one of them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.configuration import tls
from service.configuration.config_file import ConfigFile
from service.configuration.values import (
    Algorithms,
    Collector,
    Count,
    ExistingFile,
    Flag,
    Hosts,
    Issuer,
    KeySeconds,
    Networks,
    Origins,
    Pause,
    Port,
    PublicOrigin,
    RootPath,
    Seconds,
    SessionSeconds,
    Texts,
    Whole,
)
from service.garbage_collector import STATE_CACHE
from service.logs import LogFormat, LogLevel

PREFIX = "BILLING_BACKLOG_"
"""What the names of environment variables begin with."""


class Settings(BaseSettings):
    """What a process needs to know before it starts.

    Raises ValidationError, which has every mistake, and BadConfigFile.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    config: Path | None = None
    """A file with settings, in TOML: `port = 8000`."""
    database: str = "sqlite:///billing-backlog.db"
    """Where history and views are kept: sqlite:///path/to/file.db or postgresql://…"""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = 8000
    """The port to listen on."""
    workers: Count = 1
    """Processes that serve behind the one port, on PostgreSQL: as many as there are cores."""
    hosts: Annotated[Hosts, Flag("--allow-host")] = ()
    """A name that callers may use, beside loopback names; with any port."""
    origins: Annotated[Origins, Flag("--allow-origin")] = ()
    """An origin whose pages may read and change, beside the service's own."""
    forwarded_allow_ips: Networks = ("127.0.0.1", "::1")
    """An address of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    root_path: RootPath = ""
    """The path that a proxy takes off before it hands a request on, such as /billing."""
    tls_certificate: ExistingFile | None = None
    """A certificate, with those that it is signed by, in PEM: the service answers by TLS."""
    tls_key_password: SecretStr | None = None
    """The password of the key, where it has one; in the environment rather than here."""
    tls_key: Annotated[ExistingFile | None, Field(validate_default=True)] = None
    """The private key of the certificate, in PEM."""
    hsts_seconds: Whole = 31_536_000
    """Seconds for which browsers are to use nothing but TLS, where there is TLS; 0 for no word."""
    drain_seconds: Pause = 0.0
    """Seconds that a server serves on once it was asked to stop, while /health/ready says no."""
    stop_seconds: Count = 10
    """Seconds that calls at work have to end once the server stops; then they are broken off."""
    authentication: bool = False
    """Whether each call must show a token; without it, the service listens on loopback alone."""
    bootstrap_key_file: Path | None = None
    """A file with the token of the first key; it counts as long as no other key was made."""
    issuer: Issuer | None = None
    """Whose access tokens are good, as their `iss` says; none but keys unless told."""
    issuer_audiences: Texts = ()
    """Whom such tokens must be meant for (`aud`), one of these."""
    issuer_algorithms: Algorithms = ("RS256", "PS256", "ES256")
    """What they may be signed by."""
    issuer_tenant_claim: str = "tenant"
    """The claim that names their tenant; one within others by a path, as /app/tenant."""
    issuer_tenant: str | None = None
    """The tenant of those without that claim; they are refused unless told."""
    issuer_scope_claims: Texts = ("scope",)
    """The claims that list their scopes."""
    issuer_contract_claim: str | None = None
    """The claim that lists the contracts they may know of; then each token must have it, or `*`."""
    issuer_customer_claim: str | None = None
    """The claim that lists the customers they may know of, likewise."""
    issuer_key_seconds: KeySeconds = 3600.0
    """Seconds that the issuer's keys are used when it can't be asked for them; at least 60."""
    issuer_client_id: str | None = None
    """What the issuer knows the service as, for people to sign in there from a browser."""
    issuer_client_secret: SecretStr | None = None
    """The secret of that client, where it has one; in the environment rather than here."""
    issuer_client_scopes: Texts = ("openid",)
    """What such a sign-in asks for; `openid` must be among it."""
    issuer_client_token: Literal["access_token", "id_token"] = "access_token"  # noqa: S105 - a name
    """Which token of the issuer's answer says who signs in."""
    public_origin: PublicOrigin | None = None
    """The origin that browsers have of the service, where proxies do not hand that on."""
    session_idle_seconds: SessionSeconds = 3600
    """Seconds without a call after which who signed in in a browser must do so again."""
    session_seconds: SessionSeconds = 12 * 3600
    """Seconds after which they must do so in any case."""
    body_limit: Count = 1024 * 1024
    """Bytes that a request body may have."""
    intake_body_limit: Count = 16 * 1024 * 1024
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
    request_seconds: Seconds = 120.0
    """Seconds in which a request must have begun to be answered; then the answer is 504."""
    calls_a_second: Pause = 0.0
    """Calls a second that each caller may make in the long run; 0 for as many as there are."""
    idle_seconds: Count = 5
    """Seconds that a connection is kept open without a further request."""
    log_level: LogLevel = "info"
    """How bad something must be to be told in the log; at `info` there is a line a request."""
    log_format: LogFormat = "json"
    """A JSON object a line, or `console` for people."""
    traces: Collector | None = None
    """Where traces are sent: the address of an OpenTelemetry collector, by OTLP over HTTP."""

    @field_validator("issuer_audiences")
    @classmethod
    def _meant_for_somebody(
        cls, audiences: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        """Tokens that the issuer gives for others are not good here."""
        if info.data.get("issuer") is not None and not audiences:
            raise ValueError(
                "issuer needs issuer_audiences: whom its tokens must be meant for (aud)"
            )
        return audiences

    @field_validator("issuer_client_id")
    @classmethod
    def _is_of_an_issuer(cls, client_id: str | None, info: ValidationInfo) -> str | None:
        if client_id is not None and "issuer" in info.data and info.data["issuer"] is None:
            raise ValueError("issuer_client_id needs issuer: where people sign in")
        return client_id

    @field_validator("issuer_client_scopes")
    @classmethod
    def _asks_for_an_id_token(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("must have `openid`, without which there is no sign-in")
        return scopes

    @field_validator("tls_key")
    @classmethod
    def _is_of_the_certificate(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        told = info.data
        if "tls_certificate" not in told or "tls_key_password" not in told:
            return key  # one of them is wrong by itself
        certificate, password = told["tls_certificate"], told["tls_key_password"]
        if (key is None) != (certificate is None):
            raise ValueError("a certificate needs its key, and a key its certificate")
        if key is not None:
            tls.check(certificate, key, password and password.get_secret_value())
        return key

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, the environment, the file that one of them names; in the order of their weight."""
        return init_settings, env_settings, ConfigFile(settings_cls)
