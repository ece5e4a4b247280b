"""Headers by which browsers keep answers from harm."""

import base64
import hashlib
import re

import httpx

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from tests.service.http.running.certificates import CERTIFICATE, KEY, trusting
from tests.service.sockets import ask

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


def test_every_answer_keeps_browsers_from_guessing_framing_and_telling() -> None:
    with running(create_app(None, Settings())) as address, httpx.Client(base_url=address) as http:
        for path in (
            "/health/live",
            "/docs",
            "/nowhere",
            "/openapi.json",
            "/ui/",
            "/ui/assets/0/main.js",
        ):
            answer = http.get(path)
            assert ALWAYS.items() <= dict(answer.headers).items()
            assert len(answer.headers.get_list("content-security-policy")) == 1
            assert "strict-transport-security" not in answer.headers
        assert http.get("/nowhere").headers["content-security-policy"] == (
            "default-src 'none'; frame-ancestors 'none'"
        )
        assert b"x-frame-options: DENY" in ask(address, b"nonsense\r\n\r\n").raw


def test_pages_of_the_description_may_load_what_they_do_load_and_no_more() -> None:
    with (
        running(create_app(None, Settings())) as address,
        httpx.Client(base_url=address, headers={"Accept-Encoding": "gzip"}) as http,
    ):
        for path in ("/docs", "/docs/oauth2-redirect"):
            page = http.get(path)
            policy = dict(
                part.strip().split(" ", 1)
                for part in page.headers["content-security-policy"].split(";")
            )
            assert policy["default-src"] == "'none'"
            assert "unsafe" not in policy["script-src"]
            scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
            assert scripts
            for script in scripts:
                digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in policy["script-src"]
            loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
            assert all(each.startswith("/") for each in loaded), "of this server, as 'self' says"
            assert all(http.get(each).is_success for each in loaded)


def test_with_tls_browsers_are_told_to_use_nothing_else() -> None:
    settings = Settings(tls_certificate=CERTIFICATE, tls_key=KEY)
    app = create_app(None, settings)
    with running(app, settings) as address, trusting(address) as http:
        assert http.get("/health/live").headers["strict-transport-security"] == "max-age=31536000"
    settings = settings.model_copy(update={"hsts_seconds": 0})
    with running(app, settings) as address, trusting(address) as http:
        assert "strict-transport-security" not in http.get("/health/live").headers
