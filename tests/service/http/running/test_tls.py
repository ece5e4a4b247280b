"""The service by TLS, and behind proxies that end TLS or serve it under a path of their own."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import contract_body
from tests.service.command_line import assert_refused, run
from tests.service.http.running.certificates import (
    CERTIFICATE,
    KEY,
    LOCKED_KEY,
    OTHER_KEY,
    PASSWORD,
    trusting,
)


@contextmanager
def client(tenant: Tenant, settings: Settings) -> Generator[httpx.Client]:
    app = create_app(Only(tenant), settings)
    with running(app, settings) as address, trusting(address) as http:
        yield http


@pytest.mark.parametrize(
    "key",
    [{"tls_key": KEY}, {"tls_key": LOCKED_KEY, "tls_key_password": PASSWORD}],
    ids=["open", "locked"],
)
def test_with_a_certificate_the_service_speaks_tls_alone(
    tenant: Tenant, key: Mapping[str, object]
) -> None:
    settings = Settings.model_validate({"tls_certificate": CERTIFICATE, **key})
    with client(tenant, settings) as http:
        assert http.base_url.scheme == "https"
        page = {"Origin": str(http.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        put = http.put("/v1/contracts/PC-1", json=contract_body(), headers=page)
        assert put.status_code == 201, put.text
        with pytest.raises(httpx.TransportError):
            http.get(str(http.base_url).replace("https", "http"))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"tls_certificate": CERTIFICATE}, "a certificate needs its key"),
        ({"tls_key": KEY}, "a certificate needs its key"),
        ({"tls_certificate": CERTIFICATE, "tls_key": OTHER_KEY}, "is not the key of"),
        ({"tls_certificate": CERTIFICATE, "tls_key": LOCKED_KEY}, "its password is not"),
        ({"tls_certificate": CERTIFICATE, "tls_key": "none.pem"}, "there is no file 'none.pem'"),
        ({"forwarded_allow_ips": "10.0.0.300"}, "is no address"),
        ({"root_path": "billing/"}, "is no path to serve under"),
    ],
)
def test_what_can_not_be_served_with_is_refused_before_the_start(
    given: Mapping[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate(given)


def test_serve_says_what_is_wrong_with_a_certificate(tmp_path: Path) -> None:
    flags = ("--tls-certificate", CERTIFICATE, "--tls-key", OTHER_KEY)
    database = f"sqlite:///{tmp_path}/x.db"
    assert_refused(run("serve", *flags, "--database", database), "tls_key (--tls-key)", "not the")
    assert not (tmp_path / "x.db").exists()


def test_under_a_path_of_a_proxy_answers_name_the_paths_that_callers_know(tenant: Tenant) -> None:
    settings = Settings(root_path="/billing", body_limit=100, read_wait=60)
    with client(tenant, settings) as http:
        for number in (1, 2):
            name = {
                "name": "x",
                "currency": "EUR",
                "customers": [{"customer_id": "A", "name": "A"}],
            }
            put = http.put(f"/v1/contracts/PC-{number}", json=name)
            assert put.status_code == 201, put.text
        after = put.json()["position"]
        page = http.get("/v1/contracts", params={"limit": 1, "after": after})
        assert page.headers["link"].startswith("</billing/v1/contracts?")
        drafts = http.post("/v1/invoices", json={"cutoff": "2026-10-31"})
        assert drafts.headers["location"].startswith("/billing/v1/jobs/")
        assert http.request("OPTIONS", "/v1/contracts").headers["allow"] == "GET, HEAD, OPTIONS"
        assert "/billing/openapi.json" in http.get("/docs").text
        # the limit of posted events, which is another
        assert http.post("/v1/events", json={"x": "x" * 200}).status_code != 413
        assert http.post("/v1/invoices", json={"x": "x" * 200}).status_code == 413


@pytest.mark.parametrize(("believed", "status"), [("127.0.0.1", 403), ("10.0.0.7", 201)])
def test_what_a_proxy_says_of_its_callers_is_believed_from_known_addresses_alone(
    tenant: Tenant, believed: str, status: int
) -> None:
    # To a caller by https, a page under http is of another origin.
    page = {"X-Forwarded-Proto": "https", "Host": "localhost:81", "Origin": "http://localhost:81"}
    settings = Settings.model_validate({"forwarded_allow_ips": believed})
    with client(tenant, settings) as http:
        put = http.put("/v1/contracts/PC-1", json=contract_body(), headers=page)
    assert put.status_code == status, put.text
