"""The commands of the guides are run as they are pasted, against a real server."""

import httpx
import pytest

from tests.documents import NEEDS_CURL, ROOT, run

REFUSED = {
    "docs/auditing.md": [],
    "docs/month-end.md": ["limit_exceeded"],
    "docs/posting-approvals.md": ["event_changed"],
}
"""The guides, and the refusals that each shows on purpose, in order."""


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
