"""What a screen says of a refusal is about a code that the service knows."""

import re
import tomllib
from pathlib import Path

import pytest

from service.http.ui.assets import shipped

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
ONE_OF = {"contract": "contracts", "invoice": "invoices"}
"""The screens of one thing, which load what that of all of them does."""


@pytest.mark.parametrize("language", ["en", "nb"])
def test_every_code_that_a_screen_can_meet_has_a_text_and_no_other(language: str) -> None:
    text = (MESSAGES / language / "refusals.js").read_text(encoding="utf-8")
    told = set(re.findall(r'^    "refusal\.([a-z_]+)(?:\.figures)?":', text, re.MULTILINE))
    codes = set(tomllib.loads(KINDS.read_text(encoding="utf-8")))
    assert told - {"other"} == codes - NOT_AT_A_SCREEN


def parts_of_texts() -> dict[str, str]:
    """The part that each key stands in."""
    return {
        key: path.stem
        for path in (MESSAGES / "en").glob("*.js")
        for key in re.findall(r'^\s+"?([\w.-]+)"?:', path.read_text(encoding="utf-8"), re.MULTILINE)
        if key not in {"one", "other"}
    }


def test_a_screen_loads_the_parts_of_the_texts_that_it_says() -> None:
    """Keys that a screen's modules name, or that begin as they say, stand in what it loads."""
    assets, parts = shipped(), parts_of_texts()
    shell = (MESSAGES.parent / "shell.js").read_text(encoding="utf-8")
    declared = {
        name: set(re.findall(r'"([a-z]+)"', loaded))
        for name, loaded in re.findall(r'name: "([a-z-]+)".*?parts: \[(.*?)\]', shell, re.DOTALL)
    }
    assert all(
        (MESSAGES.parent / "styles" / f"{part}.css").exists()
        for part in set[str]().union(*declared.values())
    )
    screens = {path.stem for path in (MESSAGES.parent / "screens").glob("*.js")}
    assert screens - set(declared) == set(ONE_OF)
    for screen in screens:
        named: set[str] = set()
        for module in assets.loaded_by("main.js", f"screens/{screen}.js"):
            script = assets.files[module].body.decode()
            named |= set(re.findall(r'["`]([a-z][\w-]*\.[\w.-]*)', script))
            named |= set(re.findall(r'\bt\(\s*"([\w-]+)"', script))
        needed = {
            part
            for name in named
            for key, part in parts.items()
            if key == name or (name.endswith(".") and key.startswith(name))
        }
        at_hand = {"common", "statuses", "refusals"} | declared[ONE_OF.get(screen, screen)]
        assert needed <= at_hand, screen
