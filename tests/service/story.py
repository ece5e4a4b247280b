"""The examples of the OpenAPI document, asked of a service in their order.

`python -m tests.service.story` (`just examples`) writes what it answers, for the document.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx
import yaml

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


def told(client: httpx.Client) -> Iterator[tuple[Json, httpx.Response]]:
    """Asks each request of the story, with the answer; reads wait for what was done before.

    What has begun as a job is done before the next request.
    """
    position = 0
    for step in STORY:
        if not step.get("asked", True):
            continue
        response = client.send(request_of(client, step, position))
        body: object = response.json()
        if isinstance(body, dict):
            reached = cast("Json", body).get("position")
            position = max(position, reached if isinstance(reached, int) else 0)
        if response.status_code == HTTPStatus.ACCEPTED:
            position = done(client, response.headers["Location"], position)
        yield step, response


def done(client: httpx.Client, job: str, position: int) -> int:
    """The position at which a job is over, once it is; it was asked for at this one."""
    deadline = time.monotonic() + LONG
    while not (shown := client.get(job, params={"after": position}).json())["ended_at"]:
        assert time.monotonic() < deadline, shown
        time.sleep(0.01)
    return shown["position"]


def request_of(client: httpx.Client, step: Json, position: int) -> httpx.Request:
    """The request of a step, as a client sends it that reads the document."""
    method, path, operation = PATHS[step["operation"]]
    given: Json = step.get("parameters", {})
    headers = {"X-Correlation-Id": step["name"], "Content-Type": step.get("as", "application/json")}
    query: Json = {}
    parameters: list[Json] = operation.get("parameters", [])
    for parameter in parameters:
        name = parameter["name"]
        if name == "after":
            query[name] = position
        if name not in given:
            continue
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(given[name], safe=""))
        elif parameter["in"] == "header":
            headers[name] = given[name]
        else:
            in_one = not parameter.get("explode", True)
            query[name] = ",".join(given[name]) if in_one else given[name]
    return client.build_request(
        method.upper(), path, params=query, json=step.get("body"), headers=headers
    )


def answers() -> Json:
    """What a new service answers to each step."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Tenant(f"sqlite:///{folder}/backlog.db", clock=lambda: NOW)) as tenant,
        running(create_app(Only(tenant), Settings(read_wait=60.0))) as address,
        httpx.Client(base_url=address) as client,
    ):
        return {
            step["name"]: {"status": response.status_code, "body": response.json()}
            for step, response in told(client)
        }


if __name__ == "__main__":
    sys.stdout.write("# What the requests of story.yaml are answered; `just examples` writes it.\n")
    yaml.safe_dump(answers(), sys.stdout, sort_keys=False, allow_unicode=True, width=100)
