"""More items than one transaction takes: a job marks, resets or evaluates them, a part a step."""

from collections.abc import Sequence
from functools import partial

import msgspec

from aggregates.contract_line.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.verdicts import ReevaluateNTE, ResetNTE
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


def steps_of(items: Sequence[str]) -> tuple[JobStep, ...]:
    """A step for each 10,000 items, in their order."""
    return tuple(JobStep(items=some) for some in chunks(items, matching.MOST_ITEMS))


class _Asked(msgspec.Struct):
    """What a job remembers beside its items."""

    partly: bool


def _do(kind: ItemsCommand, unit: UnitOfWork, job: Job, step: JobStep) -> StepOutcome:
    """Does to the items of a step what is asked; one that is refused refuses the step (D-27)."""
    asked = msgspec.json.decode(job.request, type=_Asked)
    decided = backlog.decide(unit, kind, step.items)
    try:
        if not asked.partly:
            decided.all_or_nothing()
    except ItemsRefused as refusal:
        return leaving(refused(refusal), refusal.items)
    unit.append(decided.events)
    done = StepOutcome(status=StepStatus.COMPLETE, changed_count=len(decided.done))
    return leaving(done, (*decided.refused, *decided.left))


MANY_ITEMS = tuple(JobKind(name=name, do=partial(_do, kind)) for kind, name in NAMES.items())
