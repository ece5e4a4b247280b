"""Schemas: each object, each choice and each list of words has a name of its own."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel

from service.http.responses import KINDS, REFERENCE
from service.wire import outcomes

Json = dict[str, Any]
_REFERENCE = re.compile(re.escape(REFERENCE).replace(r"\{name\}", r"([\w.-]+)"))


def reference(name: str) -> Json:
    """A reference to the schema of this name."""
    return {"$ref": REFERENCE.format(name=name)}


def answers() -> Json:
    """The schemas of all that callers get."""
    problems = {kind.__name__: kind for kind in (outcomes.Problem, outcomes.RefusedEvent)}
    kinds = KINDS | problems
    made, parts = msgspec.json.schema_components(kinds.values(), ref_template=REFERENCE)
    names = {each["$ref"].rpartition("/")[2]: name for each, name in zip(made, kinds, strict=True)}
    return renamed(parts, names)


def posted(model: type[BaseModel]) -> Json:
    """The schemas of the data of an event: open, for intake ignores fields that it does not know.

    Parts that are open for that reason are named apart from those that other bodies have.
    """
    schema = model.model_json_schema(ref_template=REFERENCE.replace("{name}", "{model}"))
    found = {model.__name__: schema, **schema.pop("$defs", {})}
    opened = {
        name: name if name == model.__name__ else f"Posted{name.removesuffix('Body')}"
        for name, part in found.items()
        if part.get("additionalProperties") is False
    }
    parts = renamed(found, opened)
    for name in opened.values():
        del parts[name]["additionalProperties"]
    return parts


def renamed(parts: Json, names: Mapping[str, str]) -> Json:
    """The schemas with other names for these, and with references to them by those."""

    def by_new_name(found: re.Match[str]) -> str:
        return REFERENCE.format(name=names.get(found[1], found[1]))

    text = json.dumps({names.get(name, name): part for name, part in parts.items()})
    return json.loads(_REFERENCE.sub(by_new_name, text))


def without_null(operation: Json) -> None:
    """Says of what may be left out no more than that: null can't be sent there."""
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _not_null(parameter["schema"])
        if parameter["schema"].get("default") is False:  # pages would fill it in before an example
            del parameter["schema"]["default"]
        if parameter["name"] == "sort":  # in one value, with commas
            parameter |= {"style": "form", "explode": False}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media["schema"] = _not_null(media["schema"])


def _not_null(schema: Json) -> Json:
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    kept = choices[0] if len(choices) == 1 else schema
    return {key: value for key, value in kept.items() if key not in {"title", "examples"}}


def name_all(operations: Mapping[str, Json], parts: Json) -> None:
    """Moves what has no name yet among the named schemas, under the name of where it was."""
    for name, operation in operations.items():
        at = name[0].upper() + name[1:]
        for parameter in operation.get("parameters", []):
            parameter["schema"] = _by_name(
                parameter["schema"], at + _camel(parameter["name"]), parts
            )
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _by_name(media["schema"], f"{at}Body", parts)
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                media["schema"] = _by_name(media["schema"], f"{at}Answer", parts)
    for name in list(parts):
        _name_parts(parts[name], name, parts)
    for name, part in parts.items():
        part["title"] = name


def _name_parts(schema: Json, name: str, parts: Json) -> None:
    """Names what stands within a schema."""
    for property_name, within in schema.get("properties", {}).items():
        within.pop("title", None)
        at = name + _camel(property_name)
        schema["properties"][property_name] = _by_name(within, at, parts)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _by_name(schema[key], name, parts)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            schema[key] = [_by_name(each, name, parts) for each in schema[key]]


def _by_name(schema: Json, name: str, parts: Json) -> Json:
    """The schema, or a reference to it if it is one that needs a name."""
    if "$ref" in schema:
        return schema
    if len(schema.get("enum", [])) == 1:
        schema["const"] = schema.pop("enum")[0]
        schema["type"] = "string"
    either = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    choices = [each for each in either if each != {"type": "null"}]
    if not (schema.get("type") == "object" or "enum" in schema or len(choices) > 1):
        _name_parts(schema, name, parts)
        return schema
    name = (schema.get("title") if len(choices) > 1 else None) or name
    described = {key: schema.pop(key) for key in ("description", "default") if key in schema}
    if "enum" in schema:
        schema["type"] = "string"
    _name_parts(schema, name, parts)
    parts[name] = schema
    return {**reference(name), **described}


def leave_out_defaults(parts: Json) -> None:
    """Leaves defaults out: generators of clients take what has one as always given."""
    for part in parts.values():
        for schema in part.get("properties", {}).values():
            schema.pop("default", None)


def used(document: Json) -> Json:
    """The named schemas that something refers to."""
    parts: Json = document["components"]["schemas"]
    found = set[str]()
    more = set(_REFERENCE.findall(json.dumps(document["paths"])))
    while more:
        found |= more
        within = json.dumps([parts[name] for name in more])
        more = set(_REFERENCE.findall(within)) - found
    return {name: part for name, part in parts.items() if name in found}


def _camel(name: str) -> str:
    return "".join(each[:1].upper() + each[1:] for each in re.split(r"[^A-Za-z0-9]+", name))


def within(part: Json) -> Iterator[tuple[str, Json]]:
    """The properties of a schema, by their names; of one that adds to another, those it adds."""
    yield from part.get("properties", {}).items()
    for each in part.get("allOf", []):
        yield from each.get("properties", {}).items()
