"""How the statements of a search are run: with what has the text, planned for indexes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from projections.databases.connections import IN_ORDER, plan
from projections.views.backlog.asked import Asked, Found, Way
from projections.views.backlog.search.matches import Lists
from projections.views.backlog.search.texts import NAMES

_NOTHING: Lists = {}


@dataclass(frozen=True)
class Reading:
    """Rows of a page that is asked for by a text."""

    asked: Asked

    def rows(
        self,
        way: Way,
        lists: Lists = _NOTHING,
        values: Mapping[str, Any] = _NOTHING,
        *,
        how: Mapping[str, str] = IN_ORDER,
        **shape: Any,
    ) -> Found:
        """What is found in such a way, by these lists of what has the text, and more values."""
        plan(self.asked.views, how)
        has_names = any(lists.get(name) for name in NAMES)
        has_texts = bool(lists.get("text_ids"))
        shape |= {"has_names": has_names, "has_texts": has_texts}
        statement = self.asked.prepared(way, **shape)
        given = {**self.asked.values, **self.listed(lists), **values}
        return statement.rows(self.asked.views, given)

    def listed(self, lists: Lists) -> Mapping[str, Any]:
        """Lists as statements take them: those of SQLite are JSON."""
        if self.asked.views.schema is not None:
            return lists
        return {name: json.dumps(several) for name, several in lists.items()}
