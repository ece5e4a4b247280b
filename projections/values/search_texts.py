"""Text as it is searched, in any alphabet: folded once when it is kept, never by a database.

What a database makes of upper case depends on its locale, or ends with ASCII. So the texts that
rows are found by are kept in the one form that a text to look for is brought into, too.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import Any

SEPARATOR = "\x1f"
"""Stands between the texts of a row; nothing that is looked for has it."""
_KEPT = 10_000
"""Texts that are kept in mind: what was done, by whom, comes again and again."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_BETWEEN = "q"
"""Stands for what is between words; so a q itself is spelled, as all that is no letter here."""
_BETWEEN_WORDS = f" -{SEPARATOR}"
_END = _BETWEEN * 2
"""Ends each key, so that every character of a text begins a trigram."""
_POSITIONS = 41
"""Bits of a position in the number of a text with approvals; those before are the day's."""
LAST_POSITION = 2**_POSITIONS - 1
_FIRST = -(2**63)


class _Spelling(dict[int, str]):
    """What stands for each character in keys: most often itself."""

    def __missing__(self, code: int) -> str:
        character, many = chr(code), len(_LETTERS)
        if character in _BETWEEN_WORDS:
            spelled = _BETWEEN
        elif character in _LETTERS and character != _BETWEEN:
            spelled = character
        else:
            numbers = (code % many, code // many % many, code // many**2 % many)
            spelled = "".join(_LETTERS[number] for number in numbers)
        self[code] = spelled
        return spelled


_SPELLING = _Spelling()


@dataclass(frozen=True, slots=True)
class Sought:
    """A text that is looked for: folded, and as its key has it."""

    text: str
    key: str

    def alternatives(self) -> list[str]:
        """What a text has one of in its key; each is long enough for an index of trigrams."""
        rest = product(_LETTERS, repeat=max(0, 3 - len(self.key)))
        return [self.key + "".join(letters) for letters in rest]

    def trigrams(self) -> list[str]:
        """The trigrams of a key that are looked up: they hold all of it.

        Side by side, and the last: an index takes longer to put those between them together, too.
        """
        last = len(self.key) - 3
        return list(dict.fromkeys(self.key[n : n + 3] for n in (*range(0, last, 3), last)))


def folded(text: str) -> str:
    """The text without a difference of case or of composition, by Unicode's default folding.

    The i of Turkish with and without its dot are one letter here, for the upper case of the one
    looks like that of the other, and nobody says which language a text is in.
    """
    text = text.replace(SEPARATOR, "\ufffd")
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFD", text).casefold().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", folded.replace("\u0131", "i"))


def key_of(text: str) -> str:
    """A folded text in ASCII letters and digits alone.

    Indexes of trigrams go by it: what they do with other characters depends on the server's locale.
    Two texts may have one key, so the text itself has the last word.
    """
    return text.translate(_SPELLING)


@lru_cache(maxsize=_KEPT)
def text_row(*texts: str | None) -> dict[str, Any] | None:
    """The row of `search_texts` for what a row of a view says; None when that is nothing."""
    text = SEPARATOR.join(folded(some) for some in texts if some)
    return _row(_number(text), text) if text else None


def sale_text(*texts: str | None, approval_id: str) -> dict[str, Any] | None:
    """The same for a sale, with the id of its approval where `approvals_row` can't take it."""
    return text_row(*texts, None if _is_plain(approval_id) else approval_id)


def milestone_row(name: str, milestone_id: str) -> dict[str, Any]:
    """The row of `search_texts` for a milestone."""
    text = SEPARATOR.join((folded(name), folded(milestone_id)))
    return _row(milestone_text_id(milestone_id), text)


def milestone_text_id(milestone_id: str) -> int:
    """The number of that row, whatever the milestone is called."""
    return _number(f"milestone{SEPARATOR}{milestone_id}")


def approvals_row(position: int, day: date, ids: Iterable[str]) -> dict[str, Any] | None:
    """The row of `search_texts` for the ids of approvals of one day that one event recorded."""
    plain = SEPARATOR.join(dict.fromkeys(filter(_is_plain, ids)))
    if not plain:
        return None
    return _row(approvals_text_id(day, position), plain.lower(), plain)


def approvals_text_id(day: date, position: int) -> int:
    """The number of the text of an event's approvals of a day: below 0, in the order of days."""
    return _FIRST + (day.toordinal() << _POSITIONS) + position


def day_and_position(text_id: int) -> tuple[date, int]:
    """What such a number is made of."""
    day, position = divmod(text_id - _FIRST, 1 << _POSITIONS)
    return date.fromordinal(day), position


def each_once(found: Iterable[dict[str, Any] | None]) -> tuple[dict[str, Any], ...]:
    """Each of the rows once."""
    return tuple({row["text_id"]: row for row in found if row}.values())


def _row(text_id: int, text: str, approval_ids: str | None = None) -> dict[str, Any]:
    key = key_of(text) + _END
    return {"text_id": text_id, "text": text, "key": key, "approval_ids": approval_ids}


def _is_plain(approval_id: str) -> bool:
    """Whether a database folds the id as we do, and it can stand among others."""
    return approval_id.isascii() and SEPARATOR not in approval_id


def _number(identity: str) -> int:
    """63 bits that no two texts have in common."""
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
