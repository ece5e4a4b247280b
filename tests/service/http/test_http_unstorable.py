"""Ids that no database can hold name nothing: an answer like any other, and no outage."""

import httpx
import pytest

from tests.service.http_caller import Caller, problem

MILESTONE = {"name": "changed"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/invoices/{}", None),
        ("GET", "/milestones/{}", None),
        ("GET", "/backlog/{}", None),
        ("GET", "/contracts/{}", None),
        ("GET", "/contracts/PC-1/lines/{}", None),
        ("POST", "/invoices/{}/confirm", {}),
        ("DELETE", "/invoices/{}", None),
        ("PATCH", "/milestones/{}", MILESTONE),
        ("DELETE", "/milestones/{}", None),
        ("POST", "/intake/parked/{}/retry", None),
        ("DELETE", "/intake/parked/{}", {"reason": "no"}),
    ],
)
async def test_an_id_with_a_nul_in_a_path_names_nothing(
    http: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    caller = Caller(http)
    await caller.contract()
    for name in ("%00", "PC-1~L-1%00~x", "PC-1~L-1~%00"):
        refused = problem(await http.request(method, path.format(name), json=body))
        assert refused["status"] in {404, 422}, (name, refused)
