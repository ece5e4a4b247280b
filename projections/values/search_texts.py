"""Text as it is searched, in any alphabet: folded once when it is kept, never by a database.

What a database makes of upper case depends on its locale, or ends with ASCII. So the texts that
rows are found by are kept in the one form that a text to look for is brought into, too.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

SEPARATOR = "\x1f"
"""Stands between the texts of a row; nothing that is looked for has it."""
SHORTEST_INDEXED = 3
"""Characters of a text that an index of trigrams finds."""
_KEPT = 10_000
"""Texts that are kept in mind: what was done, by whom, comes again and again."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class _Letters(dict[int, str]):
    """The letter or digit that stands for each character, itself where it is one."""

    def __missing__(self, code: int) -> str:
        letter = chr(code) if chr(code) in _LETTERS else _LETTERS[code % len(_LETTERS)]
        self[code] = letter
        return letter


_LETTER_OF = _Letters()


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
    """A folded text in ASCII letters and digits alone, one for each character.

    Indexes of trigrams go by it: what they do with other characters depends on the server's locale.
    Two texts may have one key, so the text itself has the last word.
    """
    return text.translate(_LETTER_OF)


def asked(text: str) -> dict[str, str]:
    """The values that statements look for a text with: folded, and by trigrams of either kind."""
    text = folded(text)
    key = key_of(text)
    # Side by side, and the last: an index takes longer to put together those between them, too.
    starts = (*range(0, len(key) - 3, 3), len(key) - 3)
    trigrams = dict.fromkeys(key[n : n + 3] for n in starts if n >= 0)
    match = " ".join(f'"{trigram}"' for trigram in trigrams)
    return {"text": text, "pattern": f"%{key}%", "match": match}


@lru_cache(maxsize=_KEPT)
def text_row(*texts: str | None) -> dict[str, Any] | None:
    """The row of `search_texts` for what a row of a view says; None when that is nothing."""
    text = SEPARATOR.join(folded(some) for some in texts if some)
    return _row(text, text, None) if text else None


def milestone_row(name: str, milestone_id: str) -> dict[str, Any]:
    """The row of `search_texts` for a milestone."""
    text = SEPARATOR.join((folded(name), folded(milestone_id)))
    return _row(_milestone(milestone_id), text, None)


def milestone_text_id(milestone_id: str) -> int:
    """The number of that row, whatever the milestone is called."""
    return _number(_milestone(milestone_id))


def approval_row(approval_id: str) -> dict[str, Any]:
    """The row of `search_texts` for an approval's id."""
    return _row(f"approval{SEPARATOR}{approval_id}", folded(approval_id), approval_id)


def each_once(found: Iterable[dict[str, Any] | None]) -> tuple[dict[str, Any], ...]:
    """Each of the rows once."""
    return tuple({row["text_id"]: row for row in found if row}.values())


def _row(identity: str, text: str, approval_id: str | None) -> dict[str, Any]:
    return {
        "text_id": _number(identity),
        "text": text,
        "key": key_of(text),
        "approval_id": approval_id,
    }


def _milestone(milestone_id: str) -> str:
    return f"milestone{SEPARATOR}{milestone_id}"


def _number(identity: str) -> int:
    """63 bits that no two texts have in common."""
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
