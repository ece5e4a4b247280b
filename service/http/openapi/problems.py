"""Problems: which operation can be answered with which, and with which statuses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.http.openapi.schemas import reference
from service.wire.problem.problem_kinds import ProblemKind, problem_kinds
from service.wire.problem.problems import MEDIA_TYPE, TITLES

Json = dict[str, Any]
EVERY = (
    "malformed_http",
    "framed_twice",
    "malformed_host",
    "unknown_host",
    "invalid_fields",
    "request_timeout",
    "body_too_large",
    "too_many_connections",
    "too_many_requests",
    "deadline_passed",
    "internal",
)
"""Every request can be answered with these."""
BY_PARAMETER = {
    "x-tenant": (
        "tenant_not_found",
        "told_by_token",
        "unavailable",
        "views_behind",
        "history_too_new",
        "history_damaged",
    ),
    "x-actor": ("told_by_token",),
    "after": ("position_ahead", "too_many_waiting"),
    "If-Match": ("malformed_if_match", "stale_version"),
    "Idempotency-Key": ("idempotency_key_reused",),
}
"""What comes with a parameter."""
WITH_TOKEN = (
    "token_missing",
    "token_invalid",
    "scope_missing",
    "token_restricted",
    "issuer_unavailable",
    "session_over",
    "token_and_session",
    "unavailable",
)
"""What comes with every request that asks for a scope."""
CHANGING_WITH_TOKEN = ("csrf_token_missing",)
"""What comes with those of them that may change something."""
CHANGING = ("foreign_origin", "conflict", "outcome_unknown")
"""What comes with every request that may change something."""
WITH_BODY = (
    "malformed_json",
    "cut_off",
    "too_many_values",
    "unsupported_media_type",
    "malformed_gzip",
    "unsupported_encoding",
)
"""What comes with a body."""


def codes_of(operation: Json, *, is_read: bool) -> set[str]:
    """The codes of the problems that an operation has."""
    codes = {*EVERY, *operation["responses"].get("default", {}).get("x-problems", ())}
    for parameter in operation.get("parameters", []):
        codes.update(BY_PARAMETER.get(parameter["name"], ()))
    if operation.get("security"):
        codes.update(WITH_TOKEN)
    if not is_read:
        codes.update(CHANGING)
    if not is_read and operation.get("security"):
        codes.update(CHANGING_WITH_TOKEN)
    if "requestBody" in operation:
        codes.update(WITH_BODY)
    return codes


def add(paths: Mapping[str, Json], parts: Json) -> None:
    """Adds to each operation the answers that are problems, with the codes of each.

    Raises KeyError for a code that is not known.
    """
    for method, operation in _operations(paths):
        name = operation["operationId"]
        codes = codes_of(operation, is_read=method == "get")
        schema_name = f"{name[0].upper()}{name[1:]}Problem"
        parts[f"{schema_name}Code"] = {
            "description": f"The codes of problems that `{name}` can be answered with.",
            "type": "string",
            "enum": sorted(codes),
        }
        parts[schema_name] = {
            "description": f"A problem that `{name}` is answered with.",
            "allOf": [
                reference("Problem"),
                {"type": "object", "properties": {"code": reference(f"{schema_name}Code")}},
            ],
        }
        responses = operation["responses"]
        for left_out in ("422", "default"):
            responses.pop(left_out, None)
        for status, of_status in _by_status(codes).items():
            listed = ", ".join(f"`{code}`" for code in of_status)
            examples = {code: {"$ref": f"#/components/examples/{code}"} for code in of_status}
            content = {MEDIA_TYPE: {"schema": reference(schema_name), "examples": examples}}
            described = f"{TITLES[status]}: {listed}."
            responses[str(status)] = {"description": described, "content": content}
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)


def examples(paths: Mapping[str, Json]) -> Json:
    """An example of each problem that some operation can be answered with."""
    codes = {
        code
        for _, operation in _operations(paths)
        for response in operation["responses"].values()
        for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }
    return {code: {"value": _example(problem_kinds()[code])} for code in sorted(codes)}


def _operations(paths: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Every operation, with its method."""
    for methods in paths.values():
        yield from methods.items()


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in sorted(codes):
        for status in problem_kinds()[code].status:
            found.setdefault(status, []).append(code)
    return {status: found[status] for status in sorted(found)}


def _example(kind: ProblemKind) -> Json:
    status = kind.status[0]
    return {
        "type": kind.type,
        "title": TITLES[status],
        "status": status,
        "code": kind.code,
        "detail": kind.means,
    }
