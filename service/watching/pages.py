"""Pages of the views, written as the projector does it, and watched."""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from projections.keeping.gathering import Step
from projections.keeping.writer import Writer
from service.watching.spans import Trail, span
from service.watching.watch import Watch


class WatchedWriter(Writer):
    """Writes the views of a tenant, and tells whoever watches it by then."""

    def __init__(self, views: Engine, trail: Trail, watch: Callable[[], Watch]) -> None:
        super().__init__(views)
        self._trail, self._watch = trail, watch

    def write(self, steps: Sequence[Step], after: int, position: int) -> None:
        """Writes a page. Raises OutOfStep."""
        began = time.monotonic()
        with span("project", self._trail.places(after, position), events=position - after):
            super().write(steps, after, position)
        self._watch().projected(time.monotonic() - began)
