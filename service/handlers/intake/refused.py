"""Refused events: noted with who posted them and why they were refused, for upstream to mend.

They are no part of the history. Of what was posted, only the ids are kept.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from projections.history import OutcomeUnknown, Unavailable
from projections.views.resource import Page
from service.ledger.group_commit import Context
from service.tenants.tenant import Tenant
from service.wire import outcomes
from service.wire.intake.cloudevents import BadEvent
from service.wire.outcomes import NotedRefusal, ProblemError
from service.wire.problem.problems import Problem

log = logging.getLogger(__name__)

_LONGEST_ATTRIBUTE, _LONGEST_ID, _LONGEST_DETAIL = 1024, 64, 1000
_MOST_ERRORS = 10
_NAMES = re.compile(r"(chargeable\.(?:roles|categories|tasks))\..*", re.DOTALL)


def note(
    tenant: Tenant, context: Context, refused: Sequence[tuple[object, Problem | None]]
) -> None:
    """Notes refused events, each as it was posted and with its problem, in one statement.

    They have their answers already: where noting fails, that is logged and nothing else.
    """
    if not refused:
        return
    at = tenant.clock().isoformat()
    documents = [
        msgspec.json.encode(_noted(event, problem, at, context.actor)).decode()
        for event, problem in refused
        if problem
    ]
    try:
        tenant.ledger.note_refused(documents)
    except (Unavailable, OutcomeUnknown) as error:
        log.error("refused events were not noted", extra={"events": len(refused)}, exc_info=error)


def page_of_refused(tenant: Tenant, before: int, limit: int) -> Page[msgspec.Raw]:
    """The refused events with numbers below `before` as they were noted, the newest first."""
    found = tenant.ledger.refused(before, limit + 1)
    return Page(
        items=[msgspec.Raw(document.encode()) for _, document in found[:limit]],
        next=str(found[limit - 1][0]) if len(found) > limit else None,
        position=tenant.ledger.position(),
    )


def _noted(posted: object, problem: Problem, at: str, actor: str) -> NotedRefusal:
    """What an event says of itself and of what it is about, as far as it is text; not too long."""
    event = _members(posted.event if isinstance(posted, BadEvent) else posted)
    data = _members(event.get("data"))
    return NotedRefusal(
        refused_at=at,
        source=_text(event.get("source"), _LONGEST_ATTRIBUTE),
        id=_text(event.get("id"), _LONGEST_ATTRIBUTE),
        type=_text(event.get("type"), _LONGEST_ATTRIBUTE),
        contract_id=_text(data.get("contract_id"), _LONGEST_ID),
        line_id=_text(data.get("line_id"), _LONGEST_ID),
        approval_id=_text(data.get("approval_id"), _LONGEST_ID),
        problem=_bounded(problem),
        actor=actor,
    )


def _members(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object, longest: int) -> str | None:
    return value[:longest] if isinstance(value, str) else None


def _bounded(problem: Problem) -> outcomes.Problem:
    """The problem without the rest of what many wrong fields would make of it.

    Nor with names that the data has given to its roles, categories and tasks.
    """
    body = problem.body()
    if body.errors:
        body.errors = [_unnamed(error) for error in body.errors[:_MOST_ERRORS]]
        if all(error.field for error in body.errors):
            body.detail = "; ".join(f"{each.field}: {each.detail}" for each in body.errors)
    body.detail = body.detail[:_LONGEST_DETAIL]
    return body


def _unnamed(error: ProblemError) -> ProblemError:
    if not error.field:
        return error
    return msgspec.structs.replace(error, field=_NAMES.sub(r"\1", error.field))
