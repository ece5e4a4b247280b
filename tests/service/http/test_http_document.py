"""The OpenAPI document says all there is to say: names, descriptions, examples, problems."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.http.openapi.document import read
from service.tenants.tenant import Tenant
from service.wire.problem.problem_kinds import problem_kinds
from tests.office import BATCH
from tests.service.http_caller import DOCUMENT, hold_against_its_model
from tests.service.processes import LONG
from tests.service.story import STORY, form_of, told

Json = dict[str, Any]
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, Json] = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}

WITHOUT_AN_OPERATION = {
    "not_found",
    "method_not_allowed",
    "http_error",
    "line_too_long",  # of a file
    "fixed_price_line",  # these two are why an event is not billable: it is taken in
    "not_available",
}
"""Codes of problems that are no answer to an operation of the document."""


def unnamed(schema: Json, where: str) -> Iterator[str]:
    """Where in a schema something stands that needs a name and has none."""
    within: list[Json] = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    inner = [schema.get(key) for key in ("items", "additionalProperties")]
    within += [part for part in inner if part and part is not True]
    for part in within:
        yield from needs_a_name(part, where)
    for name, part in schema.get("properties", {}).items():
        yield from needs_a_name(part, f"{where}.{name}")


def needs_a_name(part: Json, where: str) -> Iterator[str]:
    choices = [each for each in part.get("anyOf", []) if each != {"type": "null"}]
    if part.get("type") == "object" or "properties" in part or "enum" in part or len(choices) > 1:
        yield where
    yield from unnamed(part, where)


def media_of(operation: Json) -> Iterator[tuple[str, Json]]:
    """Every body of an operation: of the request, and of its answers by their status."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield "request", media
    for status, response in operation["responses"].items():
        for media in response["content"].values():
            yield status, media


def test_no_object_no_choice_and_no_list_of_words_is_without_a_name() -> None:
    found = [each for name, part in SCHEMAS.items() for each in unnamed(part, name)]
    for name, operation in OPERATIONS.items():
        for where, media in media_of(operation):
            found += needs_a_name(media["schema"], f"{name} {where}")
        for parameter in operation.get("parameters", []):
            found += needs_a_name(parameter["schema"], f"{name} {parameter['name']}")
    assert found == []
    assert all(part["title"] == name for name, part in SCHEMAS.items())


def test_everything_is_described() -> None:
    found = [name for name, part in SCHEMAS.items() if not part.get("description")]
    for name, part in SCHEMAS.items():
        for own, schema in part.get("properties", {}).items():
            if not schema.get("description"):
                found.append(f"{name}.{own}")
    tags = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    for name, operation in OPERATIONS.items():
        found += [f"{name} {tag}" for tag in operation["tags"] if tag not in tags]
        if not (operation["summary"] and operation["description"]):
            found.append(name)
        for parameter in operation.get("parameters", []):
            if not parameter.get("description"):
                found.append(f"{name} {parameter['name']}")
    assert found == []


def test_every_text_of_a_schema_or_an_operation_is_of_one_that_there_is() -> None:
    texts = read("texts")
    assert texts["operations"].keys() <= OPERATIONS.keys()
    assert texts["schemas"].keys() <= SCHEMAS.keys()


def test_every_request_and_every_answer_has_an_example() -> None:
    found = [
        f"{name} {where}"
        for name, operation in OPERATIONS.items()
        for where, media in media_of(operation)
        if not media.get("examples")
    ]
    assert found == []
    assert {step["operation"] for step in STORY} == OPERATIONS.keys()


def test_every_parameter_without_which_nothing_can_be_asked_has_an_example() -> None:
    found = [
        f"{name} {parameter['name']}"
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if parameter["required"] and not parameter.get("examples")
    ]
    assert found == []


def test_what_may_be_left_out_has_no_default_that_would_make_it_required_for_generators() -> None:
    found = [
        f"{name}.{own}"
        for name, part in SCHEMAS.items()
        for own, schema in part.get("properties", {}).items()
        if "default" in schema
    ]
    assert found == []


def test_each_type_of_event_has_a_schema_of_its_own() -> None:
    mapping: dict[str, str] = SCHEMAS["CloudEvent"]["discriminator"]["mapping"]
    named = {kind: SCHEMAS[ref.rpartition("/")[2]] for kind, ref in mapping.items()}
    assert all(part["properties"]["type"]["const"] == kind for kind, part in named.items())
    assert [each["$ref"] for each in SCHEMAS["CloudEvent"]["oneOf"]] == list(mapping.values())
    batch = OPERATIONS["postEventBatch"]["requestBody"]["content"][BATCH]["schema"]
    assert batch == {"$ref": "#/components/schemas/CloudEventBatch"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_status_lists_no_code_that_the_operation_has_not(name: str) -> None:
    at = f"{name[0].upper()}{name[1:]}Problem"
    listed = {
        code
        for status, response in OPERATIONS[name]["responses"].items()
        if not status.startswith("2")
        for code in response["content"]["application/problem+json"]["examples"]
    }
    assert listed == set(SCHEMAS[f"{at}Code"]["enum"])


def test_every_code_that_comes_with_a_status_is_said_of_some_operation() -> None:
    said = {
        code
        for name in OPERATIONS
        for code in SCHEMAS[f"{name[0].upper()}{name[1:]}ProblemCode"]["enum"]
    }
    with_status = {code for code, kind in problem_kinds().items() if kind.status}
    assert with_status - said == WITHOUT_AN_OPERATION
    assert said <= with_status


def test_the_examples_are_what_the_service_answers_in_their_order(
    api: httpx.Client, tenant: Tenant
) -> None:
    shown = read("answers")
    address = f"http://{api.base_url.host}:{api.base_url.port}"
    with httpx.Client(base_url=address, timeout=LONG) as client:
        for step, response, body in told(client, tenant):
            name = step["name"]
            assert response.status_code == shown[name]["status"], (name, body)
            if step.get("varies"):
                assert form_of(step, body) == form_of(step, shown[name]["body"])
            else:
                assert body == shown[name]["body"], name
            hold_against_its_media_type(response, step)
            hold_against_its_headers(response, OPERATIONS[step["operation"]])
            if response.headers["content-type"] == "application/json":
                hold_against_its_model(response)


def hold_against_its_media_type(response: httpx.Response, step: Json) -> None:
    """The answer is of the media type that was asked for, or else of the first that it may be."""
    said = OPERATIONS[step["operation"]]["responses"][str(response.status_code)]["content"]
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type == step.get("accept", next(iter(said))), step["name"]


def hold_against_its_headers(response: httpx.Response, operation: Json) -> None:
    """The answer has the headers that it is said to have always, as they are said to look."""
    said = operation["responses"][str(response.status_code)].get("headers", {})
    for name in said:
        header = DOCUMENT["components"]["headers"][name]
        value = response.headers.get(name)
        assert value or not header["required"], name
        assert value is None or re.match(header["schema"].get("pattern", ""), value), value
