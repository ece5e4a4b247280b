"""The OpenAPI document: FastAPI's, with what callers get and post filled in, and with links."""

import json
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.http import openapi_links
from service.http.responses import KINDS, REFERENCE
from service.http.routers.intake import BATCH, STRUCTURED
from service.wire import cloudevents, outcomes, requests
from service.wire.problems import MEDIA_TYPE

DESCRIPTION = """\
What could be billed, what is ready, what must wait, what limits forbid, what sits on a draft and
what is posted: fixed-price milestones and time and material, event-sourced.
Decimals travel as strings; every error is a problem document (RFC 9457).
"""
_PART = "#/components/schemas/{model}"
_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string", "enum": []},
        "datacontenttype": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}


def event_body(types: tuple[str, ...], data: list[dict[str, str]]) -> dict[str, Any]:
    """The request body of intake for the OpenAPI document: all three modes."""
    event = {
        **_EVENT_SCHEMA,
        "properties": {
            **_EVENT_SCHEMA["properties"],
            "type": {"type": "string", "enum": list(types)},
            "data": {"anyOf": data},
        },
    }
    return {
        "required": True,
        "content": {
            STRUCTURED: {"schema": event},
            BATCH: {"schema": {"type": "array", "items": event}},
            "application/json": {"schema": {"anyOf": data}},
        },
    }


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with intake bodies, the problem document and links filled in."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        summary="From approved work to confirmed invoices",
    )
    parts = document["components"]["schemas"]
    parts |= _answers() | parts  # statuses, which both have, stay as bodies and queries name them
    for model in (requests.ApprovalData, requests.ContractData, requests.LineData):
        parts.update(_posted(model))
    data = [
        {"$ref": f"#/components/schemas/{name}"}
        for name in ("ApprovalData", "ContractData", "LineData")
    ]
    events = document["paths"]["/v1/events"]["post"]
    events["requestBody"] = event_body(cloudevents.TYPES, data)
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {
                "description": "A problem",
                "content": {MEDIA_TYPE: problem},
            }
    refused = {"$ref": "#/components/schemas/RefusedEvent"}
    events["responses"]["default"] = {
        "description": "A single event is refused, or another problem",
        "content": {MEDIA_TYPE: {"schema": {"anyOf": [refused, problem["schema"]]}}},
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)
    openapi_links.add(document)
    app.openapi_schema = document
    return document


def _answers() -> dict[str, Any]:
    """The schemas of all that callers get."""
    kinds = [*KINDS.values(), outcomes.Problem, outcomes.RefusedEvent]
    _, parts = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    for part in parts.values():
        if "enum" in part:
            part["type"] = "string"
    return parts


def _posted(model: type[BaseModel]) -> dict[str, Any]:
    """The schemas of the data of an event: open, for intake ignores fields that it does not know.

    Parts that are open for that reason are named apart from those that other bodies have.
    """
    schema = model.model_json_schema(ref_template=_PART)
    found = {model.__name__: schema, **schema.pop("$defs", {})}
    opened = {
        name: name if name == model.__name__ else f"Posted{name.removesuffix('Body')}"
        for name, part in found.items()
        if part.get("additionalProperties") is False
    }
    text = json.dumps({opened.get(name, name): part for name, part in found.items()})
    for name, new in opened.items():
        text = text.replace(f'"{_PART.format(model=name)}"', f'"{_PART.format(model=new)}"')
    parts = json.loads(text)
    for name in opened.values():
        del parts[name]["additionalProperties"]
    return parts
