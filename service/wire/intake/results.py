"""What became of a posted event, as callers get it, and why."""

from dataclasses import dataclass

from aggregates.refusals import Refused
from aggregates.statuses import Outcome
from service.wire.intake.cloudevents import BadEvent, Posted, under_data
from service.wire.outcomes import EventResult
from service.wire.problem.problems import Problem, of_recorded, of_refusal


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of one posted event."""

    event_id: str | None
    outcome: Outcome
    items: tuple[str, ...] = ()
    problem: Problem | None = None
    position: int = 0
    ignored: tuple[str, ...] = ()

    def body(self) -> EventResult:
        """The result as callers get it."""
        return EventResult(
            id=self.event_id,
            outcome=self.outcome,
            items=list(self.items),
            position=self.position,
            problem=self.problem.brief() if self.problem else None,
            ignored=list(self.ignored),
        )


def bad_event_result(error: BadEvent) -> Result:
    """The result of an event that can't be read."""
    return Result(event_id=error.event_id, outcome=Outcome.REFUSED, problem=error.problem)


def refused_result(posted: Posted, refusal: Refused) -> Result:
    """The result of an event that the rules refuse."""
    return Result(
        event_id=posted.event_id,
        outcome=Outcome.REFUSED,
        problem=problem_of(refusal),
        ignored=posted.ignored,
    )


def problem_of(refusal: Refused) -> Problem:
    """The problem of a refusal; fields are named where they are in the event."""
    problem = of_refusal(refusal)
    return under_data(problem) if problem.code == "invalid_fields" else problem


def recorded_problem(code: str | None, detail: str | None) -> Problem | None:
    """The problem that an event was recorded with, None where there was none."""
    return of_recorded(code, detail) if code and detail else None
