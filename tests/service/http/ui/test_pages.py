"""The page of the web interface and its files, as browsers and caches are answered."""

import gzip
import re
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.http.ui.assets import FOLDER, MEDIA_TYPES, Assets, without_comments
from service.http.ui.pages import Interface, Page
from service.settings import Settings
from tests.service.http_caller import problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
SCREENS = ("", "hub", "time-and-material?text=%C3%A6&status=ready", "invoices/INV-1/x", "a.b/..%2f")
INDEX = '<!doctype html>{{preloads}}<script type="module" src="{{assets}}/main.js"></script>\n'
SMALL: dict[str, str] = {
    "index.html": INDEX,
    "main.js": (
        'import { h } from "./dom.js";\nimport {\n  a,\n  b as c,\n} from "./lists/keyed.js";\n'
        'import "./errors.js";\nexport * from "./late.js";\n// import x from "./in-a-comment.js"\n'
        'const screen = await import(`./screens/${h}.js`);\nconst text = "./text.js";\n'
        'export function f(a) {\n  return from("./call.js");\n}\n'
    ),
    "dom.js": 'import { a } from "./main.js";\n',
    "errors.js": "",
    "late.js": "",
    "in-a-comment.js": "",
    "text.js": "",
    "call.js": "",
    "lists/keyed.js": 'export { z } from "../dom.js";\nimport * as all from "./rows.js";\n',
    "lists/rows.js": 'import missing from "./not-there.js";\n',
    "screens/hub.js": 'import { bars } from "../charts.js";\nimport { h } from "../dom.js";\n',
    "screens/parts/panel.js": "",
    "charts.js": "",
    "styles.css": "body { color: black }",
    "icon.svg": "<svg/>",
    "api.d.ts": "export type A = string;",
    "README.md": "For those who work on it.",
}


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a service without a database: the web interface's files need none."""
    transport = httpx.ASGITransport(app=create_app(None, Settings()), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers={"Accept-Encoding": "identity"}
    ) as client:
        yield client


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A web interface of a few files."""
    for name, text in SMALL.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def preloads(page: Page) -> list[str]:
    """What a page tells a browser to load ahead, by the paths within the folder."""
    found = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page.body.decode())
    return [href.partition("/ui/assets/")[2].partition("/")[2] for href in found]


async def test_the_root_leads_to_the_web_interface(http: httpx.AsyncClient) -> None:
    for path in ("/", "/ui"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/ui/")


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_address_of_a_screen_has_the_page_and_its_policy(
    http: httpx.AsyncClient, screen: str
) -> None:
    answer = await http.get(f"/ui/{screen}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers.get_list("content-security-policy") == [POLICY]
    assert answer.headers["cache-control"] == "no-cache"
    assert "{{" not in answer.text
    head = await http.head(f"/ui/{screen}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


async def test_a_page_that_the_browser_has_is_not_sent_again(http: httpx.AsyncClient) -> None:
    etag = (await http.get("/ui/")).headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}'):
        answer = await http.get("/ui/", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["content-security-policy"] == POLICY
    assert (await http.get("/ui/", headers={"If-None-Match": '"x"'})).status_code == 200


async def test_nothing_in_the_page_is_a_script_or_a_style_of_its_own(
    http: httpx.AsyncClient,
) -> None:
    page = (await http.get("/ui/")).text
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert all(
        "src=" in tag and not body.strip()
        for tag, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    )
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    for address in loaded:
        if not address.startswith("data:"):
            answer = await http.get(address)
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["cache-control"]


async def test_a_file_is_sent_as_written_and_kept_for_ever(http: httpx.AsyncClient) -> None:
    digest = Assets(FOLDER).digest
    for path in FOLDER.rglob("*"):
        if path.suffix not in MEDIA_TYPES:
            continue
        name = path.relative_to(FOLDER).as_posix()
        plain = await http.get(f"/ui/assets/{digest}/{name}")
        packed = await http.get(
            f"/ui/assets/{digest}/{name}", headers={"Accept-Encoding": "br, GZIP"}
        )
        assert plain.content == packed.content
        assert_as_written(plain.content, path)
        assert "content-encoding" not in plain.headers
        assert int(packed.headers["content-length"]) <= len(plain.content)
        assert "content-encoding" not in packed.headers or packed.headers["vary"] == (
            "Accept-Encoding"
        )
        for answer in (plain, packed):
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"] == MEDIA_TYPES[path.suffix]


def test_a_file_goes_compressed_to_those_who_take_it_and_to_no_others(small: Path) -> None:
    text = "const a = 1;\n" * 1000
    (small / "main.js").write_text(text, encoding="utf-8")
    app = create_app(None, Settings())
    app.state.interface = Interface(Assets(small), "")
    address = f"/ui/assets/{app.state.interface.assets.digest}/main.js"
    with running(app) as server, httpx.Client(base_url=server) as http:
        for accepts, is_packed in {
            "gzip": True,
            "deflate, Gzip;q=0.5": True,
            "gzip;q=0, identity": False,
            "br": False,
        }.items():
            with http.stream("GET", address, headers={"Accept-Encoding": accepts}) as answer:
                raw = b"".join(answer.iter_raw())
            assert (answer.headers.get("content-encoding") == "gzip") is is_packed
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert (gzip.decompress(raw) if is_packed else raw) == text.encode()
            assert answer.headers["content-length"] == str(len(raw))


async def test_files_of_another_version_or_none_are_not_found_and_that_is_not_kept(
    http: httpx.AsyncClient,
) -> None:
    digest = Assets(FOLDER).digest
    for path in (
        "0123456789abcdef/main.js",
        f"{digest}/nothing.js",
        f"{digest}/index.html",
        f"{digest}/../assets/{digest}/main.js",
        f"{digest}/..%2f..%2fsettings.py",
        f"{digest}//main.js",
        f"{digest}/",
    ):
        answer = await http.get(f"http://localhost/ui/assets/{path}")
        if answer.url.path != f"/ui/assets/{digest}/main.js":  # the client has resolved the dots
            assert problem(answer, 404)["code"] == "not_found"
            assert answer.headers["cache-control"] == "no-store"


def test_a_page_loads_ahead_what_it_imports_and_the_modules_of_its_screen(small: Path) -> None:
    interface = Interface(Assets(small), "")
    own = ["main.js", "dom.js", "lists/keyed.js", "errors.js", "late.js", "lists/rows.js"]
    assert sorted(preloads(interface.page("invoices/INV-1"))) == sorted(own)
    for path in ("", "hub", "hub/anything"):
        found = preloads(interface.page(path))
        assert found[:2] == ["main.js", "screens/hub.js"]
        assert sorted(found) == sorted([*own, "screens/hub.js", "charts.js"])
    assert interface.page("parts").body == interface.page("nothing").body


def assert_as_written(sent: bytes, path: Path) -> None:
    """Byte for byte; of a script each line, or an empty one in the place of a comment's."""
    written = path.read_bytes()
    if path.suffix != ".js":
        assert sent == written
        return
    pairs = list(zip(sent.split(b"\n"), written.split(b"\n"), strict=True))
    assert all(line == source for line, source in pairs if line), path
    gone = [source.strip() for line, source in pairs if not line and source.strip()]
    assert all(source.startswith((b"//", b"/**", b"*")) for source in gone), path


def test_no_text_of_a_script_looks_like_a_comment() -> None:
    """What a template literal over several lines has would not be sent."""
    for path in FOLDER.rglob("*.js"):
        written = path.read_bytes()
        ticks = 0
        for line, source in zip(
            without_comments(written).split(b"\n"), written.split(b"\n"), strict=True
        ):
            assert line or not source.strip() or ticks % 2 == 0, (path, source)
            ticks += line.count(b"`")


def test_other_files_have_other_addresses_and_the_same_the_same(small: Path) -> None:
    before = Assets(small)
    assert Assets(small).digest == before.digest
    assert set(before.files) == set(SMALL) - {"index.html", "api.d.ts", "README.md"}
    (small / "charts.js").write_text("export const bars = 1;", encoding="utf-8")
    changed = Assets(small)
    assert changed.digest != before.digest
    (small / "charts.js").rename(small / "bars.js")
    assert Assets(small).digest not in {before.digest, changed.digest}


@pytest.fixture
def behind_a_proxy() -> Generator[httpx.Client]:
    """A client of a service that a proxy has under /billing, past the proxy."""
    settings = Settings(root_path="/billing")
    with (
        running(create_app(None, settings), settings) as address,
        httpx.Client(base_url=address) as http,
    ):
        yield http


def test_behind_a_proxys_path_all_addresses_have_it(behind_a_proxy: httpx.Client) -> None:
    start = behind_a_proxy.get("/")
    assert (start.status_code, start.headers["location"]) == (307, "/billing/ui/")
    page = behind_a_proxy.get("/ui/")
    assert page.headers["content-security-policy"] == POLICY
    addresses = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/billing/ui/assets/")
        assert behind_a_proxy.get(address.removeprefix("/billing")).status_code == 200


def test_the_calls_of_a_page_for_its_files_do_not_use_up_those_of_its_reader() -> None:
    settings = Settings(calls_a_second=1)
    address = f"/ui/assets/{Assets(FOLDER).digest}/main.js"
    with (
        running(create_app(None, settings), settings) as server,
        httpx.Client(base_url=server) as http,
    ):
        assert {http.get(address).status_code for _ in range(50)} == {200}
        assert http.get("/ui/").status_code == 200
        assert {http.get("/ui/").status_code for _ in range(10)} == {200, 429}


def test_every_module_that_is_imported_is_there() -> None:
    shipped = Assets(FOLDER)
    missing = {
        (name, imported)
        for name in shipped.files
        if name.endswith(".js")
        for imported in shipped.imports_of(name)
        if imported not in shipped.files
    }
    assert missing == set()


def test_the_page_says_where_its_files_and_modules_go() -> None:
    template = Assets(FOLDER).template
    assert template.count("{{preloads}}") == 1
    assert "{{assets}}/main.js" in template
    assert set(re.findall(r"\{\{\w+\}\}", template)) == {"{{assets}}", "{{preloads}}"}
