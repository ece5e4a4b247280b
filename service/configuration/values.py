"""The kinds of values that settings have, as they come from flags, the environment and files.

A text becomes a number only where it is written in digits: whatever else Python and pydantic read
as one (`1_000`, `+5`, spaces around it) is a mistake of whoever wrote it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from service.hosts import checked_host, checked_origin, is_safe, origin_of


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of a setting whose name is not its own, as `--allow-host` for each of `hosts`."""

    name: str


_WHOLE = re.compile(r"-?[0-9]{1,18}")
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def _whole(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and not _WHOLE.fullmatch(value)):
        raise ValueError(f"{value!r} is not a number in digits, like 1000")
    return value


def _decimal(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and not _DECIMAL.fullmatch(value)):
        raise ValueError(f"{value!r} is not a number in digits, like 2.5")
    return value


def _parts(value: object) -> list[str]:
    """A list, or a text with commas between its parts."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise ValueError("must be a list, or a text with commas between its parts")
    return [text for part in cast("Iterable[object]", listed) if (text := str(part).strip())]


def _each(check: Callable[[str], str]) -> Callable[[object], object]:
    """Checks each part of a list, and names all that are wrong."""

    def checked(value: object) -> tuple[str, ...]:
        good, wrong = list[str](), list[str]()
        for part in _parts(value):
            try:
                good.append(check(part))
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("; ".join(wrong))
        return tuple(good)

    return checked


def _network(text: str) -> str:
    try:
        return text if text == "*" else str(ip_network(text))
    except ValueError:
        raise ValueError(
            f"{text!r} is no address: write it as 10.0.0.7 or 10.0.0.0/24, or * for all"
        ) from None


def _root_path(text: str) -> str:
    if text and not _ROOT_PATH.fullmatch(text):
        raise ValueError(f"{text!r} is no path to serve under: write it as /billing")
    return text


def _is_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    return path


def _is_collector(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as http://collector:4318")
    return address


def _is_issuer(address: str) -> str:
    """The address of an issuer, from which nobody between can send other keys."""
    if not is_safe(address):
        raise ValueError(f"{address!r} is no https address of an issuer")
    return address


def _is_public_origin(text: str) -> str:
    """Where browsers find the service: cookies are kept for https, and for this machine."""
    if not is_safe(checked_origin(text)):
        raise ValueError(f"{text!r} is no https origin: write it as https://billing.example.com")
    return str(origin_of(text))


Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"
]
"""Algorithms by which only an issuer signs, and everybody checks."""
Seconds = Annotated[float, BeforeValidator(_decimal), Field(gt=0, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Pause = Annotated[float, BeforeValidator(_decimal), Field(ge=0, allow_inf_nan=False)]
"""Seconds, or whatever else is counted in parts; 0 for none."""
Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Port = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=65_535)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_each(checked_host))]
"""Names of hosts, without ports."""
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_each(checked_origin))]
"""Origins of pages: scheme, host and port."""
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_each(_network))]
"""Addresses and ranges of them; `*` for all."""
RootPath = Annotated[str, AfterValidator(_root_path)]
ExistingFile = Annotated[Path, AfterValidator(_is_file)]
Collector = Annotated[str, AfterValidator(_is_collector)]
"""Where OpenTelemetry's traces are sent, by http or https."""
Issuer = Annotated[str, AfterValidator(_is_issuer)]
"""The https address of an OIDC issuer."""
PublicOrigin = Annotated[str, AfterValidator(_is_public_origin)]
"""The origin of the service's own pages, https or of this machine."""
SessionSeconds = Annotated[int, BeforeValidator(_whole), Field(ge=60, le=31 * 24 * 3600)]
KeySeconds = Annotated[float, BeforeValidator(_decimal), Field(ge=60, allow_inf_nan=False)]
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Algorithms = Annotated[
    tuple[Algorithm, ...], NoDecode, BeforeValidator(_parts), Field(min_length=1)
]
