"""The commands of the guides are run as they are pasted, against a real server; links lead on."""

import re

import httpx
import pytest

from tests.documents import NEEDS_CURL, ROOT, run

REFUSED = {
    "docs/auditing.md": [],
    "docs/month-end.md": ["limit_exceeded"],
    "docs/posting-approvals.md": ["event_changed"],
}
"""The guides, and the refusals that each shows on purpose, in order."""


DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
"""All that is written for readers."""
ALONE = "docs/importing.md"
"""A guide whose commands work on a file; `test_importing_doc.py` runs them."""


@NEEDS_CURL
@pytest.mark.parametrize("guide", REFUSED)
def test_the_commands_of_a_guide_answer_what_it_shows(
    guide: str, api: httpx.Client, database: str
) -> None:
    examples = run(guide, api, DATABASE=database)
    assert [example for example in examples if not example.is_as_shown()] == []
    answers = [answer for example in examples for answer in example.answers]
    refused = [answer["code"] for answer in answers if answer.keys() >= {"code", "title"}]
    assert refused == REFUSED[guide]


def test_every_guide_is_run() -> None:
    guides = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "docs").glob("*.md")
        if "<!-- example -->" in path.read_text(encoding="utf-8")
    }
    assert guides == {*REFUSED, ALONE}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    page = ROOT / document
    lost: list[str] = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        led_to = (page.parent / path).resolve() if path else page
        if not led_to.exists() or (anchor and anchor not in anchors(led_to.read_text("utf-8"))):
            lost.append(target)
    assert lost == []


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
