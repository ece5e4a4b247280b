"""Examples: requests that follow each other as a story, and what each is answered.

story.yaml has the requests, in their order. Their answers are those of a service that was asked
(`just examples`); the tests ask again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def add(operations: Mapping[str, Json], story: Sequence[Json], answers: Json) -> None:
    """Adds the requests of the story and their answers."""
    for step in story:
        operation = operations[step["operation"]]
        key = step["name"]
        for parameter in operation.get("parameters", []):
            if parameter["name"] in step.get("parameters", {}):
                value = step["parameters"][parameter["name"]]
                parameter.setdefault("examples", {})[key] = {"value": value}
        if "body" in step:
            content = operation["requestBody"]["content"]
            _add(content[step.get("as", "application/json")], step, step["body"])
        if key in answers:
            answer = answers[key]
            media = operation["responses"][str(answer["status"])]["content"]
            _add(next(iter(media.values())), step, answer["body"])


def _add(media: Json, step: Json, value: Any) -> None:
    shown = {"summary": step["summary"], "value": value}
    media.setdefault("examples", {})[step["name"]] = shown
