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
        if "repeated" in step:  # too large to be shown
            continue
        operation = operations[step["operation"]]
        key = step["name"]
        for parameter in operation.get("parameters", []):
            if parameter["name"] in step.get("parameters", {}):
                value = step["parameters"][parameter["name"]]
                _add(parameter, step, value)
        if "body" in step:
            content = operation["requestBody"]["content"]
            _add(content[step.get("as", "application/json")], step, step["body"])
        if key in answers:
            answer = answers[key]
            media = operation["responses"][str(answer["status"])]["content"]
            _add(media[step.get("accept", next(iter(media)))], step, answer["body"])


def _add(to: Json, step: Json, value: Any) -> None:
    """Adds an example to a parameter or a body; all of a step are told by the same summary."""
    shown = {"summary": step["summary"], "value": value}
    to.setdefault("examples", {})[step["name"]] = shown
