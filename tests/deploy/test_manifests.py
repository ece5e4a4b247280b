"""What deploy/ has for compose and Kubernetes is as its schemas, the image and the service say."""

import copy
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.access.tokens import new_token, read_token
from service.settings import PREFIX, Settings
from tests.deploy import manifests
from tests.deploy.manifests import Container, Invalid, Json
from tests.deploy.test_image import instructions, of

CONTAINERS = list(manifests.containers())
OBJECTS = manifests.objects()
STOP_SECONDS = 30.0
"""What a stop takes beside draining and calls at work (docs/operations.md, "Stopping")."""


def of_objects(each: Any) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


# --- the schemas -------------------------------------------------------------------------------


def test_compose_is_as_its_specification_says() -> None:
    manifests.check_compose(manifests.compose())


@pytest.mark.parametrize("document", OBJECTS, ids=of_objects)
def test_an_object_is_as_its_schema_says(document: Json) -> None:
    manifests.check_object(document)


def misspelt(document: Json) -> list[Json]:
    """The document with one field misspelt, each field that has a fixed name in its turn."""
    made: list[Json] = []

    def walk(within: Any, reach: Callable[[Json], Any]) -> None:
        if isinstance(within, dict):
            for key in within:  # pyright: ignore[reportUnknownVariableType]
                changed = copy.deepcopy(document)
                place = reach(changed)
                place[f"{key}x"] = place.pop(key)
                made.append(changed)
        children = within.items() if isinstance(within, dict) else enumerate(within)  # pyright: ignore
        for key, value in children:  # pyright: ignore[reportUnknownVariableType]
            if isinstance(value, dict | list):
                walk(value, lambda top, key=key: reach(top)[key])  # pyright: ignore

    walk(document, lambda top: top)
    return made


FREE = {"labels", "matchLabels", "selector", "requests", "limits"}
"""Where names are anybody's own."""


def without_free_names(document: Json) -> Json:
    """Without what has names of its own, which no schema can know."""
    kept = copy.deepcopy(document)

    def prune(within: Any) -> None:
        if isinstance(within, dict):
            for key in FREE & within.keys():  # pyright: ignore
                if "matchLabels" not in within[key]:  # pyright: ignore[reportUnknownMemberType]
                    within[key] = {}  # pyright: ignore[reportUnknownMemberType]
        for value in within.values() if isinstance(within, dict) else within:  # pyright: ignore
            if isinstance(value, dict | list):
                prune(value)

    prune(kept)
    return kept


@pytest.mark.parametrize("document", OBJECTS, ids=of_objects)
def test_no_misspelt_field_of_an_object_goes_unseen(document: Json) -> None:
    unseen = list[Json]()
    for changed in misspelt(without_free_names(document)):
        try:
            manifests.check_object(changed)
        except (Invalid, KeyError):  # without its kind, nobody knows what it is
            continue
        unseen.append(changed)
    assert unseen == []


@pytest.mark.parametrize(
    "path",
    ["restart", "read_only", "stop_grace_period", "depends_on", "secrets", "healthcheck.test"],
)
def test_a_misspelt_field_of_compose_is_seen(path: str) -> None:
    document = manifests.compose()
    within = document["services"]["db-1"]
    *above, field = path.split(".")
    for each in above:
        within = within[each]
    within[f"{field}x"] = within.pop(field)
    with pytest.raises(Invalid, match=f"{field}x"):
        manifests.check_compose(document)


def test_what_compose_refers_to_is_there() -> None:
    document = manifests.compose()
    services = document["services"]
    for name, service in services.items():
        for kind in ("networks", "secrets"):
            assert set(service.get(kind, ())) <= document[kind].keys(), name
        volumes = {each.split(":")[0] for each in service.get("volumes", ())}
        assert volumes <= document["volumes"].keys(), name
        assert service.get("depends_on", {}).keys() <= services.keys(), name


# --- the service and its image -----------------------------------------------------------------


def each_container(container: Container) -> str:
    return container.where


@pytest.mark.parametrize("container", CONTAINERS, ids=each_container)
def test_the_command_line_takes_the_command(container: Container) -> None:
    manifests.parse(container.command)


def test_a_command_that_is_none_is_seen() -> None:
    with pytest.raises(Exception, match="No such option"):
        manifests.parse(["billing-backlog", "serve", "--no-such-option"])
    with pytest.raises(KeyError):
        manifests.parse(["billing-backlog", "serves"])


@pytest.mark.parametrize("container", CONTAINERS, ids=each_container)
def test_every_variable_is_a_setting_with_a_value_that_it_takes(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {name: value for name, value in container.environment.items() if name.startswith(PREFIX)}
    fields = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert ours.keys() <= fields
    for name, value in ours.items():
        if value is not None and name != f"{PREFIX}CONFIG":  # the file is made by hand
            monkeypatch.setenv(name, value.replace("$(POD_IP)", "10.1.2.3"))
    settings = Settings()
    if container.command[1] == "serve":
        assert settings.authentication
        assert settings.host == "0.0.0.0"
        assert settings.bootstrap_key_file is not None


def test_no_secret_stands_in_a_manifest() -> None:
    key = re.compile(r"bbk_[a-z0-9-]{1,40}_[0-9a-f]{72}")
    assert read_token(new_token("default"))
    assert key.search(new_token("default"))
    for file in (manifests.COMPOSE, *manifests.KUBERNETES.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        assert not key.search(text)
        assert not re.search(r"postgresql://[^\s]*:[^\s]*@", text)
    assert not [each for each in OBJECTS if each["kind"] == "Secret"]
    for container in CONTAINERS:
        assert not [
            name for name in container.environment if re.search("PASSWORD|TOKEN|SECRET", name)
        ]


def test_ports_paths_and_the_user_are_those_of_the_image() -> None:
    (user,) = of("USER")
    (command,) = of("CMD")
    assert '"--port", "8000"' in command
    (checked,) = of("HEALTHCHECK")
    assert "/health/ready" in checked
    assert Settings.model_fields["port"].default == 8000
    pod = manifests.pods()["billing-backlog"]
    (container,) = pod["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8000}]
    for name, path in (
        ("startupProbe", "/health/live"),
        ("livenessProbe", "/health/live"),
        ("readinessProbe", "/health/ready"),
    ):
        asked = container[name]["httpGet"]
        assert (asked["path"], asked["port"]) == (path, "http")
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    for spec in manifests.pods().values():
        security = spec["securityContext"]
        assert f"{security['runAsUser']}:{security['runAsGroup']}" == user
    published = [
        port.rsplit(":", 1)[1]
        for name, service in manifests.compose()["services"].items()
        if name.startswith("service-")
        for port in service["ports"]
    ]
    assert published == ["8000", "8000"]
    assert any(line.startswith("VOLUME /data") for line in instructions())


# --- what a pod and a container may do ---------------------------------------------------------


@pytest.mark.parametrize("name", manifests.pods())
def test_a_pod_is_no_root_and_writes_nothing_but_tmp(name: str) -> None:
    pod = manifests.pods()[name]
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= container["resources"].keys()
    volumes = {each["name"]: each for each in pod["volumes"]}
    written = [
        mount["mountPath"]
        for mount in container["volumeMounts"]
        if "emptyDir" in volumes[mount["name"]]
    ]
    assert written == ["/tmp"]
    assert all(
        mount.get("readOnly") or mount["mountPath"] == "/tmp" for mount in container["volumeMounts"]
    )


@pytest.mark.parametrize("name", manifests.compose()["services"])
def test_a_container_of_compose_has_no_rights_and_an_end_to_what_it_takes(name: str) -> None:
    service = manifests.compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_a_stop_has_the_time_that_it_takes() -> None:
    for container in CONTAINERS:
        if container.command[1] != "serve":
            continue
        draining = float(container.environment[f"{PREFIX}DRAIN_SECONDS"] or 0)
        needed = draining + Settings().stop_seconds + STOP_SECONDS
        if container.where.startswith("compose"):
            given = manifests.compose()["services"][container.where.split()[1]]["stop_grace_period"]
            assert float(given.removesuffix("s")) > needed
        else:
            pod = manifests.pods()[container.where.split()[1]]
            assert pod["terminationGracePeriodSeconds"] > needed
            probe = pod["containers"][0]["readinessProbe"]
            assert draining >= probe["periodSeconds"] * probe["failureThreshold"]
    assert manifests.pods()["billing-backlog-projector"]["terminationGracePeriodSeconds"] > 26


def test_selectors_choose_the_pods_of_the_service_alone() -> None:
    labels = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in OBJECTS
        if each["kind"] == "Deployment"
    }
    for chosen in (
        manifests.named("Service", "billing-backlog")["spec"]["selector"],
        manifests.named("PodDisruptionBudget", "billing-backlog")["spec"]["selector"][
            "matchLabels"
        ],
    ):
        assert chosen.items() <= labels["billing-backlog"].items()
        assert not chosen.items() <= labels["billing-backlog-projector"].items()


def test_pods_connect_to_the_database_that_the_operator_makes() -> None:
    (cluster,) = (each for each in OBJECTS if each["kind"] == "Cluster")
    name = cluster["metadata"]["name"]
    for pod in manifests.pods().values():
        (container,) = pod["containers"]
        (address,) = (e for e in container["env"] if e["name"] == f"{PREFIX}DATABASE")
        assert address["valueFrom"]["secretKeyRef"] == {"name": f"{name}-app", "key": "uri"}
        (authority,) = (v for v in pod["volumes"] if v["name"] == "database-ca")
        assert authority["secret"]["secretName"] == f"{name}-ca"
        assert [item["key"] for item in authority["secret"]["items"]] == ["ca.crt"]


def test_the_page_makes_every_file_that_compose_needs(tmp_path: Path) -> None:
    page = (manifests.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- secrets -->\n```sh\n(.*?)```", page, re.DOTALL)
    without_docker = [
        re.sub(r"^docker run --rm \S+ ", "", line)
        for line in block.splitlines()
        if not line.startswith("docker compose")
    ]
    (tmp_path / "deploy").mkdir()
    subprocess.run(
        ["bash", "-euc", "\n".join(without_docker)],
        cwd=tmp_path,
        check=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    for secret in manifests.compose()["secrets"].values():
        assert (tmp_path / "deploy" / secret["file"]).read_text().strip()
    secrets = tmp_path / "deploy" / "secrets"
    assert read_token((secrets / "first-key").read_text().strip()).tenant == "default"
    settings = Settings(config=secrets / "settings.toml")
    password = (secrets / "service-password").read_text().strip()
    assert settings.database == f"postgresql://backlog:{password}@db-1,db-2/billing"
    assert secrets.stat().st_mode & 0o077 == 0
