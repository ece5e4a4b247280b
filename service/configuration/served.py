"""The settings of `serve`: those of every command, and what they must be together to serve."""

import ipaddress

from pydantic import ValidationInfo, field_validator

from service.databases.addresses import is_postgres
from service.settings import Settings


class ServedSettings(Settings):
    """What a process needs to know before it serves. Raises as `Settings`."""

    @field_validator("workers")
    @classmethod
    def _can_share_the_database(cls, workers: int, info: ValidationInfo) -> int:
        database = info.data.get("database")
        if workers > 1 and database is not None and not is_postgres(database):
            raise ValueError(
                "more than one worker needs PostgreSQL: on SQLite one process writes at a time, "
                "and several would only wait for each other"
            )
        return workers

    @field_validator("authentication")
    @classmethod
    def _asks_who_is_not_here(cls, authentication: bool, info: ValidationInfo) -> bool:
        host = info.data.get("host")
        if host is not None and not authentication and not _is_loopback(host):
            raise ValueError(
                f"{host} is not a loopback address, and no authentication is configured: "
                "anybody who reaches it could bill. Listen on 127.0.0.1, or ask for tokens "
                "(--authentication, BILLING_BACKLOG_AUTHENTICATION=true)."
            )
        return authentication


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
