"""docs/problems.md, made from the texts that callers get; `just docs` runs this module."""

import sys

from service.wire.problem.problem_kinds import ProblemKind, problem_kinds

HEAD = """# Problems

Every code that an answer can carry: what it means, and what helps. Made from
`service/wire/problem/problem_kinds.toml` by `python -m service.wire.problem.problems_doc`.

A refusal is a problem document (RFC 9457). Its `code` is stable, and is what programs compare. Its
`type` is where the service explains it: `GET /problems/nte-failed` answers what stands here.
`rule` names the [rule](rules.md) that says so. Codes without a status stand in `errors` or
`skipped` of an answer, for one item or field of many.
"""


def document() -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, *map(_section, problem_kinds().values())])


def _section(kind: ProblemKind) -> str:
    facts = [*map(str, kind.status), *(f"[{rule}](rules.md#{rule.lower()})" for rule in kind.rules)]
    lines = [f"## {kind.code}\n", kind.means, f"\n*What helps:* {kind.helps}"]
    if facts:
        lines.insert(1, f"{', '.join(facts)}\n")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(document())
