"""Expressions of Prometheus, read as far as to know what they ask for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<text>"(?:\\.|[^"\\])*")|(?P<number>\d[\w.]*)"""
    r"""|(?P<name>[a-zA-Z_:$][\w:]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){}\[\],])"""
)
_OF_LABELS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset"}
_CLOSING = {")": "(", "}": "{", "]": "["}


@dataclass(slots=True)
class Asked:
    """What an expression asks for."""

    metrics: list[str] = field(default_factory=list[str])
    matchers: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """The metric, the label and the value or pattern that it should have."""
    kept: set[str] | None = None
    """The labels that are left by the outermost `by`, None where there is none."""
    named: set[str] = field(default_factory=set[str])
    """All labels after `by` and the like."""


def read(expression: str) -> Asked:
    """What it asks for. Raises ValueError for what is no expression."""
    tokens = list(_tokens(expression))
    _check_brackets(tokens)
    asked = Asked()
    at = 0
    while at < len(tokens):
        token, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in _OF_LABELS:
            end = tokens.index(")", at)
            labels = set(tokens[at + 2 : end]) - {","}
            asked.named |= labels
            asked.kept = labels if asked.kept is None else asked.kept
            at = end
        elif token == "[":
            at = tokens.index("]", at)
        elif token == "{":
            end = tokens.index("}", at)
            asked.matchers += _matchers(asked.metrics[-1], tokens[at + 1 : end])
            at = end
        elif _is_name(token) and token not in _WORDS and following not in {"(", *_OF_LABELS}:
            asked.metrics.append(token)
        at += 1
    if not asked.metrics:
        raise ValueError(f"it asks for nothing: {expression}")
    return asked


def _tokens(expression: str) -> Iterator[str]:
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise ValueError(f"at {at}: {expression}")
        at = found.end()
        if not found["space"]:
            yield found.group()


def _is_name(token: str) -> bool:
    return bool(re.fullmatch(r"[a-zA-Z_:][\w:]*", token))


def _check_brackets(tokens: list[str]) -> None:
    opened: list[str] = []
    for token in tokens:
        if token in _CLOSING.values():
            opened.append(token)
        elif token in _CLOSING and (not opened or opened.pop() != _CLOSING[token]):
            raise ValueError(f"{token} closes nothing")
    if opened:
        raise ValueError(f"{opened[-1]} is not closed")


def _matchers(metric: str, tokens: list[str]) -> Iterator[tuple[str, str, str]]:
    while tokens:
        label, sign, value, *tokens = tokens
        if sign not in {"=", "!=", "=~", "!~"} or not value.startswith('"'):
            raise ValueError(f"{label}{sign}{value}")
        yield metric, label, value.strip('"')
        if tokens and tokens.pop(0) != ",":
            raise ValueError("matchers have commas between them")
