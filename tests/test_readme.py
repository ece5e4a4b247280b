"""The README's worked example is run as it is pasted, against a real server."""

import httpx

from tests.documents import NEEDS_CURL, run


@NEEDS_CURL
def test_the_worked_example_ends_as_the_readme_says(api: httpx.Client) -> None:
    examples = run("README.md", api)
    answers = [answer for example in examples for answer in example.answers]
    assert [a["code"] for a in answers if "problem" in str(a.get("type"))] == []
    assert [example for example in examples if not example.is_as_shown()] == []
    assert any(example.shown for example in examples)

    confirmed = next(a for a in answers if a.get("number"))
    assert (confirmed["number"], confirmed["amount"]) == ("INV-000001", "960.00")
    limits = next(a for a in answers if "levels" in a)
    invoiced = {level["level"]: level["invoiced"] for level in limits["levels"]}
    assert invoiced["contract"] == "960.00"
    history = answers[-1]["items"]
    assert [event["reason"] for event in history] == ["October close"]
