"""Headers of answers: the version of a resource, where a job is, where a list goes on, its id."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.wire.problem.problems import MEDIA_TYPE

Json = dict[str, Any]
REFERENCE = "#/components/headers/{name}"
ALWAYS = {"ETag", "Location"}
"""Headers that an answer has which is said to have them; the others may be there."""
VERSIONED = {"Contract", "ConfirmedInvoice", "Invoice", "Job", "Line", "Milestone"}
"""Answers of which If-Match may name the version."""
PATTERNS = {"ETag": r'^"[0-9]+"$', "Location": "^/v1/jobs/", "Retry-After": "^[0-9]+$"}


def add(operations: Mapping[str, Json], said: Mapping[str, str]) -> Json:
    """Adds to each answer the headers that it has; the headers by their names."""
    for operation in operations.values():
        for status, response in operation["responses"].items():
            names = sorted(_names(status, response["content"]))
            if names:
                response["headers"] = {
                    name: {"$ref": REFERENCE.format(name=name)} for name in names
                }
    return {name: _header(name, text) for name, text in said.items()}


def _header(name: str, text: str) -> Json:
    pattern = {"pattern": PATTERNS[name]} if name in PATTERNS else {}
    schema = {"type": "string", **pattern}
    return {"description": text, "required": name in ALWAYS, "schema": schema}


def _names(status: str, content: Json) -> Iterator[str]:
    """The headers of an answer with this status and these bodies."""
    yield "X-Request-Id"
    kinds = {media["schema"].get("$ref", "").rpartition("/")[2] for media in content.values()}
    if status == "202":
        yield "Location"
    if kinds & VERSIONED:
        yield "ETag"
    if any(kind.endswith("Page") or kind == "Summary" for kind in kinds):
        yield "Link"
    if status in {"429", "503"} and MEDIA_TYPE in content:
        yield "Retry-After"
