"""A posted event is taken in once; what is repeated with other content is refused (D-20)."""

from dataclasses import replace

import pytest

from aggregates import streams
from aggregates.intake import parking
from aggregates.intake.events import ApprovalRecorded
from aggregates.intake.receiving import (
    PostedEvent,
    check_same_approval,
    check_unchanged,
    is_dismissed,
    received,
)
from aggregates.intake.state import Parking, evolve
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from tests.aggregates.examples import CONTRACT, SOURCE, a_contract, a_fixed_price_line, a_line
from tests.spec import given

APPROVAL = PostedEvent(
    source=SOURCE,
    event_id="7",
    type="projects.time.approved.v1",
    contract_id=CONTRACT,
    line_id="L1",
    approval_id="1",
    data="{}",
    digest="what it says",
    digest_as_posted="how it is written",
)
DEFINITION = replace(APPROVAL, event_id="8", approval_id=None)
LACKING = NotFound("contract", CONTRACT)


def parked(*events: PostedEvent) -> Parking:
    place = Parking()
    for posted in events:
        for event in parking.park(posted, LACKING).events:
            place = evolve(place, event) or place
    return place


# --- known already -----------------------------------------------------------------------------


def test_what_became_of_an_event_is_remembered_under_its_source_and_id() -> None:
    known = received(APPROVAL, Outcome.RECORDED, ("item",))
    assert known.stream == APPROVAL.receipt == streams.receipt(SOURCE, "7")
    assert (known.items, known.problem_code, known.data) == (("item",), None, None)


def test_what_made_no_actual_is_kept_with_its_data_and_the_reason_d20() -> None:
    why = Refused("fixed_price_line", "milestones bill it")
    known = received(APPROVAL, Outcome.NOT_BILLABLE, why=why)
    assert (known.problem_code, known.problem_detail, known.data) == (why.code, why.detail, "{}")


def test_an_event_that_comes_again_with_other_content_is_refused_d20() -> None:
    known = received(APPROVAL, Outcome.RECORDED)
    check_unchanged(APPROVAL, known)
    check_unchanged(APPROVAL, replace(known, digest=None))  # from before digests were kept
    with pytest.raises(Refused) as refused:
        check_unchanged(replace(APPROVAL, digest="something else"), known)
    assert refused.value.code == "event_changed"


def test_an_approval_that_comes_again_with_other_content_is_refused_d20() -> None:
    recorded = ApprovalRecorded(
        source=SOURCE,
        contract_id=CONTRACT,
        line_id="L1",
        approval_id="1",
        digest=APPROVAL.digest,
        items=(),
    )
    check_same_approval(APPROVAL, recorded)
    check_same_approval(APPROVAL, replace(recorded, digest=APPROVAL.digest_as_posted))
    with pytest.raises(Refused) as refused:
        check_same_approval(APPROVAL, replace(recorded, digest="something else"))
    assert refused.value.code == "approval_changed"
    assert "on line 'L1' of contract 'C1'" in refused.value.detail


# --- parked ------------------------------------------------------------------------------------


def test_an_event_waits_for_its_contract_and_an_approval_for_its_line_too() -> None:
    contract, line = given(a_contract()).contract, given(a_line()).lines["L1"]
    for posted in (APPROVAL, DEFINITION):
        lacking = parking.lacking(posted, None, None)
        assert lacking
        assert lacking.code == "contract_not_found"
    lacking = parking.lacking(APPROVAL, contract, None)
    assert lacking
    assert lacking.code == "contract_line_not_found"
    assert parking.lacking(APPROVAL, contract, line) is None
    assert parking.lacking(DEFINITION, contract, None) is None
    assert parking.lacking(APPROVAL, contract, given(a_fixed_price_line()).lines["L1"]) is None


def test_a_parked_event_waits_with_the_reason_and_is_remembered_as_parked() -> None:
    decided = parking.park(APPROVAL, LACKING)
    event, known = decided.events
    assert event == parking.waiting(parked(APPROVAL), APPROVAL.parked_id)
    assert known == received(APPROVAL, Outcome.PARKED, why=LACKING)
    assert [(left.id, left.why) for left in decided.left] == [(APPROVAL.parked_id, LACKING)]


def test_a_parked_event_that_was_dismissed_is_as_if_it_had_not_been_posted() -> None:
    place, known = parked(APPROVAL), received(APPROVAL, Outcome.PARKED, why=LACKING)
    (gone,) = parking.dismiss(place, APPROVAL.parked_id, "a mistake").events
    assert not is_dismissed(known, place)
    assert is_dismissed(known, evolve(place, gone))
    assert is_dismissed(known, None)
    assert not is_dismissed(received(APPROVAL, Outcome.RECORDED), None)


def test_what_does_not_wait_cannot_be_dismissed() -> None:
    for place in (None, Parking(), parked(DEFINITION)):
        with pytest.raises(NotFound):
            parking.dismiss(place, APPROVAL.parked_id, "a mistake")


def test_a_parked_event_that_is_taken_in_waits_no_longer() -> None:
    event = parking.waiting(parked(APPROVAL), APPROVAL.parked_id)
    why = Refused("fixed_price_line", "milestones bill it")
    for outcome, reason in ((Outcome.RECORDED, None), (Outcome.NOT_BILLABLE, why)):
        decided = parking.settle(event, outcome, reason)
        assert decided.done == (APPROVAL.parked_id,)
        place = parked(APPROVAL)
        for gone in decided.events:
            place = evolve(place, gone) or place
        assert place.waiting() == []


def test_a_parked_event_that_is_refused_stays_with_the_reason_of_now() -> None:
    event = parking.waiting(parked(APPROVAL), APPROVAL.parked_id)
    why = Refused("currency_mismatch", "must be EUR")
    decided = parking.settle(event, Outcome.REFUSED, why)
    stays = replace(event, problem_code=why.code, problem_detail=why.detail)
    assert decided.events == (stays,)
    assert decided.left[0].why is why
    assert parking.settle(event, Outcome.PARKED, LACKING).events == ()


def test_an_id_must_lead_to_one_parked_event() -> None:
    assert parking.the_one(["p1"], "7") == "p1"
    with pytest.raises(NotFound):
        parking.the_one([], "7")
    with pytest.raises(Refused) as refused:
        parking.the_one(["p1", "p2"], "7")
    assert refused.value.code == "ambiguous_event_id"
