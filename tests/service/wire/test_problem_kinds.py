"""Every code that an answer can carry is explained, and none that no answer carries."""

import pytest

from service.wire.problem.problem_kinds import find_problem_kind, problem_kinds
from service.wire.problem.problems import TITLES, of_recorded
from tests.codes import codes

PASSED_ON = {
    "aggregates/job/working.py: leaving",
    "aggregates/refusals.py: __init__",
    "aggregates/refusals.py: of_reason",
    "projections/projecting/jobs.py: _outcome",
    "service/access/issuer_sign_in.py: ended",
    "service/handlers/intake/receiving.py: __init__",
    "service/handlers/intake/taking_in.py: _settle",
    "service/http/responses.py: one_response",
    "service/importing/dry_run.py: try_out",
    "service/wire/from_states.py: left_alone",
    "service/wire/jobs.py: _problem_of_step",
    "service/wire/problem/problem_kinds.py: problem_kinds",
    "service/wire/problem/problems.py: _named",
    "service/wire/problem/problems.py: _refused",
    "service/wire/problem/problems.py: body",
    "service/wire/problem/problems.py: of_refusal",
}
"""Functions that pass on codes which were made elsewhere; one of them that of an issuer (OIDC)."""
NEVER_ANSWERED = {"already_confirmed", "item_not_open", "key_not_found", "too_many_keys"}
"""A confirmed invoice is answered as it is; what is not open is said to be posted or unknown; keys
are made and revoked by commands alone."""


def test_every_code_in_the_source_can_be_read_there() -> None:
    assert codes().unread == PASSED_ON


def test_every_code_that_an_answer_can_carry_is_explained_and_no_other() -> None:
    assert set(codes().rules) - NEVER_ANSWERED == set(problem_kinds())


@pytest.mark.parametrize("code", problem_kinds())
def test_a_code_is_explained_with_the_rules_that_its_refusals_name(code: str) -> None:
    kind = problem_kinds()[code]
    assert len(kind.means) > 10
    assert len(kind.helps) > 10
    assert set(kind.status) <= set(TITLES)
    if code not in {"invalid_field", "invalid_fields"}:  # any rule may stand behind those
        assert set(kind.rules) == codes().rules[code]


@pytest.mark.parametrize("name", ["nte_failed", "nte-failed"])
def test_a_code_is_found_as_in_code_and_as_in_type(name: str) -> None:
    kind = find_problem_kind(name)
    assert kind is not None
    assert (kind.code, kind.type, kind.rules) == ("nte_failed", "/problems/nte-failed", ["D-26"])


def test_a_reason_that_the_history_keeps_names_its_rule_apart_again() -> None:
    kept = "line 'L-1' is fixed price: milestones bill it (D-20)"
    body = of_recorded("fixed_price_line", kept).body()
    assert (body.detail, body.rule) == ("line 'L-1' is fixed price: milestones bill it", "D-20")
