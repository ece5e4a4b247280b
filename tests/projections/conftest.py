"""What the tests of projections share: empty views on both databases, and their writer."""

from collections.abc import Generator

import pytest
from sqlalchemy import Engine

from projections.writer import Writer
from tests.databases import NewDatabase, opened_views


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
