"""`billing-backlog` on a machine whose clock can be moved: by a file with seconds, read each time.

    MOVED_BY=FILE python -m tests.faults.moved_clock serve …

Time enters the service at one place, the `clock` of its tenants; this gives them another one, also
in the processes that a server starts: they load the main module under another name.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from service.cli import main, tenants

MOVED_BY = "MOVED_BY"


def _now() -> datetime:
    moved_by = Path(os.environ[MOVED_BY]).read_text(encoding="utf-8")
    return datetime.now(UTC) + timedelta(seconds=float(moved_by))


if __name__ in {"__main__", "__mp_main__"}:
    tenants.Tenants = partial(tenants.Tenants, clock=_now)  # pyright: ignore[reportAttributeAccessIssue]

if __name__ == "__main__":
    main()
