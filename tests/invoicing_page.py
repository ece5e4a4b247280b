"""docs/invoicing.md: what invoices book, case by case, each row as the service answered it.

`python -m tests.invoicing_page` (`just invoicing`) writes the page: every case is a contract of its
own, worked over HTTP, and each table shows the actuals that a step booked.
"""

import sys
import tempfile
from contextlib import closing

import httpx

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.conftest import NOW
from tests.databases import Only
from tests.invoicing_cases import PARTS
from tests.invoicing_desk import Desk
from tests.service.processes import LONG

INTRODUCTION = """# What invoices book

Every actual that an approval or an invoice makes, case by case, as an accountant would write it
down. `just invoicing` writes this page from what the service answers; the rules are in
[rules.md](rules.md).

**U** is an unbilled sales actual, **B** a billed one. Rows are never changed: one is *reversed* by
a row of the opposite sign, and others take its place. A table shows what one step booked, in order;
`1 reversed` cancels row 1 of the same case. The cause of a row is why it was booked (D-110).
Amounts are in euro, tax is 19 %, one customer pays all and nothing is limited unless said.
"""


def written(api: httpx.Client) -> str:
    """The page, as a service without any contract yet works it."""
    page = [INTRODUCTION.rstrip()]
    number = 0
    for part, (text, cases) in PARTS.items():
        page += [f"## {part}", text]
        for case in cases:
            number += 1
            page += [f"### {case.title}", case.text]
            case.work(Desk(api, f"CASE-{number}", page))
    return "\n\n".join(page) + "\n"


def main() -> None:
    """Writes the page to standard output."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Tenant(f"sqlite:///{folder}/backlog.db", clock=lambda: NOW)) as tenant,
        running(create_app(Only(tenant), Settings(read_wait=60.0))) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=LONG) as api,
    ):
        sys.stdout.write(written(api))


if __name__ == "__main__":
    main()
