"""CloudEvents in the document: a schema for each type of event, the three modes they come in."""

from typing import Any

from service.http.openapi.schemas import posted, reference
from service.http.routers.intake import BATCH, STRUCTURED
from service.wire import outcomes
from service.wire.intake import cloudevents, data

Json = dict[str, Any]
EVENTS = {
    "projects.time.approved.v1": ("TimeApproved", data.ApprovalData),
    "projects.expense.approved.v1": ("ExpenseApproved", data.ApprovalData),
    "projects.material.approved.v1": ("MaterialApproved", data.ApprovalData),
    "projects.fee.posted.v1": ("FeePosted", data.ApprovalData),
    cloudevents.APPROVAL_CANCELED: ("ApprovalCanceled", data.RecallData),
    cloudevents.APPROVAL_CORRECTED: ("ApprovalCorrected", data.CorrectionData),
    cloudevents.CONTRACT_CONFIRMED: ("ContractConfirmed", data.ContractData),
    cloudevents.LINE_CONFIRMED: ("ContractLineConfirmed", data.LineData),
}
"""What each type of event is called, and the model of its data."""
_ATTRIBUTES: Json = {
    "specversion": {"type": "string", "const": "1.0"},
    "id": {"type": "string", "minLength": 1, "maxLength": 1024},
    "source": {"type": "string", "minLength": 1, "maxLength": 1024},
    "time": {"type": "string", "format": "date-time"},
    "subject": {"type": "string"},
    "datacontenttype": {"type": "string"},
    "dataschema": {"type": "string"},
}
_REQUIRED = ["specversion", "id", "source", "type", "data"]
_HEADERS = ("specversion", "id", "source", "type", "time", "subject")


def add(document: Json) -> None:
    """Adds the bodies of intake, their schemas, and the headers of binary mode."""
    parts = document["components"]["schemas"]
    for model in {model: None for _, model in EVENTS.values()}:
        parts.update(posted(model))
    for of_type, (name, model) in EVENTS.items():
        parts[name] = {
            "type": "object",
            "required": _REQUIRED,
            "properties": {
                **_ATTRIBUTES,
                "type": {"type": "string", "const": of_type},
                "data": reference(model.__name__),
            },
        }
    names = {of_type: reference(name)["$ref"] for of_type, (name, _) in EVENTS.items()}
    parts["CloudEvent"] = {
        "oneOf": [{"$ref": each} for each in names.values()],
        "discriminator": {"propertyName": "type", "mapping": names},
    }
    parts["CloudEventBatch"] = {"type": "array", "items": reference("CloudEvent")}
    models = dict.fromkeys(model.__name__ for _, model in EVENTS.values())
    parts["EventData"] = {"anyOf": [reference(name) for name in models]}
    one, batch = (document["paths"][path]["post"] for path in ("/v1/events", "/v1/events/batch"))
    one["requestBody"] = {
        "required": True,
        "content": {
            STRUCTURED: {"schema": reference("CloudEvent")},
            "application/json": {"schema": reference("EventData")},
        },
    }
    one["parameters"] = [*one.get("parameters", []), *map(_header, _HEADERS)]
    content = {BATCH: {"schema": reference("CloudEventBatch")}}
    batch["requestBody"] = {"required": True, "content": content}


def _header(attribute: str) -> Json:
    """An attribute of an event as a header, which is read in binary mode alone."""
    schema = {"type": "string"}
    return {"name": f"ce-{attribute}", "in": "header", "required": False, "schema": schema}


def may_be_refused_event(schema: Json, event: Json) -> None:
    """Lets a problem be that of a single event, which has members of its own."""
    own = set(outcomes.RefusedEvent.__struct_fields__) - set(outcomes.Problem.__struct_fields__)
    more = schema["allOf"][1]["properties"]
    more |= {name: each for name, each in event["properties"].items() if name in own}
