"""OpenAPI links: from what an operation answers to the operations that read and change it.

They document which value of an answer is which parameter of the next request, for readers, for
generators of clients, and for tools that follow them. Where a link has a body, it is a whole one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
ANSWER = "$response.body#"
CONTRACT_ID, LINE_ID = f"{ANSWER}/contract_id", f"{ANSWER}/line_id"
POSITION = f"{ANSWER}/position"
DAY = "2026-10-15"


@dataclass(frozen=True, slots=True)
class Link:
    """A way on: to an operation (method and path), with these parameters and this body."""

    to: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json | None = None
    name: str = ""
    """What tells it from other links to the same operation."""


CONTRACT = "/v1/contracts/{contract_id}"
LINE = f"{CONTRACT}/lines/{{line_id}}"
MILESTONE, MILESTONES = "/v1/milestones/{milestone_id}", f"{LINE}/milestones"
ITEM, INVOICE = "/v1/backlog/{item_id}", "/v1/invoices/{invoice_id}"
DETAILS = f"{INVOICE}/details"
DETAIL = f"{DETAILS}/{{detail_id}}"
OBLIGATIONS = "/v1/intake/obligations"
PARKED, JOB = "/v1/intake/parked/{parked_id}", "/v1/jobs/{job_id}"
MARK, RESET = "POST /v1/backlog/mark", "POST /v1/backlog/nte/reset"
REEVALUATE, UNDO = "POST /v1/backlog/nte/reevaluate", "POST /v1/backlog/undo"

_ID_OF_CONTRACT = {"contract_id": CONTRACT_ID}
_ID_OF_LINE = {**_ID_OF_CONTRACT, "line_id": LINE_ID}
_ALONE = {"customer_id": f"{ANSWER}/customers/0/customer_id", "split_percent": "100"}


def _line(method: str, name: str) -> Link:
    """A line of this billing method that the contract's first customer pays for alone."""
    body = {
        "name": name.capitalize(),
        "project_id": "P-1",
        "billing_method": method,
        "customers": [{**_ALONE, "rounding": True}],
    }
    return Link(f"PUT {LINE}", {**_ID_OF_CONTRACT, "line_id": name}, body, name=method)


_CONTRACT = Link(
    f"PUT {CONTRACT}",
    {"contract_id": f"PC-{{{POSITION}}}"},
    {
        "name": "Harbour terminal",
        "currency": "EUR",
        "nte_limit": "150",
        "customers": [{"customer_id": "PORT", "name": "Port Authority"}],
    },
)


def _about_contract(*, whole: bool = False) -> tuple[Link, ...]:
    more = (CONTRACT, f"{CONTRACT}/performance", "/v1/audit/events") if whole else ()
    return tuple(Link(f"GET {path}", _ID_OF_CONTRACT) for path in (f"{CONTRACT}/limits", *more))


_DRAFT = Link("POST /v1/invoices", body=_ID_OF_CONTRACT)
_MILESTONE = Link(
    f"POST {MILESTONES}",
    _ID_OF_LINE,
    {"name": "Design accepted", "amount": "100", "tax": "19", "date": DAY},
)
_APPROVAL = Link(
    "POST /v1/events",
    body={
        "specversion": "1.0",
        "id": f"E-{{{POSITION}}}",
        "source": "urn:links",
        "type": "projects.time.approved.v1",
        "data": {
            **_ID_OF_LINE,
            "approval_id": f"A-{{{POSITION}}}",
            "date": DAY,
            "quantity": "2",
            "unit_price": "50",
            "currency": f"{ANSWER}/currency",
        },
    },
)


def _about_item(at: str, *, name: str = "", mark: str = "ready") -> tuple[Link, ...]:
    """What can be done with the backlog item whose id is at this place of the answer."""
    item_id = f"{ANSWER}/{at}"
    items = {"items": [item_id]}
    return (
        Link(f"GET {ITEM}", {"item_id": item_id}, name=name),
        Link("GET /v1/actuals", {"item_id": item_id}, name=name),
        Link(MARK, body={**items, "status": mark}, name=name),
        Link(RESET, body=items, name=name),
        Link(REEVALUATE, body=items, name=name),
        Link("POST /v1/invoices/items", body=items, name=name),
    )


def _about_milestone(at: str = "milestone_id") -> tuple[Link, ...]:
    identity = {"milestone_id": f"{ANSWER}/{at}"}
    return (
        Link(f"GET {MILESTONE}", identity),
        Link(f"PATCH {MILESTONE}", identity, {"name": "Design approved", "amount": "110"}),
        Link(f"DELETE {MILESTONE}", identity),
    )


def _about_invoice(at: str = "invoice_id") -> tuple[Link, ...]:
    identity = {"invoice_id": f"{ANSWER}/{at}"}
    return (
        Link(f"GET {INVOICE}", identity),
        Link(f"POST {INVOICE}/refresh", identity),
        Link(f"POST {INVOICE}/submit", identity),
        Link(f"POST {INVOICE}/return", identity, {"reason": "the date is wrong"}),
        Link(f"POST {INVOICE}/approve", identity),
        Link(f"POST {INVOICE}/confirm", identity, {"accounting_date": DAY}),
        Link("POST /v1/invoices/confirm", body={"invoice_ids": [identity["invoice_id"]]}),
        Link(f"DELETE {INVOICE}", identity),
        Link("GET /v1/actuals", identity),
        Link("GET /v1/audit/events", identity),
    )


def _about_details(of: str = "") -> tuple[Link, ...]:
    """What can be done with the details of the draft at this place of the answer, by the first."""
    invoice_id = {"invoice_id": f"{ANSWER}/{of}invoice_id"}
    first = f"{ANSWER}/{of}lines/0"
    detail_id = f"{first}/details/0/detail_id"
    detail = {**invoice_id, "detail_id": detail_id}
    by_hand = {
        "line_id": f"{first}/line_id",
        "class": "fee",
        "date": DAY,
        "quantity": "1",
        "unit_price": "80",
        "tax": "15.2",
    }
    edited = {"details": [{"detail_id": detail_id, "billing_type": "complimentary"}]}
    return (
        Link(f"POST {DETAILS}", invoice_id, by_hand),
        Link(f"PATCH {DETAILS}", invoice_id, edited),
        Link(f"PATCH {DETAIL}", detail, {"tax": "9.5", "external_description": "Hours"}),
        Link(f"DELETE {DETAIL}", detail),
    )


def _about_parked(at: str) -> tuple[Link, ...]:
    identity = {"parked_id": f"{ANSWER}/{at}"}
    return (
        Link(f"POST {PARKED}/retry", identity),
        Link(f"DELETE {PARKED}", identity, {"reason": "posted by mistake"}),
    )


_JOB_ID = {"job_id": f"{ANSWER}/job_id"}
ABOUT_JOB = (Link(f"GET {JOB}", _JOB_ID), Link(f"DELETE {JOB}", _JOB_ID))
"""What leads on from the answer that a job has begun."""
_OF_MILESTONE = (
    *_about_milestone(),
    *_about_item("parts/0/item_id"),
    Link(f"GET {LINE}", _ID_OF_LINE),
    _DRAFT,
)
_FIRST_CONTRACT = {"contract_id": f"{ANSWER}/items/0/contract_id"}
LINKS: dict[str, tuple[Link, ...]] = {
    f"PUT {CONTRACT}": (
        *_about_contract(whole=True),
        Link(f"PUT {CONTRACT}", _ID_OF_CONTRACT),
        _line("time_and_material", "work"),
        _line("fixed_price", "milestones"),
        _DRAFT,
    ),
    f"PUT {LINE}": (
        Link(f"GET {LINE}", _ID_OF_LINE),
        Link(f"PUT {LINE}", _ID_OF_LINE),
        *_about_contract(),
        _MILESTONE,
        _APPROVAL,
        _DRAFT,
    ),
    f"GET {LINE}": (_MILESTONE, _APPROVAL),
    f"POST {MILESTONES}": _OF_MILESTONE,
    f"PATCH {MILESTONE}": _OF_MILESTONE,
    f"GET {MILESTONE}": _OF_MILESTONE,
    "POST /v1/events": (
        *_about_item("items/0"),
        *_about_parked("id"),
    ),
    "POST /v1/events/batch": _about_item("results/0/items/0"),
    f"POST {PARKED}/retry": _about_item("items/0"),
    f"GET {OBLIGATIONS}": (
        Link(
            f"POST {OBLIGATIONS}/{{obligation_id}}/waive",
            {"obligation_id": f"{ANSWER}/items/0/obligation_id"},
            {"reason": "the customer agreed"},
        ),
    ),
    f"POST {OBLIGATIONS}/{{obligation_id}}/waive": (Link(f"GET {OBLIGATIONS}"),),
    MARK: (
        *_about_item("changed/0/item_id", mark="not_ready"),
        Link(UNDO, body={"position": POSITION}),
    ),
    UNDO: _about_item("changed/0/item_id"),
    RESET: _about_item("changed/0/item_id"),
    REEVALUATE: _about_item("changed/0/item_id"),
    f"GET {ITEM}": (*_about_item("item_id"), _DRAFT),
    "POST /v1/invoices": (
        *_about_invoice("invoices/0/invoice_id"),
        *_about_details("invoices/0/"),
        *_about_item("invoices/0/lines/0/details/0/item_id", mark="not_ready"),
    ),
    **dict.fromkeys(
        (f"POST {INVOICE}/{what}" for what in ("refresh", "submit", "return", "approve")),
        _about_invoice(),
    ),
    "POST /v1/invoices/items": _about_invoice("invoices/0/invoice_id"),
    "POST /v1/invoices/confirm": ABOUT_JOB,
    f"POST {INVOICE}/items": (*_about_invoice(), *_about_details()),
    f"POST {INVOICE}/corrections": (*_about_invoice(), *_about_details()),
    f"POST {INVOICE}/confirm": (*_about_invoice(), *_about_contract()),
    f"GET {INVOICE}": (*_about_invoice(), *_about_details()),
    f"POST {DETAILS}": (*_about_invoice(), *_about_details()),
    f"PATCH {DETAILS}": (*_about_invoice(), *_about_details()),
    f"PATCH {DETAIL}": (*_about_invoice(), *_about_details()),
    f"DELETE {DETAIL}": (*_about_invoice(), *_about_details()),
    "GET /v1/contracts": (
        _CONTRACT,
        Link(f"GET {CONTRACT}", _FIRST_CONTRACT),
        Link("POST /v1/invoices", body=_FIRST_CONTRACT),
        Link(
            "POST /v1/invoices",
            body={"contract_ids": [_FIRST_CONTRACT["contract_id"]]},
            name="by_a_job",
        ),
        *(
            Link(
                f"GET {LINE}",
                {**_FIRST_CONTRACT, "line_id": f"{ANSWER}/items/0/lines/{n}"},
                name=f"{n}",
            )
            for n in range(2)
        ),
    ),
}
"""What leads on from the answers of each operation."""


def add(document: Json) -> None:
    """Adds the links to what the document says of the answers that have something to lead on from.

    A read that is led to waits until the view shows what was answered. Raises LookupError for an
    operation that the document does not have.
    """
    operations = dict(_operations(document))
    for source, links in LINKS.items():
        for status, response in operations[source]["responses"].items():
            if status in {"200", "201", "202"}:
                leading = ABOUT_JOB if status == "202" else links
                response["links"] = dict(_documented(leading, operations))


def _operations(document: Json) -> Iterable[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _documented(
    links: Iterable[Link], operations: Mapping[str, Json]
) -> Iterable[tuple[str, Json]]:
    for link in links:
        target = operations[link.to]
        known = {parameter["name"] for parameter in target.get("parameters", ())}
        parameters = dict(link.parameters)
        if "after" in known:
            parameters["after"] = POSITION
        name = "_".join(part for part in (target["operationId"], link.name) if part)
        shown: Json = {"operationId": target["operationId"]}
        if parameters:
            shown["parameters"] = parameters
        if link.body is not None:
            shown["requestBody"] = link.body
        yield name, shown
