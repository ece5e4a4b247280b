"""What processes tell each other on PostgreSQL: how far a history, or its views, have got.

All of a database goes over one NOTIFY channel; a notice names the schema that it is about.
"""

CHANNEL = "billing_backlog"
HISTORY, VIEWS = "history", "views"


def notice(position: int, what: str, schema: str) -> str:
    """Tells that the history or the views of a schema have got to a position."""
    return f"{position} {what} {schema}"


def understood(payload: str) -> tuple[int, str, str] | None:
    """The position, what has got there, and its schema; None for what is no notice of ours."""
    position, _, rest = payload.partition(" ")
    what, _, schema = rest.partition(" ")
    return (int(position), what, schema) if position.isdecimal() and schema else None
