"""What deploy/ has for compose and Kubernetes, as the tests beside read it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compose_spec
import jsonschema
import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]
import typer
import yaml

from service.cli.main import cli

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
KUBERNETES = ROOT / "deploy" / "kubernetes"
KUBERNETES_VERSIONS = ("1.30", "1.37")
"""The first and the newest version that the manifests are for."""
CLUSTER = Path(__file__).with_name("cluster_schema.yaml")


class Invalid(Exception):
    """A document is not as its schema says; the message is what the schema says of it."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs the service's image, and what it is given."""

    where: str
    command: Sequence[str]
    environment: Mapping[str, str | None]
    """The variables, None for what comes from a secret."""


def compose() -> Json:
    """The file for compose, with what it repeats put in place."""
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def objects() -> list[Json]:
    """The objects of all manifests for Kubernetes."""
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text("utf-8"))]


def named(kind: str, name: str) -> Json:
    """One object of the manifests."""
    (found,) = (
        each for each in objects() if each["kind"] == kind and each["metadata"]["name"] == name
    )
    return found


def check_compose(document: Json) -> None:
    """Raises Invalid for what the specification of compose does not allow."""
    try:
        compose_spec.PyCompose.from_yaml(json.dumps(document))
    except ValueError as error:
        raise Invalid(str(error)) from None


def check_object(document: Json) -> None:
    """Raises Invalid for what Kubernetes, or CloudNativePG for its own, does not know."""
    try:
        if document["apiVersion"] == "postgresql.cnpg.io/v1":
            jsonschema.validate(document, yaml.safe_load(CLUSTER.read_text("utf-8")))
            return
        for version in KUBERNETES_VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        raise Invalid(error.message) from None


def pods() -> dict[str, Json]:
    """What each Deployment says of its pods, by its name."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in objects()
        if each["kind"] == "Deployment"
    }


def containers() -> Iterator[Container]:
    """All containers of the service's image."""
    for name, service in compose()["services"].items():
        if service["image"].startswith("billing-backlog:"):
            yield Container(f"compose {name}", service["command"], service["environment"])
    for name, pod in pods().items():
        for each in pod["containers"]:
            told = {variable["name"]: variable.get("value") for variable in each["env"]}
            yield Container(f"Kubernetes {name}", each["command"], told)


def parse(command: Sequence[str]) -> None:
    """Has the command line read it, and run nothing. Raises its UsageError for what it refuses."""
    program, name, *arguments = command
    assert program == "billing-backlog"
    group = typer.main.get_command(cli)
    found = group.commands[name]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
    found.make_context(name, list(arguments))  # pyright: ignore[reportUnknownMemberType]
