"""How the document is put together: FastAPI's, and what is filled in, step by step."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http.openapi import events, examples, headers, links, problems, schemas, texts

Json = dict[str, Any]
HERE = Path(__file__).parent


def document_of(app: FastAPI) -> Json:
    """The OpenAPI 3.1 document of an app."""
    said = read("texts")
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="From approved work to confirmed invoices",
        description=said["description"],
        tags=[{"name": name, "description": text} for name, text in said["tags"].items()],
        servers=[{"url": "/", "description": "Where this document is served."}],
        contact={"name": "The maintainers of Billing backlog"},
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
    )
    document["security"] = []  # who is open to all says nothing
    every = dict(operations(document))
    for operation in every.values():
        _one_scope_is_enough(operation)
        texts.summarize(operation)
        schemas.without_null(operation)
    parts = document["components"]["schemas"]
    parts |= schemas.answers() | parts  # statuses, which both have, stay as bodies name them
    events.add(document)
    problems.add(document["paths"], parts)
    events.may_be_refused_event(parts["PostEventProblem"], parts["RefusedEvent"])
    schemas.name_all(every, parts)
    texts.describe(every, parts, said)
    schemas.leave_out_defaults(parts)
    examples.add(every, read("story"), read("answers"))
    document["components"]["headers"] = headers.add(every, said["headers"])
    document["components"]["examples"] = problems.examples(document["paths"])
    links.add(document)
    document["components"]["schemas"] = dict(sorted(schemas.used(document).items()))
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """The operations of a document by their names."""
    for path in document["paths"].values():
        for operation in path.values():
            yield operation["operationId"], operation


def _one_scope_is_enough(operation: Json) -> None:
    """Says of several scopes that each opens by itself; FastAPI lists them as if all were."""
    if asked := operation.get("security"):
        operation["security"] = [
            {name: [scope]} for each in asked for name, scopes in each.items() for scope in scopes
        ]


@cache
def read(name: str) -> Any:
    """What a YAML file beside says; the same object each time, which nobody changes."""
    text = (HERE / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
