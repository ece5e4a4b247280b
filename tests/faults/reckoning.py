"""After the faults: all that was acknowledged is in the history once, and the views show it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.callers import CONTRACTS
from tests.faults.notebook import Deed, Notebook, Told
from tests.soak.auditor import Auditor
from tests.soak.notes import Notes
from tests.soak.reconciling import Reconciler
from tests.soak.servers import Served

Json = dict[str, Any]


@dataclass
class Reckoning:
    """What became of the answers; the lists say which deeds, `wrong` what else does not agree."""

    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    denied_yet_done: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])

    def all_wrong(self) -> list[str]:
        """Everything that should not be."""
        return [
            *(f"lost: {each}" for each in self.lost),
            *(f"doubled: {each}" for each in self.doubled),
            *(f"denied, yet done: {each}" for each in self.denied_yet_done),
            *self.wrong,
        ]


class Books(Auditor):
    """The soak's auditor, who also notes which commands and which posted events he saw."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes.wrong)
        self.commands: defaultdict[str, list[Json]] = defaultdict(list)
        self.times_received = Counter[str]()

    def follow(self, events: Iterable[Json]) -> None:
        """Takes further events of the history into account."""
        some = list(events)
        for event in some:
            self.commands[event["correlation_id"]].append(event)
            if event["type"].startswith("EventReceived"):
                self.times_received[event["data"]["event_id"]] += 1
        super().follow(some)


async def reckon(notebook: Notebook, server: Served) -> Reckoning:
    """Reads the whole history and all views through HTTP. Raises NotShown."""
    notes = Notes(position=notebook.position)
    books = Books(notes)
    reconciler = Reconciler(notes, books)
    await reconciler.follow(server)
    await reconciler.hold_the_views(server, CONTRACTS)
    await reconciler.hold_the_numbers(server)
    found = Reckoning(wrong=[*notes.wrong.shown, *notebook.strange])
    for deed in notebook.deeds:
        _judge(deed, books, found)
    return found


def _judge(deed: Deed, books: Books, found: Reckoning) -> None:
    """Holds one deed against the history."""
    carried_out = [each for each in deed.attempts if each.correlation_id in books.commands]
    told = f"{deed.name} {[(a.correlation_id, a.told, a.code) for a in deed.attempts]}"
    if any(attempt.told is Told.DENIED for attempt in carried_out):
        found.denied_yet_done.append(told)
    if len(carried_out) > 1 or any(books.times_received[name] > 1 for name in deed.events):
        found.doubled.append(told)
    if deed.answer is not None and not (carried_out and _is_there(deed, deed.answer, books)):
        found.lost.append(told)


def _is_there(deed: Deed, answer: Json, books: Books) -> bool:
    """Whether the history has what the acknowledgement says."""
    match deed.name:
        case "post":
            told = {result["id"]: tuple(result["items"]) for result in answer["results"]}
            return all(told[name] == books.received.get(name) for name in deed.events)
        case "mark":
            marked = [books.items.get(each["item_id"]) for each in answer["changed"]]
            return all(item and item.billing_status != "not_ready" for item in marked)
        case "draft":
            return all(each["invoice_id"] in books.invoices for each in answer["invoices"])
        case "confirm":
            invoice = books.invoices.get(answer["invoice_id"])
            return invoice is not None and invoice.number == answer["number"]
        case "create milestone":
            return answer["milestone_id"] in books.milestones
        case _:
            return True
