"""The four levels of a limit, and what they hold (D-30 to D-37)."""

from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from aggregates.contract.events import ContractUsageChanged
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE, is_judged_otherwise
from aggregates.contract_line.events import LineUsageChanged
from aggregates.limits import (
    NO_USAGE,
    Usage,
    ceiling,
    failing,
    fold_usage,
    four_levels,
)
from aggregates.refusals import Invalid
from aggregates.statuses import LimitLevel, NTEStatus
from aggregates.terms import FailedLevel, LevelUsage
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    committed,
    draft,
    invoiced,
    part,
    sale,
    usages,
    worth,
)
from tests.spec import Story, given

LIMIT = st.none() | st.integers(0, 400).map(str)
LINE_CUSTOMER, LINE = LimitLevel.LINE_CUSTOMER, LimitLevel.LINE
CONTRACT_CUSTOMER, CONTRACT = LimitLevel.CONTRACT_CUSTOMER, LimitLevel.CONTRACT
HUNDRED = {"A": "100"}


def failed(story: Story, *, amount: str) -> list[LimitLevel]:
    """The levels that an approval of this amount fails at."""
    after = story.when(worth(amount, "new")).after
    return [failure.level for failure in after.lines["L1"].sales[sale("new")].failed]


# --- levels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "level"),
    [
        (given(a_contract(), a_line(limits=HUNDRED)), LINE_CUSTOMER),
        (given(a_contract(), a_line(limit="100")), LINE),
        (given(a_contract(limits=HUNDRED), a_line()), CONTRACT_CUSTOMER),
        (given(a_contract(limit="100"), a_line()), CONTRACT),
    ],
)
def test_an_amount_passes_up_to_the_limit_and_fails_a_cent_above_at_each_level_d30_d31(
    story: Story, level: LimitLevel
) -> None:
    assert failed(story, amount="100.00") == []
    assert failed(story, amount="100.01") == [level]
    full = story.when(worth("60", "1")).after
    assert failed(full, amount="40.00") == []
    assert failed(full, amount="40.01") == [level]


def test_the_levels_are_checked_in_their_order_and_all_that_fail_are_named_d30_d31() -> None:
    story = given(a_contract(limit="100", limits=HUNDRED), a_line(limit="100", limits=HUNDRED))
    assert failed(story, amount="101") == [LINE_CUSTOMER, LINE, CONTRACT_CUSTOMER, CONTRACT]
    some = given(a_contract(limit="100", limits={"A": "200"}), a_line(limits=HUNDRED))
    assert failed(some, amount="150") == [LINE_CUSTOMER, CONTRACT]


def test_every_level_sums_over_what_it_is_a_ceiling_of_d30() -> None:
    splits = {"A": "60", "B": "40"}
    story = given(
        a_contract(limit="1000"), a_line("L1", splits=splits), a_line("L2", splits=splits)
    )
    after = story.when(worth("100", "1", "L1"), worth("10", "2", "L2")).after
    assert committed(after) == {
        "L1/A": 60,
        "L1/B": 40,
        "L1": 100,
        "L2/A": 6,
        "L2/B": 4,
        "L2": 10,
        "A": 66,
        "B": 44,
        "contract": 110,
    }


def test_the_limit_of_a_contract_customer_counts_across_its_lines_d30() -> None:
    story = given(a_contract(limits=HUNDRED), a_line("L1"), a_line("L2"))
    after = story.when(worth("60", "1", "L2")).after
    assert failed(after, amount="41") == [CONTRACT_CUSTOMER]
    assert failed(after, amount="40") == []


def test_one_customers_limit_does_not_bind_another_d30() -> None:
    line = a_line(splits={"A": "50", "B": "50"}, limits={"A": "10"})
    story = given(a_contract(limits={"A": "10"}), line).when(worth("100"))
    sales = story.after.lines["L1"].sales
    assert sales[sale("1", "A")].nte_status is NTEStatus.FAILED
    assert sales[sale("1", "B")].nte_status is NTEStatus.NOT_APPLICABLE


def test_an_item_that_fails_at_one_level_commits_at_none_d31() -> None:
    story = given(a_contract(limit="1000"), a_line(limit="100"))
    after = story.when(worth("101")).after
    assert usages(after) == {}


def test_an_item_under_one_limit_counts_at_every_level_d37() -> None:
    after = given(a_contract(limit="1000"), a_line()).when(worth("60")).after
    assert committed(after) == dict.fromkeys(["L1/A", "L1", "A", "contract"], 60)


@pytest.mark.parametrize(
    ("used", "amount", "shortfall"),
    [
        ("0", "100", None),
        ("0", "100.01", "0.01"),
        ("99", "1", None),
        ("99", "2", "1"),
        ("100", "0", None),
        ("150", "0", None),
        ("150", "0.00", None),
        ("150", "1", "51"),
        ("150", "-0.01", None),
        ("-20", "120", None),
        ("-20", "121", "1"),
    ],
)
def test_used_plus_amount_must_not_exceed_the_limit_and_zero_or_less_always_passes_d31(
    used: str, amount: str, shortfall: str | None
) -> None:
    failure = shortfall and FailedLevel(
        level=LINE, limit=Decimal(100), used=Decimal(used), shortfall=Decimal(shortfall)
    )
    assert failing(LINE, Decimal(100), Decimal(used), Decimal(amount)) == failure


def test_a_negative_amount_passes_also_where_the_limit_is_exceeded_and_gives_room_d31() -> None:
    story = given(a_contract(), a_line(limit="100")).when(worth("100", "1")).after
    lowered = story.happened(*a_line(limit="10"))
    after = lowered.when(worth("-95", "2"), worth("5", "3"), worth("1", "4")).after
    sales = after.lines["L1"].sales
    assert [sales[sale(n)].nte_status for n in "1234"] == [
        NTEStatus.COMMITTED,
        NTEStatus.COMMITTED,
        NTEStatus.COMMITTED,
        NTEStatus.FAILED,
    ]


# --- what was invoiced -------------------------------------------------------------------------


def test_posting_moves_the_amount_from_committed_to_invoiced_at_every_level_d37() -> None:
    story = given(a_contract(limit="100"), a_line()).when(worth("60"))
    posted = story.when(MarkReady(items=(sale(),))).when(draft()).when(CONFIRM)
    four = ["L1/A", "L1", "A", "contract"]
    assert usages(posted.after) == dict.fromkeys(four, Usage(invoiced=Decimal(60)))
    assert len(posted.all(LineUsageChanged)) == len(posted.all(ContractUsageChanged)) == 1


def test_invoiced_to_date_counts_in_the_next_evaluation_d31() -> None:
    story = given(a_contract(limit="100"), a_line()).when(worth("60"))
    posted = story.when(MarkReady(items=(sale(),))).when(draft()).when(CONFIRM).after
    assert failed(posted, amount="40") == []
    assert failed(posted, amount="41") == [CONTRACT]


def test_a_billed_milestone_counts_in_the_next_evaluation_d17_d31() -> None:
    story = given(a_contract(limit="100"), a_fixed_price_line("L2"), a_line("L1"))
    bill = part(line_id="L2")
    created = story.when(a_milestone(amount="70", line_id="L2")).when(MarkReady(items=(bill,)))
    assert failed(created.after, amount="100") == []
    posted = created.when(draft()).when(CONFIRM).after
    assert invoiced(posted) == dict.fromkeys(["L2/A", "L2", "A", "contract"], 70)
    assert failed(posted, amount="30") == []
    assert failed(posted, amount="31") == [CONTRACT]


def test_a_limit_on_nothing_fails_everything_but_credits_d31() -> None:
    story = given(a_contract(), a_line(limit="0"))
    assert failed(story, amount="0.01") == [LINE]
    assert failed(story, amount="0") == []
    assert failed(story, amount="-5") == []


def test_only_levels_that_changed_are_told_d37() -> None:
    splits = {"A": "50", "B": "50"}
    story = given(a_contract(), a_line(splits=splits, limits={"A": "100", "B": "20"}))
    outcome = story.when(worth("80"))
    assert [
        (usage.level, usage.customer_id, usage.committed)
        for event in outcome.all(LineUsageChanged)
        for usage in event.usages
    ] == [(LINE_CUSTOMER, "A", 40), (LINE, None, 40)]
    assert [
        (usage.level, usage.customer_id, usage.committed)
        for event in outcome.all(ContractUsageChanged)
        for usage in event.usages
    ] == [(CONTRACT_CUSTOMER, "A", 40), (CONTRACT, None, 40)]


def test_a_level_that_ends_where_it_began_is_not_told_d37() -> None:
    story = given(a_contract(), a_line(limit="100"))
    outcome = story.when(worth("50", "1"), worth("-50", "2"))
    assert not outcome.all(LineUsageChanged)
    assert not outcome.all(ContractUsageChanged)


def test_a_changed_level_is_told_on_the_lines_that_it_concerns_only_d37() -> None:
    story = given(a_contract(limit="100"), a_line("L1"), a_line("L2"))
    filled = story.when(worth("10", "1", "L1"), worth("10", "2", "L2"))
    freed = filled.when(ResetNTE(items=(sale("2", line_id="L2"),)))
    assert [event.line_id for event in freed.all(LineUsageChanged)] == ["L2"]
    assert committed(freed.after)["contract"] == 10


# --- values ------------------------------------------------------------------------------------


def test_a_limit_is_kept_at_the_minor_unit_d1_d30() -> None:
    assert ceiling(None, "EUR", "nte_limit") is None
    assert str(ceiling(Decimal(5), "EUR", "nte_limit")) == "5.00"
    assert str(ceiling(Decimal("5.000"), "JPY", "nte_limit")) == "5"


@pytest.mark.parametrize("limit", ["-0.01", "0.001"])
def test_a_limit_that_is_negative_or_too_fine_is_refused_with_its_field_d30(limit: str) -> None:
    with pytest.raises(Invalid) as refused:
        ceiling(Decimal(limit), "EUR", "customers.2.nte_limit")
    assert refused.value.field == "customers.2.nte_limit"


def test_usages_are_set_to_their_new_totals_and_the_others_stay_d37() -> None:
    def total(customer: str | None, held: int) -> LevelUsage:
        return LevelUsage(
            level=LINE, customer_id=customer, committed=Decimal(held), invoiced=Decimal(0)
        )

    first = fold_usage(NO_USAGE, [total("A", 1), total(None, 2)])
    second = fold_usage(first, [total("A", 5)])
    assert second == {"A": Usage(committed=Decimal(5)), "": Usage(committed=Decimal(2))}
    assert NO_USAGE == {}


# --- who would be judged otherwise now ---------------------------------------------------------


def rooms(story: Story, line_id: str, customer_id: str) -> list[Decimal]:
    """What is left at those of the four levels that have a limit."""
    contract, line = story.contract, story.lines[line_id]
    of_customer = {c.customer_id: c.nte_limit for c in line.terms.customers}
    limits = (
        of_customer[customer_id],
        line.terms.nte_limit,
        contract.customer_limit(customer_id),
        contract.nte_limit,
    )
    held = [
        (line.usage if of_line else contract.usage).get(customer, Usage())
        for of_line, customer in four_levels(line_id, customer_id)
    ]
    return [
        limit - usage.committed - usage.invoiced
        for limit, usage in zip(limits, held, strict=True)
        if limit is not None
    ]


@pytest.mark.parametrize(
    ("status", "amount", "rooms", "otherwise"),
    [
        (NTEStatus.COMMITTED, 50, [10, 0], False),
        (NTEStatus.COMMITTED, 50, [10, -1], True),
        (NTEStatus.COMMITTED, -50, [-1], False),
        (NTEStatus.COMMITTED, 50, [], True),
        (NTEStatus.FAILED, 50, [49], False),
        (NTEStatus.FAILED, 50, [50], True),
        (NTEStatus.FAILED, 50, [], True),
        (NTEStatus.NOT_APPLICABLE, 50, [1000], True),
        (NTEStatus.NOT_APPLICABLE, 50, [], False),
        (NTEStatus.NOT_EVALUATED, 50, [0], False),
        (NTEStatus.NOT_EVALUATED, 50, [], False),
    ],
)
def test_an_item_is_judged_otherwise_when_what_is_left_now_gives_another_verdict_d36(
    status: NTEStatus, amount: int, rooms: list[int], otherwise: bool
) -> None:
    assert is_judged_otherwise(status, amount, rooms) is otherwise


@for_all(
    amounts=st.lists(st.integers(-200, 300).map(str), min_size=1, max_size=5),
    before=st.tuples(LIMIT, LIMIT, LIMIT, LIMIT),
    after=st.tuples(LIMIT, LIMIT, LIMIT, LIMIT),
    reset=st.booleans(),
)
def test_judged_otherwise_now_is_what_a_reevaluation_alone_would_change_d36(
    amounts: list[str],
    before: tuple[str | None, ...],
    after: tuple[str | None, ...],
    reset: bool,
) -> None:
    def limited(story: Story, limits: tuple[str | None, ...]) -> Story:
        of_customer, of_line, across, of_contract = limits
        return story.happened(
            a_contract(limit=of_contract, limits={"A": across}),
            *a_line(limit=of_line, limits={"A": of_customer}),
        )

    works = [worth(amount, str(n)) for n, amount in enumerate(amounts)]
    story = limited(given(), before).when(works[0], *works[1:]).after
    if reset:
        story = story.when(ResetNTE(items=(sale("0"),))).after
    story = limited(story, after)
    for n in range(len(works)):
        item = story.lines["L1"].sales[sale(str(n))]
        again = story.when(ReevaluateNTE(items=(item.item_id,))).after
        verdict = again.lines["L1"].sales[item.item_id].nte_status
        left = rooms(story, "L1", "A")
        otherwise = item.nte_status not in {verdict, NTEStatus.NOT_EVALUATED}
        assert is_judged_otherwise(item.nte_status, item.actual.amount, left) == otherwise


# --- any amounts -------------------------------------------------------------------------------

STEP = st.sampled_from(["ready", "reset", "reevaluate", "draft", "confirm"])


@for_all(
    limits=st.tuples(LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT),
    steps=st.lists(st.tuples(STEP, st.permutations(range(6))) | st.integers(1, 300), max_size=20),
)
def test_under_limits_that_stand_still_no_level_is_ever_used_beyond_its_limit_d31(
    limits: tuple[str | None, ...], steps: list[tuple[str, list[int]] | int]
) -> None:
    """Without credits, that is: taking one back takes the room it gave, which others may use."""
    of_line, of_a, of_contract, across_a, across_b, other = limits
    splits = {"A": "66.67", "B": "33.33"}
    story = given(
        a_contract(limit=of_contract, limits={"A": across_a, "B": across_b}),
        a_line("L1", splits=splits, limit=of_line, limits={"A": of_a}),
        a_line("L2", splits=splits, limits={"B": other}),
    )
    ceilings = {
        "L1": of_line,
        "L1/A": of_a,
        "contract": of_contract,
        "A": across_a,
        "B": across_b,
        "L2/B": other,
    }
    for n, step in enumerate(steps):
        story = taken(story, n, step)
        for level, usage in usages(story).items():
            limit = ceilings.get(level)
            assert limit is None or usage.committed + usage.invoiced <= Decimal(limit)


def taken(story: Story, n: int, step: tuple[str, list[int]] | int) -> Story:
    """The story after an approval of this amount, or after this step on items in this order."""
    if isinstance(step, int):
        return story.when(worth(str(step), str(n), "L1" if step % 3 else "L2")).after
    what, order = step
    known = sorted(i for line in story.lines.values() for i in line.sales)
    items = tuple(known[n] for n in order if n < len(known))
    match what:
        case "ready":
            return story.when(MarkReady(items=items)).after
        case "reset":
            return story.when(ResetNTE(items=items)).after
        case "reevaluate":
            return story.when(ReevaluateNTE(items=items)).after
        case "draft" if any(line.ready for line in story.lines.values()):
            return story.when(draft(key=str(n))).after
        case "confirm" if story.invoices:
            return story.when(CONFIRM).after
        case _:
            return story
