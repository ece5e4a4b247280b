"""What is taken although it is not as we would write it, and what is not guessed at."""

from typing import Any

import httpx
import pytest

from tests.office import STRUCTURED, Json, contract_body, event, line_body
from tests.service.http_caller import Caller, approval, hold_against_its_model, problem

TM = "/backlog/time-and-material"
CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
DROPPED = "".join(c for c in CONTROLS if c not in "\t\n\r")
DIRTY = f"{DROPPED}a{DROPPED}\tb\n{DROPPED}ü\r\n"
CLEAN = "a\tb\nü\r\n"


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    """A caller with a contract and a line for A."""
    caller = Caller(http)
    await caller.contract()
    await caller.line()
    return caller


async def alone(caller: Caller, posted: Json) -> Json:
    response = await caller.http.post("/events", json=posted, headers={"content-type": STRUCTURED})
    hold_against_its_model(response)
    caller.position = max(caller.position, response.json()["position"])
    return response.json()


# --- fields that are not known -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["time", "expense", "material", "fee"])
async def test_fields_of_an_approval_that_are_not_known_are_ignored_and_named(
    caller: Caller, kind: str
) -> None:
    posted = approval("a", kind=kind, amount="10.00", Quantity=1, project={"id": ["x"]})
    result = await alone(caller, posted)
    assert (result["outcome"], result["ignored"]) == ("recorded", ["amount", "Quantity", "project"])
    again = await alone(caller, posted)
    assert (again["outcome"], again["ignored"]) == ("duplicate", result["ignored"])
    plain = await alone(caller, approval("a", kind=kind))
    assert (plain["outcome"], plain["ignored"]) == ("duplicate", [])
    (row,) = await caller.rows(TM)
    assert row["class"] == kind


async def test_fields_of_contracts_and_lines_are_ignored_where_they_are(caller: Caller) -> None:
    contract: Json = {"contract_id": "PC-2", "owner": "me", **contract_body(("A", "B"))}
    contract["customers"][1] |= {"foo": 1, "bar": {"deep": 1}}
    line: Json = {"contract_id": "PC-2", "line_id": "L-1", **line_body({"A": "100"})}
    line["customers"][0]["foo"] = None
    line["chargeable"] = {"roles": {"not_a_field": True}, "people": {}, "categories": {}}
    results = await caller.post(event("contract", contract, "1"), event("line", line, "2"))
    assert [(r["outcome"], r["ignored"]) for r in results] == [
        ("recorded", ["owner", "customers.1.foo", "customers.1.bar"]),
        ("recorded", ["customers.0.foo", "chargeable.people"]),
    ]
    made = await caller.get("/contracts/PC-2/lines/L-1")
    assert made["chargeable"]["roles"] == {"not_a_field": True}


async def test_every_outcome_names_what_was_ignored(caller: Caller) -> None:
    await caller.line("FP", method="fixed_price")
    await caller.sales("known", "10.00")
    results = await caller.post(
        approval("a", new=1),
        approval("a", new=1),
        approval("fp", line_id="FP", new=1),
        approval("p", contract_id="unknown", new=1),
        approval("usd", currency="USD", new=1),
        approval("known", event_id="other", quantity="2", new=1),
    )
    outcomes = [r["outcome"] for r in results]
    assert outcomes == [
        "recorded",
        "duplicate",
        "not_billable",
        "parked",
        "refused",
        "refused",
    ]
    assert [r["ignored"] for r in results] == [["new"]] * len(results)
    (parked,) = await caller.rows("/intake/parked")
    retried = await caller.call("POST", f"/intake/parked/{parked['parked_id']}/retry")
    assert retried["outcome"] == "parked"
    assert "new" not in parked["data"]


async def test_what_is_named_of_ignored_fields_is_bounded(caller: Caller) -> None:
    many: Json = {f"{n:03}{'x' * 200}": n for n in range(1_000)}
    result = await alone(caller, approval("a", **many))
    assert result["outcome"] == "recorded"
    assert result["ignored"] == [f"{n:03}{'x' * 61}" for n in range(20)]


async def test_bodies_other_than_events_keep_refusing_fields_that_they_do_not_know(
    caller: Caller,
) -> None:
    wrong: list[tuple[str, Json, str]] = [
        ("/contracts/PC-2", {**contract_body(), "owner": "me"}, "owner"),
        ("/contracts/PC-1/lines/L-2", {**line_body(), "chargeable": {"x": 1}}, "chargeable.x"),
    ]
    for path, body, field in wrong:
        refused = await caller.call("PUT", path, body, expect=422)
        assert [error["field"] for error in refused["errors"]] == [field]


# --- control characters --------------------------------------------------------------------------


async def test_control_characters_are_dropped_from_texts_wherever_they_come(
    caller: Caller,
) -> None:
    contract = contract_body()
    contract["name"] = contract["customers"][0]["name"] = DIRTY
    assert (await caller.call("PUT", "/contracts/PC-2", contract, expect=201))["name"] == CLEAN
    roles = {"chargeable": {"roles": {DIRTY: False}, "categories": {DIRTY: True}}}
    line = {**line_body(), "name": DIRTY, **roles}
    made = await caller.call("PUT", "/contracts/PC-2/lines/L-1", line, expect=201)
    assert (made["name"], made["chargeable"]["roles"]) == (CLEAN, {CLEAN: False})
    await caller.line("FP", method="fixed_price")
    milestone = await caller.milestone("1.00", line_id="FP", name=DIRTY)
    assert milestone["name"] == CLEAN
    path = f"/milestones/{milestone['milestone_id']}"
    assert (await caller.call("PATCH", path, {"name": f"{DIRTY}2"}))["name"] == f"{CLEAN}2"
    texts = dict.fromkeys(("role", "category", "resource", "description"), DIRTY)
    (result,) = await caller.post(approval("a", contract_id="PC-2", **texts))
    row = await caller.item(result["items"][0])
    assert {name: row[name] for name in texts} == dict.fromkeys(texts, CLEAN)
    assert row["billing_type"] == "non_chargeable"  # the role is the one that the line names (D-22)
    await caller.mark(result["items"], reason=DIRTY)
    assert (await caller.history(type="MarkedReady"))[-1]["reason"] == CLEAN


async def test_posted_contracts_and_lines_have_their_texts_cleaned_too(caller: Caller) -> None:
    contract: Json = {"contract_id": "PC-2", **contract_body(), "name": "Werk\x0bvertrag\x00"}
    line: Json = {"contract_id": "PC-2", "line_id": "L-1", **line_body(), "name": "\x0bLine"}
    results = await caller.post(event("line", line, "2"), event("contract", contract, "1"))
    assert [r["outcome"] for r in results] == ["parked", "recorded"]
    assert (await caller.get("/contracts/PC-2"))["name"] == "Werkvertrag"
    assert (await caller.get("/contracts/PC-2/lines/L-1"))["name"] == "Line"
    (again,) = await caller.post(event("contract", contract, "1"))
    assert again["outcome"] == "duplicate"


async def test_control_characters_in_ids_are_refused(caller: Caller) -> None:
    before = caller.position
    ids = ("approval_id", "contract_id", "line_id", "task_id")
    for control in CONTROLS:
        data: Json = approval("a")["data"]
        events = [{**approval("a"), "data": {**data, name: f"T{control}1"}} for name in ids]
        events += [{**approval("a"), name: f"x{control}y"} for name in ("id", "source", "type")]
        results = await caller.post(*events)
        assert {r["outcome"] for r in results} == {"refused"}, repr(control)
    await caller.call("PUT", "/contracts/PC-1/lines/L-2", line_body(project_id="P\x0b"), expect=422)
    chargeable = {"tasks": {"T\x0b1": True}}
    body = line_body(chargeable=chargeable)
    await caller.call("PUT", "/contracts/PC-1/lines/L-2", body, expect=422)
    await caller.mark(["PC-1~L-1~\x0b"], expect=422)
    await caller.nothing_happened(before)


@pytest.mark.parametrize("name", ["", "\x00", DROPPED])
async def test_a_name_that_nothing_is_left_of_is_refused(caller: Caller, name: str) -> None:
    refused = await caller.call(
        "PUT", "/contracts/PC-2", {**contract_body(), "name": name}, expect=422
    )
    assert [error["field"] for error in refused["errors"]] == ["name"]


async def test_two_roles_that_would_become_one_are_refused(caller: Caller) -> None:
    for names in ({"a": True, "a\x0b": False}, {"\x00": True, "\x01": True}):
        body = line_body(chargeable={"roles": names})
        refused = await caller.call("PUT", "/contracts/PC-1/lines/L-2", body, expect=422)
        assert refused["errors"][0]["field"] == "chargeable.roles"


# --- headers of the binary mode ------------------------------------------------------------------


async def binary(caller: Caller, approval_id: str, *more: tuple[str, bytes]) -> httpx.Response:
    """Posts an approval in binary mode, with these headers as they are."""
    known = {
        "ce-specversion": b"1.0",
        "ce-id": b"e",
        "ce-source": b"urn:b",
        "ce-type": b"projects.time.approved.v1",
        "content-type": b"application/json",
    }
    given = {name for name, _ in more}
    headers: Any = [*((n.encode(), v) for n, v in known.items() if n not in given)]
    headers += [(name.encode(), value) for name, value in more]
    return await caller.http.post("/events", json=approval(approval_id)["data"], headers=headers)


READ_AS = {
    b"plain": "plain",
    b"e%201%C3%BC": "e 1ü",
    b"100%25": "100%",
    b"%2541": "%41",
    b'"quoted id"': "quoted id",
    b'"a\\"b\\\\c"': 'a"b\\c',
    b'"%C3%BC\\%"'.replace(b"\\%", b"%25"): "ü%",
    b'mid"dle': 'mid"dle',
    b"%E2%82%AC": "€",
    b"%f0%9f%92%a5": "\U0001f4a5",
    "ü".encode(): "ü",
    b"back\\slash": "back\\slash",
}


async def test_header_values_are_unquoted_then_percent_decoded_once(caller: Caller) -> None:
    for number, (sent, read) in enumerate(READ_AS.items()):
        response = await binary(caller, f"a{number}", ("ce-id", sent))
        assert response.status_code == 200, (sent, response.text)
        assert response.json()["id"] == read
        same = approval(f"a{number}", event_id=read, attributes={"source": "urn:b"})
        (again,) = await caller.post(same)
        assert again["outcome"] == "duplicate", sent


BROKEN = (
    b"n%FF",
    b"n%FE",
    b"%C3",
    b"%C3%28",
    b"%ED%A0%80",
    b"%C0%AF",
    b"n%",
    b"n%4",
    b"n%zz",
    b"%u00fc",
    b'"open',
    b'"open\\"',
    b'"a"b"',
    b"\xff",
    b"\xfc",
)


@pytest.mark.parametrize("name", ["ce-id", "ce-source", "ce-type", "ce-subject", "ce-traceparent"])
async def test_header_values_that_can_not_be_read_are_refused_by_name(
    caller: Caller, name: str
) -> None:
    before = caller.position
    for sent in BROKEN:
        refused = problem(await binary(caller, "a", (name, sent)), 422)
        assert [error["field"] for error in refused["errors"]] == [name], sent
        assert (refused["outcome"], refused["id"]) == ("refused", None if name == "ce-id" else "e")
    await caller.nothing_happened(before)
    assert len(await caller.rows("/intake/refused")) == len(BROKEN)


async def test_a_header_given_twice_is_refused(caller: Caller) -> None:
    refused = problem(await binary(caller, "a", ("ce-id", b"1"), ("ce-id", b"2")), 422)
    assert [error["field"] for error in refused["errors"]] == ["ce-id"]


async def test_control_characters_in_the_attributes_of_headers_are_refused(caller: Caller) -> None:
    for name in ("ce-id", "ce-source"):
        for sent in (b"a%00b", b"a%0B", b"%7F", b"%C2%85", b'"a%1Fb"'):
            refused = problem(await binary(caller, "a", (name, sent)), 422)
            assert refused["errors"][0]["field"] == name.removeprefix("ce-")


async def test_a_leap_second_is_a_timestamp(caller: Caller) -> None:
    for number, moment in enumerate(("2016-12-31T23:59:60Z", "2017-01-01T05:29:60.5+05:30")):
        result = await alone(caller, {**approval(f"a{number}"), "time": moment})
        assert result["outcome"] == "recorded"
    response = await binary(caller, "b", ("ce-time", b"2016-12-31T23%3A59%3A60Z"))
    assert response.json()["outcome"] == "recorded"
    for wrong in ("2016-12-31T12:00:60Z", "2016-12-31T23:59:61Z"):
        (result,) = await caller.post({**approval("bad"), "time": wrong})
        assert result["outcome"] == "refused"
