"""`python -m benchmarks [--json] [--small] [NAME…]`: measures, and prints the table."""

import argparse
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks import (
    command_one,
    commands,
    correcting,
    editing,
    intake,
    matching,
    pages,
    projecting,
    replay,
    scale,
    serving,
    starting,
    stream,
    sums,
    workers,
)
from benchmarks.databases import KINDS, POSTGRESQL, Bench, opened
from benchmarks.measuring import Figure, Row, row_name, tell
from benchmarks.sizes import FULL, SMALL, Sizes
from service.garbage_collector import collect_seldom

PRINTED_WIDTH = 180
"""Columns of a table that goes to a file or a pipe."""

NONE, TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Measure:
    """What gives the rows of one or several figures."""

    figures: tuple[Figure, ...]
    run: Callable[[Bench], Iterable[Row]]
    kinds: Sequence[str] = KINDS
    """The databases that it is measured on."""

    def names(self, kind: str) -> list[str]:
        """The rows that it gives on this kind of database."""
        return [row_name(f.name, kind) for f in self.figures if kind in self.kinds]


def _one(figure: Figure, run: Callable[[Bench], Row]) -> Measure:
    return Measure((figure,), lambda bench: [run(bench)])


MEASURES = (
    _one(intake.IMPORT, intake.measure_import),
    _one(intake.MAPPER_RECORDER, intake.measure_mapper_recorder),
    _one(intake.READ_MAP, intake.measure_read_map),
    _one(projecting.PROJECTION, projecting.measure_projection),
    _one(commands.COMMAND_HTTP, commands.measure_command_http),
    Measure((workers.WORKERS,), lambda bench: [workers.measure_workers(bench)], kinds=[POSTGRESQL]),
    _one(command_one.COMMAND_ONE, command_one.measure_command_one),
    _one(stream.STREAM, stream.measure_stream),
    _one(pages.PAGE, pages.measure_page),
    _one(pages.PAGE_SCALE, pages.measure_page_scale),
    _one(pages.SEARCH, pages.measure_search),
    _one(pages.SEARCH_WITHIN, pages.measure_search_within),
    _one(sums.SUMMARY, sums.measure_summary),
    _one(sums.FACETS, sums.measure_facets),
    Measure(scale.BULK, scale.measure_bulk),
    _one(matching.MATCHING_BULK, matching.measure_matching_bulk),
    _one(scale.MARK_ONE_LARGE_LINE, scale.measure_mark_one_large_line),
    _one(editing.EDIT_ONE_LARGE_DRAFT, editing.measure_edit_one_large_draft),
    _one(editing.EDIT_BULK, editing.measure_edit_bulk),
    _one(correcting.CORRECT_BULK, correcting.measure_correct_bulk),
    _one(replay.REBUILD_SCALE, replay.measure_rebuild_scale),
    _one(replay.IMPORT_MEMORY, replay.measure_import_memory),
    _one(replay.REBUILD_MEMORY, replay.measure_rebuild_memory),
    _one(serving.SERVE_MEMORY, serving.measure_serve_memory),
    _one(starting.COLD_START, starting.measure_cold_start),
)


def main() -> int:
    """Runs what was asked for; 0 unless something could not be measured."""
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="How far is the service from what the machine does"
    )
    parser.add_argument("--json", action="store_true", help="print a list, for programs")
    parser.add_argument("--small", action="store_true", help="little of everything: does it work?")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only rows whose names begin like this"
    )
    asked = parser.parse_args()
    known = [name for kind in KINDS for measure in MEASURES for name in measure.names(kind)]
    wrong = [name for name in asked.names if not any(row.startswith(name) for row in known)]
    if wrong:
        parser.error(f"no row begins with {', '.join(wrong)}; there are {', '.join(known)}")
    collect_seldom()  # as every process of the service does that opens a database
    rows, complete = measured(asked.names, SMALL if asked.small else FULL)
    if asked.json:
        print(json.dumps([row.body() for row in rows], indent=2))
    else:
        console = Console()
        Console(width=None if console.is_terminal else PRINTED_WIDTH).print(_table(rows))
    return 0 if complete else 1


def measured(names: Sequence[str], sizes: Sizes) -> tuple[list[Row], bool]:
    """The rows whose names begin with one of these, or all; whether all could be measured."""
    rows: dict[str, Row] = {}
    complete = True
    wanted = [
        (kind, measure, [name for name in measure.names(kind) if _is_wanted(name, names)])
        for kind in KINDS
        for measure in MEASURES
    ]
    for kind in KINDS:
        if not any(found for of, _, found in wanted if of == kind):
            continue
        with opened(kind, sizes) as bench:
            for measure, found in [(m, found) for of, m, found in wanted if of == kind and found]:
                tell(", ".join(found))
                try:
                    for row in measure.run(bench):
                        if row.name in found:
                            rows[row.name] = row
                            tell(json.dumps(row.body()))  # a run that is cut off has told so much
                except Exception:
                    traceback.print_exc()
                    complete = False
    order = [row_name(f.name, kind) for m in MEASURES for f in m.figures for kind in KINDS]
    return [rows[name] for name in order if name in rows], complete


def _is_wanted(row: str, names: Sequence[str]) -> bool:
    return not names or any(row.startswith(name) for name in names)


def _table(rows: Iterable[Row]) -> Table:
    table = Table(title="Measured, each next to its limit in the same run")
    for heading in ("row", "measured", "against", "ratio", "floor", "stretch", "holds", "beside"):
        justify = "left" if heading in {"row", "holds", "beside"} else "right"
        table.add_column(heading, justify=justify)
    for row in rows:
        figure = row.figure
        table.add_row(
            row.name,
            f"{_number(row.value)} {figure.unit}",
            NONE if row.against is None else f"{_number(row.against)} {figure.against_unit}",
            _ratio(row, row.ratio),
            _ratio(row, figure.floor),
            _ratio(row, figure.stretch),
            "yes" if row.holds else "no",
            ", ".join(f"{name} {_number(value)}" for name, value in row.more.items()),
        )
    return table


def _ratio(row: Row, ratio: float | None) -> str:
    """As the figure is stated: a percentage, a multiple, or the value itself."""
    if ratio is None:
        return NONE
    if row.ratio is None:
        return f"{ratio:g} {row.figure.unit}"
    return f"{ratio:.1%}" if row.figure.better == "more" else f"{ratio:.2f} {TIMES}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.3g}"


if __name__ == "__main__":
    sys.exit(main())
