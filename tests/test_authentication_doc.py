"""The example of docs/authentication.md works as it is pasted, with a real issuer and server."""

import json
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.http.server.serving import running
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.documents import NEEDS_CURL, ROOT, documents, has
from tests.service.door import guarded
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

ISSUER = Path(sys.executable).with_name("oidc-provider-mock")
SHOWN = r"<!-- {name} -->\n```sh\n(.*?)```\n.*?```json\n(.*?)```"
IN_THE_BROWSER = {
    "issuer_client_id": "billing-backlog",
    "issuer_client_secret": "any",
    "issuer_client_token": "id_token",
}


@NEEDS_CURL
@pytest.mark.parametrize(
    ("name", "contract_id", "more"), [("issuer", "PC-1", {}), ("sign-in", "PC-2", IN_THE_BROWSER)]
)
def test_a_person_signs_in_at_an_issuer_and_calls(
    tmp_path: Path, name: str, contract_id: str, more: dict[str, str]
) -> None:
    page = (ROOT / "docs" / "authentication.md").read_text(encoding="utf-8")
    ((commands, shown),) = re.findall(SHOWN.format(name=name), page, re.DOTALL)
    at = free_port()
    settings = {
        "issuer": f"http://localhost:{at}",
        "issuer_audiences": ("billing-backlog",),
        **more,
    }
    with (
        subprocess.Popen([ISSUER, "--port", str(at)], stderr=subprocess.DEVNULL) as issuer,
        closing(Tenant(f"sqlite:///{tmp_path}/backlog.db")) as tenant,
        running(guarded(Only(tenant), **settings)) as address,
    ):
        try:
            until(lambda: issuer.poll() is not None or _answers(f"http://127.0.0.1:{at}"))
            script = commands.replace("localhost:9400", f"localhost:{at}")
            script = script.replace("localhost:8000", address.removeprefix("http://"))
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=LONG,
                check=False,
            )
        finally:
            issuer.terminate()
    assert done.returncode == 0, done.stderr
    contract, refused = documents(done.stdout)
    assert contract["contract_id"] == contract_id
    assert has(refused, json.loads(shown)), refused


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code < 500
    except httpx.TransportError:
        return False
