"""The command that documents the API: openapi."""

import sys

import yaml

from service.http.app import create_app
from service.settings import Settings


def openapi() -> None:
    """Prints the document, as it is committed."""
    document = create_app(None, Settings()).openapi()
    yaml.dump(document, sys.stdout, _Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.SafeDumper):
    """YAML as people read it: what is shared is written out, texts of many lines stay so."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(_: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)


_Plain.add_representer(str, _text)
