"""More items than one transaction takes: a job marks, resets or evaluates them, a part a step."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.deal import chunks
from aggregates.job.events import JobStep, StepOutcome
from aggregates.job.state import Job
from aggregates.job.working import leaving, refused
from aggregates.refusals import ItemsRefused
from aggregates.statuses import StepStatus
from service.handlers import backlog, matching
from service.handlers.backlog import ItemsCommand
from service.handlers.jobs.kind import JobKind
from service.ledger.unit_of_work import UnitOfWork

NAMES: dict[ItemsCommand, str] = {
    MarkReady: "mark_ready",
    MarkNotReady: "mark_not_ready",
    ResetNTE: "reset_nte",
    ReevaluateNTE: "reevaluate_nte",
}
"""What is done to items, by the names that jobs have in the history."""
_STATUSES: dict[ItemsCommand, str] = {MarkReady: "ready", MarkNotReady: "not_ready"}
ALL_OR_NOTHING, BEST_EFFORT = "all_or_nothing", "best_effort"


def steps_of(items: Sequence[str]) -> tuple[JobStep, ...]:
    """A step for each 10,000 items, in their order."""
    return tuple(JobStep(items=some) for some in chunks(items, matching.MOST_ITEMS))


def said_of(kind: ItemsCommand, matching: Mapping[str, Any], *, partly: bool) -> dict[str, Any]:
    """What a caller asked for, in the words of the request; only marks have a status and a mode."""
    if kind not in _STATUSES:
        return {"matching": matching}
    mode = BEST_EFFORT if partly else ALL_OR_NOTHING
    return {"status": _STATUSES[kind], "mode": mode, "matching": matching}


class _Asked(msgspec.Struct):
    """What a job remembers beside its items; `partly` instead of a mode is the older form."""

    mode: str | None = None
    partly: bool = True

    def is_partly(self) -> bool:
        """Whether what is not refused is changed all the same."""
        return self.partly if self.mode is None else self.mode == BEST_EFFORT


def _do(kind: ItemsCommand, unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
    """Does to the items of a step what is asked; one that is refused refuses the step (D-27)."""
    asked = msgspec.json.decode(job.request, type=_Asked)
    decided = backlog.decide(unit, kind, step.items)
    try:
        if not asked.is_partly():
            decided.all_or_nothing()
    except ItemsRefused as refusal:
        return leaving(refused(refusal), refusal.items)
    unit.append(decided.events)
    done = StepOutcome(status=StepStatus.COMPLETE, changed_count=len(decided.done))
    return leaving(done, (*decided.refused, *decided.left))


MANY_ITEMS = tuple(JobKind(name=name, do=partial(_do, kind)) for kind, name in NAMES.items())
