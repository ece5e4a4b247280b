"""What an examination found, as lines for people or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it stands with what was looked at."""

    OK = "ok"
    WARN = "warn"
    """It works, and needs somebody to look at it."""
    FAIL = "fail"
    """It does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: how it stands, and what to `do` where it is not well."""

    check: str
    status: Status
    found: str
    tenant: str | None = None
    do: str | None = None


def to_json(findings: Sequence[Finding]) -> str:
    """All of them, with the worst status."""
    order = list(Status)
    worst = max((finding.status for finding in findings), key=order.index)
    return json.dumps({"status": worst, "checks": [asdict(each) for each in findings]}, indent=1)


def to_text(findings: Sequence[Finding]) -> str:
    """A line each, and below it what to do."""
    return "\n".join(line for finding in findings for line in _lines(finding))


def _lines(finding: Finding) -> list[str]:
    of = f" of {finding.tenant}" if finding.tenant else ""
    lines = [f"{finding.status:4}  {finding.check}{of}: {finding.found}"]
    return [*lines, f"      -> {finding.do}"] if finding.do else lines
