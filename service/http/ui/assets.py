"""The files of the web interface in `service/ui/`: read once, scripts sent without comments."""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "ui"
INDEX, ENTRY = "index.html", "main.js"
"""The template of the page, and the module that it loads."""
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is served, by how its name ends. All else that lies there is for those who work on it."""
_LEVEL = 9
"""How hard gzip tries; it is done once."""
_DIGITS = 16
"""Of the digest in addresses: enough for no two versions ever to have the same."""
_STATIC_IMPORT = re.compile(
    r"""^(?:import|export)\s*(?:[\w$\s{},*]+?\bfrom\b)?\s*["']([^"']+)["']""", re.MULTILINE
)
"""`import … from "./x.js"`, `import "./x.js"`, `export … from "./x.js"`; not `import("./x.js")`."""
_COMMENT = re.compile(
    rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*$|^[ \t]*//[^\n]*$", re.MULTILINE | re.DOTALL
)
"""A comment of a script that has its lines for itself."""


def without_comments(script: bytes) -> bytes:
    """A script with empty lines in the place of comments: a third less to send, lines as written.

    Texts over several lines must have none that looks like a comment.
    """
    return _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), script)


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    media_type: str

    @cached_property
    def compressed(self) -> bytes | None:
        """The file by gzip, None where that saves nothing."""
        found = gzip.compress(self.body, _LEVEL, mtime=0)
        return found if len(found) < len(self.body) else None


def _asset(path: Path, media_type: str) -> Asset:
    body = path.read_bytes()
    return Asset(without_comments(body) if path.suffix == ".js" else body, media_type)


class Assets:
    """All files of a folder, by their paths within it."""

    def __init__(self, folder: Path) -> None:
        """Reads all of them. Raises OSError when the folder has no template of the page."""
        self.template = (folder / INDEX).read_text(encoding="utf-8")
        self.files = {
            path.relative_to(folder).as_posix(): _asset(path, media_type)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (media_type := MEDIA_TYPES.get(path.suffix))
        }
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(f"{name}\0{len(asset.body)}\0".encode())
            digest.update(asset.body)
        self.digest = digest.hexdigest()[:_DIGITS]
        """What the addresses of the files have in them: other files, other addresses."""

    def loaded_by(self, *modules: str) -> list[str]:
        """These modules and all that they import, each once, in the order that they are met in.

        What is not there is left out: the browser says so, and names it.
        """
        found: dict[str, None] = {}
        waiting = [*modules]
        while waiting:
            module = waiting.pop(0)
            if module in self.files and module not in found:
                found[module] = None
                waiting += self.imports_of(module)
        return list(found)

    def imports_of(self, module: str) -> Iterator[str]:
        """What a module imports before it runs, by the paths of the files."""
        text = self.files[module].body.decode("utf-8")
        for specifier in _STATIC_IMPORT.findall(text):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(module), specifier))


@cache
def shipped() -> Assets:
    """The files that came with the service."""
    return Assets(FOLDER)
