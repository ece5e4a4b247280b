"""Configuration: the command line, the environment (`BILLING_BACKLOG_…`), or these defaults."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a server needs to know before it starts."""

    model_config = SettingsConfigDict(env_prefix="BILLING_BACKLOG_")

    database: str = "sqlite:///billing-backlog.db"
    """Where history and views are kept."""
    host: str = "127.0.0.1"
    port: int = 8000
    body_limit: int = 1024 * 1024
    """Bytes that a request body may have."""
    intake_body_limit: int = 16 * 1024 * 1024
    """Bytes that a body of posted events may have."""
    read_wait: float = 5.0
    """Seconds that a read with `after` waits for the views."""
