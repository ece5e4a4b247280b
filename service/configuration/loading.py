"""Settings in force: what each is, whence it comes, and every mistake at once."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from service.configuration.config_file import BadConfigFile, ConfigFile
from service.configuration.values import Flag
from service.databases.addresses import HIDDEN, shown
from service.settings import PREFIX, Settings

S = TypeVar("S", bound=Settings)
_SHOULD = "Input should "


class Mistakes(Exception):
    """What is wrong with the settings: a line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        if len(mistakes) == 1:
            super().__init__(mistakes[0])
        else:
            listed = "".join(f"\n  {mistake}" for mistake in mistakes)
            super().__init__(f"{len(mistakes)} settings are wrong:{listed}")


class Sources:
    """Where settings come from in this process: the flags given, the environment, the file."""

    def __init__(self, flags: Mapping[str, object]) -> None:
        self._flags = flags

    def settings(self, kind: type[S] = Settings) -> S:
        """The settings in force. Raises Mistakes, with all there are."""
        try:
            return kind(**self._flags)  # pyright: ignore[reportArgumentType]
        except BadConfigFile as error:
            raise Mistakes([str(error)]) from None
        except ValidationError as error:
            raise Mistakes([self._mistake(dict(each)) for each in error.errors()]) from None

    def whence(self, name: str) -> str:
        """What a setting is taken from, for people: a flag, a variable, a file, or the default."""
        if name in self._flags:
            return flag_of(name) if name in Settings.model_fields else "flag"
        if name in self._environment:
            return variable_of(name)
        return str(self._file) if name in self._in_file else "default"

    def unknown_variables(self) -> list[str]:
        """Variables that are named like settings, and are none."""
        known = {variable_of(name) for name in Settings.model_fields}
        return sorted(
            v for v in os.environ if v.upper().startswith(PREFIX) and v.upper() not in known
        )

    @cached_property
    def _environment(self) -> dict[str, Any]:
        return EnvSettingsSource(Settings)()

    @property
    def _file(self) -> Path | None:
        named = {**self._environment, **self._flags}.get("config")
        return Path(str(named)) if named is not None else None

    @cached_property
    def _in_file(self) -> dict[str, Any]:
        return ConfigFile(Settings).read(self._file) if self._file else {}

    def _mistake(self, error: dict[str, Any]) -> str:
        """One mistake: which setting, from where, what is wrong; never the value of a secret."""
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "extra_forbidden":
            return (
                f"{name} ({self.whence(name)}) is no setting{_meant(name, Settings.model_fields)}"
            )
        what = str(error["msg"]).removeprefix("Value error, ")
        if what.startswith(_SHOULD):
            what = "must " + what.removeprefix(_SHOULD)
        if len(error["loc"]) > 1:  # one of a list, none of which is a secret
            what = f"{error['input']!r} {what}"
        return f"{name} ({self.whence(name)}): {what}"


def flag_of(name: str) -> str:
    """The flag of a setting: `--read-wait` for `read_wait`, unless it has another."""
    for part in Settings.model_fields[name].metadata:
        if isinstance(part, Flag):
            return part.name
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name}".upper()


def as_shown(value: object) -> str:
    """A setting's value for people: no secret, no password in an address; lists with commas."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, tuple):
        return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, float):
        return f"{value:g}"
    return shown(value) if isinstance(value, str) and "://" in value else str(value)


def _meant(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""
