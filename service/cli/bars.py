"""Progress of commands that take long, on standard error."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

errors = Console(stderr=True)


@contextmanager
def import_bar(file: Path) -> Generator[Callable[[int, int], None]]:
    """Shows how much of the file was taken in, by the events and bytes of each batch."""
    bar = Progress(
        TextColumn("import"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[events]} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=errors,
    )
    task = bar.add_task("import", total=file.stat().st_size, events=0, rate=0.0)
    taken, started = 0, time.monotonic()

    def show(events: int, size: int) -> None:
        nonlocal taken
        taken += events
        bar.update(task, advance=size, events=taken, rate=taken / (time.monotonic() - started))

    with bar:
        yield show


@contextmanager
def views_bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Shows up to which position the views are made."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
    )
    task = bar.add_task(what, total=total)
    with bar:
        yield lambda position: bar.update(task, completed=position)


@contextmanager
def copy_bar(what: str) -> Generator[Callable[[int, int], None]]:
    """Shows how many pages of a file are copied."""
    columns = (TextColumn(what), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    task = bar.add_task(what, total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)
