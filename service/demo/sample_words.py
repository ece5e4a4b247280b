"""What the sample draws from: currencies, shapes of contracts, and the words of consulting work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currency:
    code: str
    decimals: int
    minor_per_1000_eur: int
    step: int
    tax_permille: int

    def minor(self, eur: int) -> int:
        """A price in minor units, rounded down to the steps in which prices are quoted."""
        return eur * self.minor_per_1000_eur // 1000 // self.step * self.step

    def text(self, minor: int) -> str:
        """Money as it travels: plainly, with exactly the currency's decimals (D-1)."""
        if not self.decimals:
            return str(minor)
        sign = "-" if minor < 0 else ""
        whole, part = divmod(abs(minor), 10**self.decimals)
        return f"{sign}{whole}.{part:0{self.decimals}d}"


EUR = Currency("EUR", 2, 100_000, 50, 210)
USD = Currency("USD", 2, 112_000, 50, 80)
JPY = Currency("JPY", 0, 163_000, 10, 100)
KWD = Currency("KWD", 3, 335_000, 250, 0)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a contract is made of. Shapes take turns, so that few contracts already show all."""

    currency: Currency
    customers: int
    lines: int
    fixed_price: bool
    limits: frozenset[str]


SHAPES = (
    Shape(EUR, 2, 2, fixed_price=False, limits=frozenset({"contract"})),
    Shape(USD, 3, 1, fixed_price=False, limits=frozenset({"contract_customer"})),
    Shape(JPY, 1, 1, fixed_price=True, limits=frozenset({"line"})),
    Shape(KWD, 3, 2, fixed_price=True, limits=frozenset({"line_customer"})),
    Shape(EUR, 1, 1, fixed_price=False, limits=frozenset()),
    Shape(USD, 2, 2, fixed_price=True, limits=frozenset({"contract", "line"})),
    Shape(JPY, 3, 1, fixed_price=False, limits=frozenset({"contract_customer", "line_customer"})),
    Shape(KWD, 2, 2, fixed_price=True, limits=frozenset()),
)
SPLITS = {
    1: (("100",),),
    2: (("60", "40"), ("50", "50"), ("72.5", "27.5")),
    3: (("50", "30", "20"), ("50", "50", "0"), ("33.33", "33.33", "33.34")),
}
CUSTOMERS = (
    "Möwenfels Logistik GmbH", "Aurinko Energia Oy", "Bråvalla Sjukvård AB", "Laplume & Fils SARL",
    "Hinode Seiki 日の出精機", "Al Waha Retail W.L.L.", "Copperbeech Insurance Ltd",
    "Żuraw Stocznia S.A.", "Río Claro Aguas S.L.", "Tidewater Freight Inc.", "Çelik Tekstil A.Ş.",
)  # fmt: skip
PROGRAMMES = (
    "Warehouse control renewal", "Meter data platform", "Patient records move", "Claims portal",
    "Einführung Finanzbuchhaltung", "Refonte du catalogue", "工場の生産計画", "Fleet planning",
)  # fmt: skip
# What an hour costs, in euro.
ROLES = (
    ("solution-architect", 165), ("senior-consultant", 145), ("consultant", 110), ("analyst", 85),
    ("developer", 120), ("tester", 90), ("project-office", 70), ("trainee", 45),
)  # fmt: skip
UNNAMED_ROLE = "trainee"
EXPENSES = ("travel", "lodging", "meals", "parking")
TASKS = ("T-10", "T-20", "T-30", "T-40")
PEOPLE = (
    "Zoë Lindqvist", "Jürgen Pfaff", "Amélie Roussel", "佐々木 遥", "Nadia al-Sabah", "Priya Nair",
    "Tomasz Wójcik", "Inés Peñalver", "Kwame Boateng", "Rhiannon Price", "Otto Väisänen",
)  # fmt: skip
TEXTS = {
    "time": (
        "Workshop on stock movements", "Interface to the carrier's portal", "Schnittstellentest",
        "Rehearsal of the data move", "Réunion de cadrage", "見積書のレビュー", "Access concept",
        "Fault analysis: doubled postings", "Key users' training", "Cut-over plan & checklist",
    ),
    "expense": ("Train, return", "Hôtel, 2 nuits", "Taxi to the site", "Team dinner, Übergabe"),
    "material": ("Handheld scanners", "Label rolls", "Test licences", "Kabelsatz, 5 m"),
    "fee": ("Hosting, one month", "Certificate renewal", "Gebühr: Zulassungsstelle"),
}  # fmt: skip
