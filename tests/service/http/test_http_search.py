"""Text search over HTTP: `q` ignores case in any alphabet, is taken literally, and finds parts."""

import unicodedata
from typing import Any

import httpx
import pytest

from tests.office import Json
from tests.service.http_caller import Caller, approval

TM, FP = "/backlog/time-and-material", "/backlog/fixed-price"
LISTS = (TM, FP)


async def named(http: httpx.AsyncClient, names: list[str]) -> Caller:
    """A backlog with a row of each view for every such name of a contract."""
    caller = Caller(http)
    for number, name in enumerate(dict.fromkeys(names)):
        contract_id = f"PC-{number}"
        customers = [{"customer_id": "A", "name": "Customer"}]
        body = {"name": name, "currency": "EUR", "customers": customers}
        await caller.call("PUT", f"/contracts/{contract_id}", body, expect=201)
        await caller.line("L", contract_id=contract_id, name="Build")
        await caller.line("F", contract_id=contract_id, name="Build", method="fixed_price")
        await caller.post(approval(f"ap-{number}", contract_id=contract_id, line_id="L"))
        await caller.milestone("10.00", line_id="F", contract_id=contract_id, name="Design")
    return caller


async def found(caller: Caller, path: str, q: str, **filters: Any) -> list[Json]:
    page = await caller.get(path, q=q, totals="true", **filters)
    assert sum(total["count"] for total in page["totals"]) == len(page["items"])
    return page["items"]


FOUND = (
    ("Żuraw Stocznia", "żuraw"),
    ("Żuraw Stocznia", "ŻURAW STOCZNIA"),
    ("Żuraw Stocznia", "Żuraw"),
    ("żuraw", unicodedata.normalize("NFD", "ŻURAW")),
    (unicodedata.normalize("NFD", "Żuraw"), "żuraw"),
    ("Çelik Tekstil A.Ş.", "çelik tekstil a.ş."),
    ("Ärzte am Rhein", "ärzte AM"),
    ("Große Straße", "STRASSE"),
    ("GROSSE STRASSE", "straße"),
    ("STRAẞE", "strasse"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ("οδυσσευς", "ΣΣΕΥΣ"),
    ("Οδυσσεύς", "οδυσσεύσ"),
    ("Жуков и сыновья", "ЖУКОВ"),
    ("ЁЛКА", "ёлка"),
    ("İstanbul", "i̇stanbul"),
    ("Diyarbak\u0131r", "DIYARBAK\u0131R"),
    ("Diyarbakir", "d\u0131yarbak\u0131r"),
    ("Çelik Tekstil", "ÇEL\u0130K"),
    ("ÇEL\u0130K TEKST\u0130L", "çelik tekstil"),
    ("\u0130stanbul Gaz", "istanbul"),
    ("I\u015eIK Holding", "\u0131\u015f\u0131k"),
    ("ŒUVRE ﬁnale", "œuvre FINALE"),
    ("Ⅷ ÅNGSTRÖM", "ⅷ ångström"),
    ("見積書のレビュー", "のレビ"),
    ("見積書のレビュー", "見積"),
    ("𐐀 Deseret", "𐐨"),
    ("Ñandú", "ñ"),
    ("100 %_off [new] 'x' \"y\" a\\b * (c) -d", "%_OFF [NEW] 'X' \"Y\" A\\B * (C) -D"),
    ("NEAR AND OR NOT", "near and or not"),
    ('say "hello"', '"HELLO"'),
    ("key:value^2", "KEY:VALUE^"),
)


async def test_a_text_is_found_in_whatever_case_and_composition(http: httpx.AsyncClient) -> None:
    caller = await named(http, [kept for kept, _ in FOUND])
    for kept, asked in FOUND:
        for path in LISTS:
            shown = {row["contract_name"] for row in await found(caller, path, asked)}
            assert kept in shown, (path, asked)
            assert {alike(name) for name in shown if alike(asked) not in alike(name)} == set()
            assert await found(caller, path, asked + "~") == []


def alike(text: str) -> str:
    """What Unicode's caseless matching compares, with one i for all of Turkish."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return plain.replace("i\u0307", "i").replace("\u0131", "i")


OTHERS = (
    ("Arzte", "ärzte"),
    ("Zuraw", "żuraw"),
    ("50 per cent", "50%"),
    ("ab", "a_b"),
    ("ab", "a%b"),
    ("abc abd", "abcabd"),
    ("abcd bcde", "abcde"),
    ("Harbour", "\x1f"),
    ("Harbour", "r\x1fb"),
    ("Harbour", "*"),
    ("Harbour", '"'),
    ("Harbour", "har OR our"),
)


async def test_a_text_that_is_another_one_is_not_found(http: httpx.AsyncClient) -> None:
    caller = await named(http, [kept for kept, _ in OTHERS])
    for kept, asked in OTHERS:
        for path in LISTS:
            shown = {row["contract_name"] for row in await found(caller, path, asked)}
            assert kept not in shown, (path, asked)


SAYS = {
    "description": "Überprüfung der Weiche",
    "resource": "Zoë Lindqvist",
    "role": "Ingénieur",
    "category": "Réseau",
    "task_id": "T-10",
}


@pytest.fixture
async def caller(http: httpx.AsyncClient) -> Caller:
    caller = Caller(http)
    await caller.contract(customers=("A", "B"))
    await caller.line("L-1", splits={"A": "50", "B": "50"}, name="Gleisbau Süd")
    await caller.line("FP", method="fixed_price", splits={"A": "50", "B": "50"}, name="Élan")
    await caller.post(approval("Ap.Ä-1".replace("Ä", "X"), **SAYS), approval("other"))
    await caller.milestone("10.00", line_id="FP", name="Übergabe")
    return caller


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("ÜBERPRÜFUNG", 2),
        ("weiche", 2),
        ("zoë l", 2),
        ("INGÉNIEUR", 2),
        ("réseau", 2),
        ("t-10", 2),
        ("AP.x-", 2),
        ("GLEISBAU SÜD", 4),
        ("weichezoë", 0),
        ("weiche zoë", 0),
    ],
)
async def test_sales_are_found_by_all_that_they_say(caller: Caller, asked: str, count: int) -> None:
    assert len(await found(caller, TM, asked)) == count
    assert len(await found(caller, TM, asked, sort="-amount")) == count
    assert len(await found(caller, TM, asked, project_id="P-1")) in {count, 0}
    assert len(await found(caller, TM, asked, customer_id="B")) == count // 2
    assert await found(caller, TM, asked, billing_status="invoice_posted") == []


async def test_milestones_are_found_by_what_they_are_called_now(caller: Caller) -> None:
    (row, _) = await found(caller, FP, "übergabe")
    assert len(await found(caller, FP, row["milestone_id"][2:20].upper())) == 2
    assert len(await found(caller, FP, "élan", sort="-amount")) == 2
    path = f"/milestones/{row['milestone_id']}"
    await caller.call("PATCH", path, {"name": "Abnahme"})
    assert await found(caller, FP, "übergabe") == []
    assert len(await found(caller, FP, "ABNAHME")) == 2
    await caller.call("DELETE", path)
    assert await found(caller, FP, "abnahme") == []


async def test_rows_are_found_by_the_new_name_of_their_contract_line_and_customer(
    caller: Caller,
) -> None:
    body = {
        "name": "Żegluga",
        "currency": "EUR",
        "customers": [{"customer_id": "A", "name": "Ölhafen"}, {"customer_id": "B", "name": "B"}],
    }
    await caller.call("PUT", "/contracts/PC-1", body)
    await caller.line("L-1", splits={"A": "50", "B": "50"}, name="Çarşaf", expect=200)
    for asked, count in (("ŻEGLUGA", 4), ("ölhafen", 2), ("ÇARŞ", 4), ("gleisbau", 0)):
        assert len(await found(caller, TM, asked)) == count


async def test_pages_of_what_a_text_finds_are_all_of_it_once(caller: Caller) -> None:
    await caller.post(*(approval(f"more-{n}", description="Überall") for n in range(7)))
    for asked in ("überall", "ü", "more-"):
        for sort in ("date", "-date", "amount", "contract_name,-item_id"):
            rows: list[Json] = []
            page = await caller.get(TM, q=asked, limit=3, sort=sort)
            rows += page["items"]
            while page["next"]:
                page = await caller.get(TM, q=asked, limit=3, sort=sort, cursor=page["next"])
                rows += page["items"]
            assert len({row["item_id"] for row in rows}) == len(rows) >= 14


async def test_what_many_milestones_are_called_is_found_page_by_page(
    http: httpx.AsyncClient,
) -> None:
    """So many that a page goes through some of them in order before any is looked up."""
    caller = Caller(http)
    await caller.contract()
    await caller.line("F", method="fixed_price")
    for number in range(16):
        name = "Bridge" if number % 2 else "Road"
        await caller.milestone("10.00", line_id="F", name=f"{name} {number}")
    pages = await caller.rows(FP, q="BRIDGE", limit=1)
    names = [row["milestone_name"] for row in pages]
    assert sorted(names) == sorted(f"Bridge {number}" for number in range(1, 16, 2))


async def test_a_text_is_found_beside_more_values_than_have_a_place_each(
    http: httpx.AsyncClient,
) -> None:
    caller = await named(http, ["Bridge", "Road"])
    wanted = [f"PC-{number}" for number in range(12)]
    statuses = ["not_ready", "ready", "invoice_created", "invoice_posted"]
    filters: Json = {"contract_id": wanted, "billing_status": statuses}
    for path in LISTS:
        everything = await found(caller, path, "ui", **filters)
        assert {row["contract_name"] for row in everything} == {"Bridge", "Road"}
        assert len(await found(caller, path, "bridge", **filters)) == 1
