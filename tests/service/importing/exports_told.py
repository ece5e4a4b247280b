"""Exports as time trackers write them, a few plausible entries each, and what these say."""

from pathlib import Path

NAMES = ("clockify", "harvest", "kimai", "toggl")
_FOLDER = Path(__file__).parent / "exports"
OF = {name: (_FOLDER / f"{name}.csv").read_text(encoding="utf-8") for name in NAMES}

Said = tuple[str | None, ...]
_HARBOUR = "Harbour-terminal"
SAYS: dict[str, list[Said]] = {
    "harvest": [
        ("PC-1", "2026-10-05", "7.5", "200.0", "EUR", "chargeable", "Ada Lind", "Architect"),
        ("PC-1", "2026-10-05", "1.0", "0", "EUR", "non_chargeable", "Ada Lind", "Architect"),
        ("Bridge-Road", "2026-10-06", "0.25", "83.3333", "EUR", "chargeable", "Bo Ek", "Lead, HQ"),
    ],
    "toggl": [
        (_HARBOUR, "2026-10-05", "1.5", "200", "USD", "chargeable", "Ada Lind", None),
        (_HARBOUR, "2026-10-05", "1.333333", "90", "USD", "chargeable", "Bo Ek", None),
        (_HARBOUR, "2026-10-06", "0.333333", "0", "USD", "non_chargeable", "Bo Ek", None),
    ],
    "clockify": [
        (_HARBOUR, "2026-10-05", "1.283333", "90.00", "EUR", "chargeable", "Ada Lind", None),
        (_HARBOUR, "2026-10-13", "0.75", "0", "EUR", "non_chargeable", "Bo Ek", None),
    ],
    "kimai": [
        ("PC-1", "2026-10-05", "1.5", "90", "EUR", "chargeable", "Ada Lind", None),
        ("Brucke-Sud", "2026-10-06", "0.75", "0", "EUR", "non_chargeable", "bo", None),
    ],
}
"""What the entries of each say: contract, date, hours, price, currency, billing type, who, role."""
SAID_FIELDS = (
    "contract_id", "date", "quantity", "unit_price", "currency", "billing_type", "resource", "role",
)  # fmt: skip
SKIPPED = {"harvest": 1, "toggl": 0, "clockify": 1, "kimai": 0}
