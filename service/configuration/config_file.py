"""The file that flags or the environment name: settings as TOML."""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource, TomlConfigSettingsSource


class BadConfigFile(Exception):
    """The file can't be read, or is not TOML."""


class ConfigFile(PydanticBaseSettingsSource):
    """Settings of the file that `config` names, where what weighs more than the file names one."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: the file is read as a whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What the file says. Raises BadConfigFile."""
        named = self.current_state.get("config")
        return {} if named is None else self.read(Path(named))

    def read(self, path: Path) -> dict[str, Any]:
        """What this file says. Raises BadConfigFile."""
        import tomllib  # noqa: PLC0415 - few starts name a file

        try:
            if not path.is_file():  # which pydantic-settings takes for a file without settings
                raise BadConfigFile(f"there is no file {str(path)!r} with settings")
            return TomlConfigSettingsSource(self.settings_cls, path)()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadConfigFile(f"{path} is not TOML: {error}") from None
        except OSError as error:
            raise BadConfigFile(f"{path} can't be read: {error.strerror}") from None
