"""What a screen says of a refusal is about a code that the service knows."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MESSAGES = ROOT / "service" / "ui" / "messages"
KINDS = ROOT / "service" / "wire" / "problem" / "problem_kinds.toml"
NOT_AT_A_SCREEN = {
    # for who posts events and files
    "batch_too_large",
    "line_too_long",
    "malformed_gzip",
    "unsupported_encoding",
    "unsupported_media_type",
    # for who writes HTTP by hand
    "framed_twice",
    "malformed_host",
    "malformed_http",
    "problem_not_found",
}
"""Codes that nobody can meet at a screen; `refusal.other` would stand for them."""


@pytest.mark.parametrize("language", ["en", "nb"])
def test_every_code_that_a_screen_can_meet_has_a_text_and_no_other(language: str) -> None:
    text = (MESSAGES / language / "refusals.js").read_text(encoding="utf-8")
    told = set(re.findall(r'^    "refusal\.([a-z_]+)(?:\.figures)?":', text, re.MULTILINE))
    codes = set(tomllib.loads(KINDS.read_text(encoding="utf-8")))
    assert told - {"other"} == codes - NOT_AT_A_SCREEN
