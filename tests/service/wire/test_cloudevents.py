"""What upstream posts: every mistake is told with the field that it is in, every event is read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from aggregates.contract.defining import DefineContract
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.terms import DefineLine
from aggregates.statuses import BillingType, TransactionClass
from service.wire.intake.cloudevents import TYPES, BadEvent, read
from tests.office import Json, approval_event, contract_event, line_event


class Absent(Enum):
    """Stands for a field that is left out."""

    LEFT_OUT = "left out"


LEFT_OUT = Absent.LEFT_OUT


def shown(value: object) -> str:
    """A value in the name of a test."""
    return "left out" if value is LEFT_OUT else repr(value)[:24]


def changed(event: Json, field: str, value: object) -> Json:
    """The event with a field set, or left out; `data.quantity` is one inside of its data."""
    outer, _, inner = field.partition(".")
    if inner:
        return {**event, outer: changed(event[outer], inner, value)}
    rest = {name: old for name, old in event.items() if name != outer}
    return rest if value is LEFT_OUT else {**rest, outer: value}


def fields_refused(event: object) -> list[str]:
    with pytest.raises(BadEvent) as bad:
        read(event)
    problem = bad.value.problem.body()
    assert problem.status == 422
    assert problem.code == "invalid_fields"
    fields = [str(error.field) for error in problem.errors or []]
    assert all(field in problem.detail for field in fields)
    return fields


# --- the envelope --------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [None, [], "text", 1, 1.5, True, ...], ids=shown)
def test_what_is_no_object_is_no_event(event: object) -> None:
    assert fields_refused(event) == ["event"]


@pytest.mark.parametrize("field", ["id", "source", "type", "specversion"])
@pytest.mark.parametrize(
    "value",
    [LEFT_OUT, None, "", 1, [], {}, True, "x" * 1025, "tab\there", "null\x00", "c1\x85", "\x7f"],
    ids=shown,
)
def test_an_envelope_needs_its_four_attributes_as_texts(field: str, value: object) -> None:
    assert set(fields_refused(changed(approval_event("A1"), field, value))) == {field}


@pytest.mark.parametrize("version", ["0.3", "1", "1.1", "2.0", " 1.0", "1.0 "])
def test_only_version_1_0_of_cloudevents_is_read(version: str) -> None:
    event = changed(approval_event("A1"), "specversion", version)
    assert set(fields_refused(event)) == {"specversion"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", LEFT_OUT),
        ("data", None),
        ("data", []),
        ("data", "{}"),
        ("data", 1),
        ("data_base64", "e30="),
        ("datacontenttype", "text/plain"),
        ("datacontenttype", "application/xml"),
        ("datacontenttype", 1),
        ("dataschema", 1),
        ("subject", ["x"]),
        ("time", "yesterday"),
        ("time", "2026-10-31"),
        ("time", "2026-10-31T10:00:00"),
        ("time", "2026-02-30T10:00:00Z"),
        ("time", "2026-W44-6T10:00:00Z"),
        ("time", 1793440800),
        ("time", "2026-12-31T23:58:60Z"),
        ("time", "2026-12-31T23:59:61Z"),
        ("time", "2026-12-31T23:59:60+01:00"),
        ("time", "2026-12-31T23:60:60Z"),
        ("Upper", "x"),
        ("with-dash", "x"),
        ("with_underscore", "x"),
        ("with space", "x"),
        ("ünicode", "x"),
        ("", "x"),
        ("trace", {}),
        ("trace", ["x"]),
        ("trace", 1.5),
    ],
    ids=shown,
)
def test_a_mistake_in_the_envelope_is_told_with_its_attribute(field: str, value: object) -> None:
    event = changed(approval_event("A1"), field, value)
    assert fields_refused(event) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("datacontenttype", LEFT_OUT),
        ("datacontenttype", "application/json; charset=utf-8"),
        ("datacontenttype", "application/vnd.projects+json"),
        ("subject", "PC-1"),
        ("dataschema", "https://example.org/schema"),
        ("time", "2026-10-31T10:00:00Z"),
        ("time", "2026-10-31t10:00:00.123456789z"),
        ("time", "2026-10-31T10:00:00+02:00"),
        ("time", "2026-12-31T23:59:60Z"),
        ("time", "2026-12-31t23:59:60.999z"),
        ("time", "2027-01-01T00:59:60+01:00"),
        ("time", "1990-12-31T15:59:60-08:00"),
        ("time", "9999-12-31T22:59:60-01:00"),
        ("time", "2016-12-31T23:59:60-00:00"),
        ("traceparent", "00-ab-cd-01"),
        ("sequence", 7),
        ("sampled", True),
        ("x", ""),
        # By CloudEvents' JSON format an attribute that is null counts as left out.
        ("time", None),
        ("subject", None),
        ("dataschema", None),
        ("datacontenttype", None),
        ("traceparent", None),
    ],
    ids=shown,
)
def test_what_cloudevents_allows_in_the_envelope_is_taken(field: str, value: object) -> None:
    plain, event = approval_event("A1"), changed(approval_event("A1"), field, value)
    assert read(event) == read(plain)


def test_the_mistakes_of_an_envelope_are_told_together_and_the_id_with_them() -> None:
    event: Json = {"id": "e1", "specversion": "0.3", "Bad": "x", "data": {}}
    with pytest.raises(BadEvent) as bad:
        read(event)
    assert bad.value.event_id == "e1"
    fields = [error.field for error in bad.value.problem.body().errors or []]
    assert fields == ["source", "type", "specversion", "Bad"]


@pytest.mark.parametrize(
    "event_type", ["projects.time.approved.v2", "projects.time.approved", "PROJECTS", "x"]
)
def test_an_unknown_type_is_told_with_those_that_are_known(event_type: str) -> None:
    with pytest.raises(BadEvent) as bad:
        read(changed(approval_event("A1"), "type", event_type))
    problem = bad.value.problem.body()
    assert (problem.status, problem.code) == (422, "unknown_event_type")
    assert event_type in problem.detail
    assert all(known in problem.detail for known in TYPES)


# --- the data ------------------------------------------------------------------------------------

BAD_DECIMALS: Mapping[str, object] = {
    "a JSON integer": 8,
    "a JSON float": 8.5,
    "not a number": "NaN",
    "infinity": "Infinity",
    "an exponent": "1e3",
    "ten thousand digits": "9" * 10_000,
    "ten thousand decimals": "0." + "1" * 10_000,
    "thirteen digits": "1234567890123",
    "thirteen decimals": "0.1234567890123",
    "a comma": "1,5",
    "a thousands separator": "1_000",
    "a plus sign": "+1",
    "spaces": " 1 ",
    "a line end": "1\n",
    "no digits before the point": ".5",
    "no digits after the point": "5.",
    "arabic digits": "٣",
    "nothing": "",
    "true": True,
    "a list": ["1"],
}
BAD_IDS = ("", "a b", "a/b", "a~b", "ä", "a\n", "x" * 65, "a\x00", "日", 7, None)
BAD_DATES = (
    "2026-02-30",
    "2026-13-01",
    "2026-1-1",
    "20260101",
    "2026-10-31T00:00:00",
    "1899-12-31",
    "2200-01-01",
    "0000-01-01",
    "today",
    "\uff12\uff10\uff12\uff16-10-31",
    20261031,
    None,
)


@pytest.mark.parametrize("value", BAD_DECIMALS.values(), ids=BAD_DECIMALS)
@pytest.mark.parametrize("field", ["quantity", "unit_price", "billable_quantity", "tax"])
def test_a_decimal_is_a_plain_one_in_a_string_d1(field: str, value: object) -> None:
    event = changed(approval_event("A1"), f"data.{field}", value)
    assert fields_refused(event) == [f"data.{field}"]


@pytest.mark.parametrize("value", BAD_DECIMALS.values(), ids=BAD_DECIMALS)
def test_limits_and_percentages_are_plain_decimals_too_d1_d2(value: object) -> None:
    contract = changed(contract_event(), "data.nte_limit", value)
    assert fields_refused(contract) == ["data.nte_limit"]
    line = line_event()
    line["data"]["customers"][0]["split_percent"] = value
    assert fields_refused(line) == ["data.customers.0.split_percent"]


@pytest.mark.parametrize("field", ["approval_id", "contract_id", "line_id"])
@pytest.mark.parametrize("value", BAD_IDS, ids=shown)
def test_upstream_ids_are_of_64_plain_characters_at_most(field: str, value: object) -> None:
    event = changed(approval_event("A1"), f"data.{field}", value)
    assert fields_refused(event) == [f"data.{field}"]


@pytest.mark.parametrize("value", BAD_DATES, ids=shown)
def test_a_date_is_a_real_one_within_reach(value: object) -> None:
    assert fields_refused(changed(approval_event("A1"), "data.date", value)) == ["data.date"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("approval_id", LEFT_OUT),
        ("quantity", LEFT_OUT),
        ("unit_price", LEFT_OUT),
        ("date", LEFT_OUT),
        ("currency", LEFT_OUT),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("currency", 978),
        ("role", 1),
        ("role", "x" * 201),
        ("task_id", "null\x00"),
        ("task_id", "tab\t"),
        ("task_id", "c1\x85"),
        ("description", "x" * 4001),
        ("billing_type", "free"),
    ],
    ids=shown,
)
def test_a_mistake_in_an_approval_is_told_with_its_field(field: str, value: object) -> None:
    event = changed(approval_event("A1"), f"data.{field}", value)
    assert fields_refused(event) == [f"data.{field}"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "name"),
        ("name", LEFT_OUT, "name"),
        ("name", "\x0b", "name"),
        ("nte_limit", "-1.00", "nte_limit"),
        ("customers", [], "customers"),
        ("customers", {}, "customers"),
        ("customers", [{"customer_id": "A"}], "customers.0.name"),
        ("customers", [{"customer_id": "a b", "name": "A"}], "customers.0.customer_id"),
        ("customers", ["A"], "customers.0"),
    ],
    ids=shown,
)
def test_a_mistake_in_a_contract_is_told_with_its_field(
    field: str, value: object, told: str
) -> None:
    assert fields_refused(changed(contract_event(), f"data.{field}", value)) == [f"data.{told}"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("billing_method", "hourly", "billing_method"),
        ("schedule", "weekly", "schedule"),
        ("includes", ["time", "travel"], "includes.1"),
        ("project_id", "P 1", "project_id"),
        ("contract_amount", 1000, "contract_amount"),
        ("customers", [], "customers"),
        ("chargeable", {"roles": {"senior": "yes"}}, "chargeable.roles.senior"),
        ("chargeable", {"roles": {"a": True, "a\x0b": False}}, "chargeable.roles"),
        ("chargeable", {"tasks": {"a\x0b": True}}, "chargeable.tasks.a\ufffd.[key]"),
        (
            "customers",
            [{"customer_id": "A", "split_percent": "100", "rounding": 1}],
            "customers.0.rounding",
        ),
    ],
    ids=shown,
)
def test_a_mistake_in_a_line_is_told_with_its_field(field: str, value: object, told: str) -> None:
    assert fields_refused(changed(line_event(), f"data.{field}", value)) == [f"data.{told}"]


def test_all_mistakes_in_the_data_are_told_together() -> None:
    event = approval_event("A1")
    event["data"] |= {"quantity": 1, "date": "2026-02-30", "extra": "x"}
    assert sorted(fields_refused(event)) == ["data.date", "data.quantity"]


def test_no_problem_repeats_what_was_sent() -> None:
    event = changed(approval_event("A1"), "data.quantity", "secret" * 2000)
    with pytest.raises(BadEvent) as bad:
        read(event)
    assert b"secret" not in bad.value.problem.encoded()


# --- what is read --------------------------------------------------------------------------------


def test_an_approval_is_read_with_its_decimals_as_they_were_written() -> None:
    event = approval_event("A1")
    event["data"] |= {
        "quantity": "-7.50",
        "billable_quantity": "-6",
        "unit_price": "200.00",
        "tax": "38.00",
        "billing_type": "complimentary",
    }
    posted = read(event)
    assert isinstance(posted.command, Approval)
    command = posted.command
    assert command.transaction_class is TransactionClass.TIME
    assert command.billing_type is BillingType.COMPLIMENTARY
    assert [str(d) for d in (command.quantity, command.billable_quantity, command.tax)] == [
        "-7.50",
        "-6",
        "38.00",
    ]
    assert (posted.contract_id, posted.line_id, posted.approval_id) == ("C1", "L1", "A1")


@pytest.mark.parametrize(
    ("event_type", "transaction_class"),
    [
        ("projects.time.approved.v1", "time"),
        ("projects.expense.approved.v1", "expense"),
        ("projects.material.approved.v1", "material"),
        ("projects.fee.posted.v1", "fee"),
    ],
)
def test_the_type_says_the_class_of_an_approval_d22(
    event_type: str, transaction_class: str
) -> None:
    command = read(changed(approval_event("A1"), "type", event_type)).command
    assert isinstance(command, Approval)
    assert command.transaction_class == transaction_class


def test_contracts_and_lines_are_read_as_their_definitions() -> None:
    contract, line = read(contract_event(limit="100.00")), read(line_event())
    assert isinstance(contract.command, DefineContract)
    assert contract.command.nte_limit == Decimal("100.00")
    assert isinstance(line.command, DefineLine)
    assert (contract.line_id, line.line_id, line.approval_id) == (None, "L1", None)


def test_percentages_left_out_are_distributed_evenly_d4() -> None:
    line = line_event(splits={"A": "0", "B": "0", "C": "0"})
    for customer in line["data"]["customers"]:
        del customer["split_percent"]
    command = read(line).command
    assert isinstance(command, DefineLine)
    assert sum(customer.split_percent for customer in command.terms.customers) == 100
    line["data"]["customers"][0]["split_percent"] = "100"
    assert fields_refused(line) == ["data.customers"]


def test_the_order_of_fields_makes_no_other_event_but_their_values_do() -> None:
    event, other = approval_event("A1"), approval_event("A1", "10.01")
    turned = {**event, "data": dict(reversed(event["data"].items()))}
    digests = [read(e).command for e in (event, turned, other)]
    assert digests[0] == digests[1] != digests[2]


# --- against the CloudEvents SDK -----------------------------------------------------------------

NO_CONTROLS = st.characters(exclude_categories=("Cc", "Cs"))
TEXT = st.text(NO_CONTROLS, min_size=1, max_size=60)
URI = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
EXTENSIONS = st.dictionaries(
    st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(
        lambda name: (
            name not in {"id", "source", "type", "data", "time", "subject"}
            and name not in {"specversion", "datacontenttype", "dataschema"}
        )
    ),
    TEXT | st.integers(-(2**31), 2**31 - 1) | st.booleans(),
    max_size=4,
)
DATA = st.sampled_from([approval_event("A1"), contract_event(), line_event()])


@given(
    event=DATA,
    event_id=TEXT,
    source=URI,
    optional=st.fixed_dictionaries(
        {}, optional={"time": MOMENT, "subject": TEXT, "dataschema": URI}
    ),
    extensions=EXTENSIONS,
)
def test_whatever_the_sdk_builds_is_read_as_the_sdk_reads_it(
    event: Json, event_id: str, source: str, optional: Json, extensions: Json
) -> None:
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event["type"],
        "datacontenttype": "application/json",
        **optional,
        **extensions,
    }
    structured = JSONFormat().write(CloudEvent(attributes, event["data"]))
    oracle = JSONFormat().read(None, structured)
    posted = read(json.loads(structured))
    assert (posted.event_id, posted.source) == (oracle.get_id(), oracle.get_source())
    assert posted.type == oracle.get_type()
    assert json.loads(posted.data) == oracle.get_data()
