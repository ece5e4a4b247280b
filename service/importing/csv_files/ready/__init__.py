"""Maps for the exports of time trackers, ready to be used or copied."""

from collections.abc import Callable
from pathlib import Path

from service.importing.csv_files.map import CsvMap
from service.importing.csv_files.map_reading import BadMap, map_of, read_map

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The names of the ready maps."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def text(name: str) -> str:
    """A ready map as it is written. Raises BadMap when there is none of that name."""
    if name not in names():
        raise BadMap(f"there is no map {name!r}; ready are {', '.join(names())}")
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def about(name: str) -> str:
    """The first line of a ready map: which export it is for."""
    return text(name).partition("\n")[0].removeprefix("# ")


def named(told: str) -> CsvMap:
    """The map in a file or pipe, or the ready one of that name. Raises BadMap, OSError."""
    path = Path(told)
    if path.exists() and not path.is_dir():
        return read_map(path)
    if told in names():
        return map_of(text(told).encode(), told, Path())
    ready = ", ".join(names())
    raise BadMap(f"there is no file {told}, and no ready map of that name; ready are {ready}")


def fitting(fits: Callable[[CsvMap], bool]) -> str | None:
    """The ready map that fits, by what is asked of each; None without one."""
    for name in names():
        if fits(map_of(text(name).encode(), name, Path())):
            return name
    return None
