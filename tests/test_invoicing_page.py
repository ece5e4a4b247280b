"""docs/invoicing.md says what the service books, on both databases."""

import httpx

from tests.documents import ROOT
from tests.invoicing_page import written


def test_the_page_of_what_invoices_book_is_what_the_service_books(api: httpx.Client) -> None:
    shown = (ROOT / "docs/invoicing.md").read_text(encoding="utf-8")
    assert written(api) == shown, "docs/invoicing.md is not what is booked: run `just invoicing`"
