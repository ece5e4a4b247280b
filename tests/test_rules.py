"""docs/rules.md states every rule that anything here cites, in order, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codes import codes

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs" / "rules.md"
ROOMS = ("aggregates", "benchmarks", "docs", "projections", "service", "tests")
KINDS = {".md", ".py", ".toml", ".txt", ".yaml"}
STATED = {
    int(number): text.strip()
    for number, text in re.findall(
        r"^### D-(\d+)\n(.*?)(?=^##|\Z)",
        RULES.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
}
"""The rules by number, as they stand there."""
_CITED = re.compile(r"\bD-(\d+)(?:(?: to |-)D-(\d+))?")
_IN_A_NAME = re.compile(r"_d(\d+)(?=[_(])")


def files() -> Iterator[Path]:
    """Every text file of the project but the rules."""
    yield from (path for path in ROOT.iterdir() if path.suffix in KINDS and path.name != "uv.lock")
    yield ROOT / "justfile"
    for room in ROOMS:
        yield from (path for path in (ROOT / room).rglob("*") if path.suffix in KINDS)


def cited() -> dict[int, str]:
    """The rules that are cited, each with a place where it is."""
    found: dict[int, str] = {}
    for path in files():
        if path in {RULES, Path(__file__)}:
            continue
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        for first, last in _CITED.findall(text):
            found |= dict.fromkeys(range(int(first), int(last or first) + 1), name)
        if path.name.startswith("test_"):
            names = re.findall(r"def (test_\w+\()", text)
            found |= {int(n): name for each in names for n in _IN_A_NAME.findall(each)}
    return found


def test_every_rule_that_is_cited_is_stated() -> None:
    cites = cited()
    assert {f"D-{n} ({cites[n]})" for n in cites.keys() - STATED.keys()} == set()
    assert len(cites) > 40


def test_every_rule_that_is_stated_is_cited_and_says_something() -> None:
    assert {f"D-{n}" for n in STATED.keys() - cited().keys()} == set()
    assert {f"D-{n}" for n, text in STATED.items() if not re.match(r"\*\*.{5,}\*\*", text)} == set()


def test_rules_stand_in_the_order_of_their_numbers_each_once() -> None:
    numbers = [int(n) for n in re.findall(r"^### D-(\d+)$", RULES.read_text(), re.MULTILINE)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", ["docs/problems.md", "docs/rules.md"])
def test_links_to_rules_lead_to_one(path: str) -> None:
    links = re.findall(r"\[D-(\d+)\]\((?:rules\.md)?#d-(\d+)\)", (ROOT / path).read_text())
    assert [link for link in links if link[0] != link[1] or int(link[0]) not in STATED] == []


def test_no_sentence_of_a_refusal_ends_with_its_rule() -> None:
    literal = re.compile(r"""\(D-\d+\)["'](?!["'])""")
    assert [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("aggregates", "projections", "service")
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if literal.search(line) and '"""' not in line and "description=" not in line
    ] == []


def test_every_rule_that_a_refusal_names_is_stated() -> None:
    named = {rule for rules in codes().rules.values() for rule in rules}
    assert {rule for rule in named if int(rule[2:]) not in STATED} == set()
    assert len(named) > 15
