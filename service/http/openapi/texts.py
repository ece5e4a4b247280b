"""Texts: summaries, and descriptions of every parameter, answer, schema and property.

What the code says itself of a field stands there; all else is in texts.yaml.
"""

import re
from collections.abc import Mapping
from typing import Any

from service.http.openapi.schemas import within

Json = dict[str, Any]
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def summarize(operation: Json) -> None:
    """Its name as words; FastAPI's has every word in capitals."""
    first, *others = _WORDS.split(operation["operationId"])
    operation["summary"] = " ".join([first.capitalize(), *map(str.lower, others)])


def describe(operations: Mapping[str, Json], parts: Json, said: Json) -> None:
    """Describes every parameter, every good answer, every schema and every property."""
    for name, operation in operations.items():
        own = said["operations"].get(name, {})
        for parameter in operation.get("parameters", []):
            parameter["schema"].pop("description", None)
            named = parameter["name"]
            _say(parameter, own.get(named), said["parameters"].get(named))
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                response["description"] = said["answers"][status]
        if "requestBody" in operation:
            _say(operation["requestBody"], own.get("body"), said["answers"]["body"])
    for name, part in parts.items():
        own = said["schemas"].get(name, {})
        _say(part, own.get("itself"), None)
        for property_name, schema in within(part):
            _say(schema, own.get(property_name), said["properties"].get(property_name))
            if "default" in schema and schema["default"] is not None:
                shown = str(schema["default"]).lower()
                schema["description"] = f"{schema.get('description', '')} `{shown}` if left out."
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            _describe_as(parameter["schema"], parameter.get("description"), parts)
    for part in list(parts.values()):
        for _, schema in within(part):
            _describe_as(schema, schema.get("description"), parts)


def _say(described: Json, first: str | None, otherwise: str | None) -> None:
    """Describes it: by the first text, by what it says itself, by the other; the first there is."""
    text = first or described.get("description") or otherwise
    if text:
        described["description"] = text.strip()


def _describe_as(schema: Json, text: str | None, parts: Json) -> None:
    """Describes what got its name from a property or a parameter as that."""
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", [])):
        named = parts.get(each.get("$ref", "").rpartition("/")[2])
        if named and text:
            named.setdefault("description", text)
