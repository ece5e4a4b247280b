"""The sample generator: repeatable, true to the API's shapes, and as varied as it promises."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, cast

import pytest

from service.demo import DEFAULT_APPROVALS, DEFAULT_CONTRACTS, DEFAULT_SEED
from service.demo.sample import (
    FIRST_DAY,
    LAST_DAY,
    generate,
    to_ndjson,
)

Row = dict[str, Any]
DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
MONEY = {"nte_limit", "contract_amount", "unit_price", "tax"}
ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
APPROVAL_FIELDS = {
    "approval_id", "contract_id", "line_id", "date", "quantity", "billable_quantity", "unit_price",
    "tax", "currency", "role", "category", "task_id", "resource", "description", "billing_type",
}  # fmt: skip
LINE_FIELDS = {
    "contract_id", "line_id", "name", "project_id", "billing_method", "contract_amount",
    "nte_limit", "customers", "schedule", "includes", "chargeable",
}  # fmt: skip


def sample(contracts: int = 16, approvals: int = 4000, seed: int = 3) -> list[Row]:
    return list(generate(contracts, approvals, seed))


def data_of(events: Iterable[Row], kind: str) -> list[Row]:
    return [event["data"] for event in events if re.fullmatch(kind, str(event["type"]))]


CONTRACT = r"projects\.contract\.confirmed\.v1"
LINE = r"projects\.contract-line\.confirmed\.v1"
APPROVAL = r"projects\.((time|expense|material)\.approved|fee\.posted)\.v1"


def digest(contracts: int, approvals: int, seed: int) -> str:
    text = "\n".join(to_ndjson(generate(contracts, approvals, seed)))
    return hashlib.sha256(text.encode()).hexdigest()


def kind_of(event: Row) -> str:
    return str(event["type"]).split(".")[1]


def money_in(value: object) -> list[str]:
    """Every amount of money in an event's data, however deep."""
    if isinstance(value, list):
        return [text for part in cast(list[object], value) for text in money_in(part)]
    if not isinstance(value, dict):
        return []
    fields = cast(Row, value)
    own = [str(fields[name]) for name in MONEY & fields.keys() if fields[name] is not None]
    return own + [text for part in fields.values() for text in money_in(part)]


def chargeable_amount(event: Row, line: Row) -> Decimal:
    """What of an approval is charged by the line's terms (D-21, D-22)."""
    data, kind, terms = event["data"], kind_of(event), line["chargeable"]
    named = None
    if kind == "time":
        named = terms["roles"].get(data["role"])
    if kind == "expense":
        named = terms["categories"].get(data["category"])
    charged = data["billing_type"] == "chargeable" if named is None else named
    selected = terms["tasks"] is None or terms["tasks"][data["task_id"]]
    if kind not in line["includes"] or not charged or not selected:
        return Decimal(0)
    quantity = Decimal(data.get("billable_quantity", data["quantity"]))
    return quantity * Decimal(data["unit_price"])


def charged_by_level(events: Iterable[Row]) -> dict[tuple[str, ...], Decimal]:
    """What the approvals would use of each of the four levels, were there no limits (D-30)."""
    lines: dict[str, Row] = {}
    used: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for event in events:
        data = event["data"]
        if re.fullmatch(LINE, event["type"]):
            lines[data["line_id"]] = data
        if not re.fullmatch(APPROVAL, event["type"]):
            continue
        line, contract_id = lines[data["line_id"]], data["contract_id"]
        amount = chargeable_amount(event, line)
        used["contract", contract_id] += amount
        used["line", line["line_id"]] += amount
        for payer in line["customers"]:
            share = amount * Decimal(payer["split_percent"]) / 100
            used["contract_customer", contract_id, payer["customer_id"]] += share
            used["line_customer", line["line_id"], payer["customer_id"]] += share
    return used


def limits_of(events: Iterable[Row]) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    """Every limit of the sample with its level, by the same keys."""
    for event in events:
        data = event["data"]
        if re.fullmatch(APPROVAL, event["type"]):
            continue
        scope = "line" if re.fullmatch(LINE, event["type"]) else "contract"
        if data["nte_limit"] is not None:
            yield (scope, data[f"{scope}_id"]), Decimal(data["nte_limit"])
        for payer in data["customers"]:
            if payer["nte_limit"] is not None:
                key = f"{scope}_customer", data[f"{scope}_id"], payer["customer_id"]
                yield key, Decimal(payer["nte_limit"])


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest(5, 500, 9) == digest(5, 500, 9)


def test_another_seed_gives_another_sample() -> None:
    assert digest(5, 500, 9) != digest(5, 500, 10)


def test_samples_of_different_seeds_share_no_ids() -> None:
    first, second = ({event["id"] for event in sample(seed=seed)} for seed in (1, 2))
    assert first.isdisjoint(second)


@pytest.mark.parametrize(("contracts", "approvals"), [(0, 0), (1, 0), (1, 1), (3, 40), (20, 999)])
def test_the_counts_are_those_asked_for(contracts: int, approvals: int) -> None:
    events = sample(contracts, approvals)
    assert len(data_of(events, CONTRACT)) == contracts
    assert len(data_of(events, APPROVAL)) == approvals
    lines = Counter(line["contract_id"] for line in data_of(events, LINE))
    assert len(lines) == contracts
    assert all(1 <= count <= 3 for count in lines.values())


@pytest.mark.parametrize(("contracts", "approvals"), [(-1, 0), (1, -1), (0, 1)])
def test_counts_that_make_no_sense_are_refused(contracts: int, approvals: int) -> None:
    with pytest.raises(ValueError, match="at least one contract"):
        generate(contracts, approvals, 1)


def test_every_approval_refers_to_a_time_and_material_line_emitted_before_it() -> None:
    known: dict[tuple[str, str], str] = {}
    for event in sample():
        data = event["data"]
        if re.fullmatch(LINE, event["type"]):
            known[data["contract_id"], data["line_id"]] = data["billing_method"]
        elif re.fullmatch(APPROVAL, event["type"]):
            assert known[data["contract_id"], data["line_id"]] == "time_and_material"


def test_every_line_follows_its_contract_and_names_only_its_customers() -> None:
    customers: dict[str, list[str]] = {}
    for event in sample():
        data = event["data"]
        if re.fullmatch(CONTRACT, event["type"]):
            customers[data["contract_id"]] = [payer["customer_id"] for payer in data["customers"]]
            assert 1 <= len(set(customers[data["contract_id"]])) == len(data["customers"]) <= 3
        elif re.fullmatch(LINE, event["type"]):
            payers = [payer["customer_id"] for payer in data["customers"]]
            assert payers == customers[data["contract_id"]]


def test_splits_total_exactly_100_with_one_rounding_customer_d2() -> None:
    for line in data_of(sample(), LINE):
        shares = [Decimal(payer["split_percent"]) for payer in line["customers"]]
        assert sum(shares) == 100
        assert all(share >= 0 for share in shares)
        rounding = [payer["split_percent"] for payer in line["customers"] if payer["rounding"]]
        assert len(rounding) == 1
        assert rounding != ["0"]


def test_some_lines_have_a_customer_at_0_percent_and_some_thirds_d3() -> None:
    lines = data_of(sample(), LINE)
    splits = {tuple(payer["split_percent"] for payer in line["customers"]) for line in lines}
    assert {("100",), ("60", "40"), ("33.33", "33.33", "33.34"), ("50", "50", "0")} <= splits


def test_money_has_no_more_decimals_than_the_currency_d1() -> None:
    events = sample()
    currency = {row["contract_id"]: row["currency"] for row in data_of(events, CONTRACT)}
    assert set(currency.values()) == DECIMALS.keys()
    for event in events:
        data = event["data"]
        decimals = DECIMALS[currency[data["contract_id"]]]
        pattern = rf"-?\d+\.\d{{{decimals}}}" if decimals else r"-?\d+"
        assert data.get("currency", "") in {"", currency[data["contract_id"]]}
        for text in money_in(data):
            assert re.fullmatch(pattern, text), (event["id"], text)


def test_quantities_are_plain_with_at_most_two_decimals() -> None:
    for data in data_of(sample(), APPROVAL):
        for text in (data["quantity"], data.get("billable_quantity", "1")):
            assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d?[1-9])?", text)
            assert Decimal(text) != 0


def test_approvals_come_in_date_order_over_both_months() -> None:
    days = [data["date"] for data in data_of(sample(), APPROVAL)]
    assert days == sorted(days)
    assert FIRST_DAY.isoformat() <= days[0] <= "2026-09-02"
    assert "2026-10-29" <= days[-1] <= LAST_DAY.isoformat()


def test_event_ids_and_approval_ids_are_unique() -> None:
    events = sample()
    assert len({(event["source"], event["id"]) for event in events}) == len(events)
    approvals = [data["approval_id"] for data in data_of(events, APPROVAL)]
    assert len(set(approvals)) == len(approvals)


def test_events_have_the_shape_of_the_http_contract() -> None:
    contract = {"contract_id", "name", "currency", "nte_limit", "customers"}
    for event in sample():
        assert event["specversion"] == "1.0"
        assert event["datacontenttype"] == "application/json"
        data = event["data"]
        for name in ("contract_id", "line_id", "project_id", "approval_id", "task_id"):
            assert ID.fullmatch(data.get(name, "none"))
        if re.fullmatch(CONTRACT, event["type"]):
            assert data.keys() == contract
        elif re.fullmatch(LINE, event["type"]):
            assert data.keys() | {"chargeable"} == LINE_FIELDS
        else:
            assert re.fullmatch(APPROVAL, event["type"])
            assert data.keys() <= APPROVAL_FIELDS


def test_a_fixed_price_line_has_no_limit_of_its_own_d30() -> None:
    lines = [row for row in data_of(sample(), LINE) if row["billing_method"] == "fixed_price"]
    assert lines
    assert all(line["nte_limit"] is None for line in lines)


def test_billable_quantities_lie_between_nothing_and_what_was_submitted_d21() -> None:
    cut = [data for data in data_of(sample(), APPROVAL) if "billable_quantity" in data]
    assert cut
    for data in cut:
        assert 0 < Decimal(data["billable_quantity"]) < Decimal(data["quantity"])


def test_the_sample_is_varied() -> None:
    events = sample()
    terms = {line["line_id"]: line for line in data_of(events, LINE)}
    approvals = [event for event in events if re.fullmatch(APPROVAL, event["type"])]
    assert {kind_of(event) for event in approvals} == {"time", "expense", "material", "fee"}
    traits = Counter(
        trait
        for event in approvals
        for trait, holds in {
            "excluded": kind_of(event) not in terms[event["data"]["line_id"]]["includes"],
            "correction": event["data"]["quantity"].startswith("-"),
            "complimentary": event["data"]["billing_type"] == "complimentary",
            "non-ascii": not event["data"]["description"].isascii(),
            "free": chargeable_amount(event, terms[event["data"]["line_id"]]) == 0,
        }.items()
        if holds
    )
    assert {trait for trait, count in traits.items() if count < len(approvals) / 2} == {
        "excluded", "correction", "complimentary", "non-ascii", "free",
    }  # fmt: skip


def test_approvals_of_the_default_sample_exceed_a_limit_at_every_level_d31() -> None:
    events = sample(DEFAULT_CONTRACTS, DEFAULT_APPROVALS, DEFAULT_SEED)
    used = charged_by_level(events)
    exceeded = {key[0] for key, limit in limits_of(events) if used[key] > limit}
    assert exceeded == {"contract", "line", "contract_customer", "line_customer"}


def test_one_line_of_ndjson_per_event_without_line_ends() -> None:
    texts = list(to_ndjson(generate(4, 100, 1)))
    assert len(texts) == len(list(generate(4, 100, 1)))
    assert not any("\n" in text for text in texts)
    assert any("日" in text or "é" in text for text in texts)


def test_a_huge_sample_starts_at_once_because_it_streams() -> None:
    few = list(islice(generate(50, 10**15, 1), 1000))
    assert len(few) == 1000
    assert few[-1]["id"]
