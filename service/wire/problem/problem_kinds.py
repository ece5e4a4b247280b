"""What each code of a problem means, and what helps.

`GET /problems/{code}` and docs/problems.md say it. The texts are in problem_kinds.toml, which is
read when the first caller asks, not at a start.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated

import msgspec
from msgspec import Meta

from projections.views.resource import Resource
from service.wire.outcomes import Rule

_FILE = "problem_kinds.toml"


class ProblemKind(Resource):
    """What a code means, and what helps. `status` is empty for codes of single items or fields."""

    type: str
    code: str
    status: Annotated[list[int], Meta(description="Statuses of problem documents with this code.")]
    means: Annotated[str, Meta(description="What it means, in a sentence or two.")]
    helps: Annotated[str, Meta(description="What a caller can do about it.")]
    rules: Annotated[list[Rule], Meta(description="The rules that say so, as in docs/rules.md.")]


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    means: str
    helps: str
    status: list[int] = []
    rules: list[str] = []


def type_of(code: str) -> str:
    """The `type` of a problem's document: a stable URI reference, under which it is explained."""
    return f"/problems/{code.replace('_', '-')}"


@cache
def problem_kinds() -> Mapping[str, ProblemKind]:
    """Every kind there is by its code, in the order of the file."""
    text = resources.files("service.wire.problem").joinpath(_FILE).read_bytes()
    entries = msgspec.toml.decode(text, type=dict[str, _Entry])
    return {
        code: ProblemKind(
            type=type_of(code),
            code=code,
            status=entry.status,
            means=entry.means,
            helps=entry.helps,
            rules=entry.rules,
        )
        for code, entry in entries.items()
    }


def find_problem_kind(name: str) -> ProblemKind | None:
    """The kind of a code, written as in `code` or as in `type` (`nte_failed`, `nte-failed`)."""
    return problem_kinds().get(name.replace("-", "_"))
