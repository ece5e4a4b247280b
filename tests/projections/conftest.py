"""What the tests of projections share: empty views on both databases, and their writer."""

from collections.abc import Generator

import pytest
from sqlalchemy import Engine

from projections.keeping.writer import Writer
from tests.databases import NewDatabase, opened_views
from tests.projections import large_views


@pytest.fixture
def views(database: str) -> Generator[Engine]:
    """Empty views in a database of their own."""
    with opened_views(database) as engine:
        yield engine


@pytest.fixture
def writer(views: Engine) -> Writer:
    """The writer of the empty views."""
    return Writer(views)


@pytest.fixture(scope="module")
def shared_views(new_database: NewDatabase) -> Generator[Engine]:
    """Views that the examples of a property fill anew, one after the other."""
    with opened_views(new_database()) as engine:
        yield engine


@pytest.fixture(scope="module")
def large(shared_views: Engine) -> Engine:
    """Views with many sales; nobody has analysed them."""
    large_views.fill(shared_views)
    return shared_views
