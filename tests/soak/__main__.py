"""Two servers on one database, many clients, for as long as you like: does everything reconcile?

    python -m tests.soak [--minutes 20] [--database sqlite|postgresql|both] [--clients 16]
                         [--seed 1] [--kills]
    python -m tests.soak --faults [--rounds 10] [--seed 1]

Prints what was tried and every discrepancy; ends with 1 if there is one.
"""

import argparse
import sys
import time

from tests.databases import KINDS
from tests.soak.running import Order, Outcome, run


def main() -> int:
    """Runs on each database in turn; the exit code."""
    asked = _arguments()
    if asked.faults:
        from tests.faults.long_form import try_all  # noqa: PLC0415 - it uses this package

        return 1 if try_all(asked.rounds, asked.seed, _say) else 0
    wrong = 0
    for kind in KINDS if asked.database == "both" else [asked.database]:
        order = Order(
            kind=kind,
            seconds=asked.minutes * 60,
            clerks=asked.clients,
            seed=asked.seed,
            kills=asked.kills,
        )
        print(
            f"{kind}: {order.clerks} clients, {asked.minutes:g} minutes, seed {order.seed}"
            f"{', with kills' if order.kills else ''}"
        )
        outcome = run(order, _say)
        _print(kind, outcome)
        wrong += outcome.notes.wrong.count
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--kills", action="store_true", help="kill one of the servers now and then, and start it"
    )
    parser.add_argument(
        "--faults", action="store_true", help="try each fault of tests/faults, so many rounds"
    )
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


def _say(what: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {what}", flush=True)


def _print(kind: str, outcome: Outcome) -> None:
    notes, books = outcome.notes, outcome.books
    print("  what was asked, and what it came to:")
    for deed in sorted({deed for deed, _ in notes.outcomes}):
        counts = {o: n for (d, o), n in sorted(notes.outcomes.items()) if d == deed}
        print(f"    {deed:17} " + ", ".join(f"{o}: {n}" for o, n in counts.items()))
    print("  what was recorded: " + ", ".join(f"{n} {k}" for k, n in sorted(books.kinds.items())))
    if outcome.kills:
        print(f"  servers killed: {outcome.kills}")
    for discrepancy in notes.wrong.shown:
        print(f"  WRONG {discrepancy}")
    print(f"{kind}: {notes.wrong.count} discrepancies", flush=True)


if __name__ == "__main__":
    sys.exit(main())
