"""The examples of the OpenAPI document, asked of a service in their order.

`python -m tests.service.story` (`just examples`) writes what it answers, for the document.
"""

import json
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from threading import Event
from typing import Any, cast
from urllib.parse import quote

import httpx
import yaml
from prometheus_client import parser as plain
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics

from service.http.app import create_app
from service.http.openapi.document import read
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.conftest import NOW
from tests.databases import Only
from tests.service.http_caller import DOCUMENT
from tests.service.processes import LONG

Json = dict[str, Any]
STORY: list[Json] = read("story")
PATHS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def told(client: httpx.Client, tenant: Tenant) -> Iterator[tuple[Json, httpx.Response, Any]]:
    """Asks each request of the story: its answer and the body; reads wait for all before them.

    What has begun as a job is done before the next request, unless it is to be stopped.
    """
    position = 0
    with ExitStack() as held:
        for step in map(whole, STORY):
            if step.get("held"):
                held.enter_context(held_up(tenant))
            response, body = asked(client, step, position)
            assert response.is_success, (step["name"], body)
            if isinstance(body, dict):
                reached = cast("Json", body).get("position")
                position = max(position, reached if isinstance(reached, int) else 0)
            if response.status_code == HTTPStatus.ACCEPTED and not step.get("held"):
                position = done(client, response.headers["Location"], position)
            if step["operation"] == "cancelJob":
                held.close()
            if "repeated" not in step:
                yield step, response, body


def whole(step: Json) -> Json:
    """The step, with as many events as its one stands for."""
    if "repeated" not in step:
        return step
    (event,) = map(json.dumps, step["body"])
    numbers = map(str, range(step["repeated"]))
    return {**step, "body": [json.loads(event.replace("{n}", number)) for number in numbers]}


def asked(client: httpx.Client, step: Json, position: int) -> tuple[httpx.Response, Any]:
    """The answer to a step, and its body: of a stream, what is sent until the first change."""
    request = request_of(client, step, position)
    if step["operation"] != "streamChanges":
        response = client.send(request)
        return response, response.text if step.get("varies") else response.json()
    response = client.send(request, stream=True)
    with closing(response):
        text = ""
        for line in response.iter_lines():
            text += f"{line}\n"
            if not line and "data:" in text:
                break
    return response, text


@contextmanager
def held_up(tenant: Tenant) -> Generator[None]:
    """Holds up all that goes on in the background, jobs too."""
    is_held, goes_on = Event(), Event()

    def piece() -> bool:
        is_held.set()
        return goes_on.wait(LONG)

    tenant.background.put("held up", piece)
    assert is_held.wait(LONG)
    try:
        yield
    finally:
        goes_on.set()


def done(client: httpx.Client, job: str, position: int) -> int:
    """The position at which a job is over, once it is; it was asked for at this one."""
    deadline = time.monotonic() + LONG
    while not (shown := client.get(job, params={"after": position}).json())["ended_at"]:
        assert time.monotonic() < deadline, shown
        time.sleep(0.01)
    return shown["position"]


def request_of(client: httpx.Client, step: Json, position: int) -> httpx.Request:
    """The request of a step, as a page sends it that fills in the examples of the document.

    Of a parameter, that is the example of the step, or else the first one that there is.
    """
    method, path, operation = PATHS[step["operation"]]
    headers = {"X-Correlation-Id": step["name"], "Content-Type": step.get("as", "application/json")}
    if "accept" in step:
        headers["Accept"] = step["accept"]
    if "key" in step:
        headers["Idempotency-Key"] = step["key"]
    query: Json = {}
    parameters: list[Json] = operation.get("parameters", [])
    for parameter in parameters:
        name, examples = parameter["name"], parameter.get("examples", {})
        if name == "after":
            query[name] = position
        shown = examples.get(step["name"]) or next(iter(examples.values()), None)
        if shown is None:
            continue
        value = shown["value"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif parameter["in"] == "header":
            headers[name] = value
        else:
            query[name] = ",".join(value) if not parameter.get("explode", True) else value
    return client.build_request(
        method.upper(), path, params=query, json=step.get("body"), headers=headers
    )


def form_of(step: Json, text: str) -> list[tuple[str, str, str]]:
    """The form of an answer that is another each time: the name, type and text of each figure.

    Raises ValueError where it does not have the format that was asked for.
    """
    read_as: Any = openmetrics if "accept" in step else plain
    families: Iterable[Metric] = read_as.text_string_to_metric_families(text)
    return [(each.name, each.type, each.documentation) for each in families]


def answers() -> Json:
    """What a new service answers to each step; where that varies, what is shown already."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Tenant(f"sqlite:///{folder}/backlog.db", clock=lambda: NOW)) as tenant,
        running(create_app(Only(tenant), Settings(read_wait=60.0))) as address,
        httpx.Client(base_url=address, timeout=LONG) as client,
    ):
        return {
            step["name"]: {"status": response.status_code, "body": shown(step, body)}
            for step, response, body in told(client, tenant)
        }


def shown(step: Json, body: Any) -> Any:
    """The example of a step that was answered so: that of before, where its form is the same."""
    present = read("answers").get(step["name"])
    if step.get("varies") and present and form_of(step, present["body"]) == form_of(step, body):
        return present["body"]
    return body


if __name__ == "__main__":
    sys.stdout.write("# What the requests of story.yaml are answered; `just examples` writes it.\n")
    yaml.safe_dump(answers(), sys.stdout, sort_keys=False, allow_unicode=True, width=100)
