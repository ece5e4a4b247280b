"""What the tests of projections share: views in a new SQLite file, and their writer."""

from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from projections.database import open_views
from projections.writer import Writer


@pytest.fixture
def views(tmp_path: Path) -> Generator[Engine]:
    """Empty views in a file of their own."""
    engine = open_views(tmp_path / "x.views.db")
    yield engine
    engine.dispose()


@pytest.fixture
def writer(views: Engine) -> Writer:
    """The writer of the empty views."""
    return Writer(views)


@pytest.fixture(scope="module")
def shared_views(tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    """Views that the examples of a property fill anew, one after the other."""
    engine = open_views(tmp_path_factory.mktemp("shared") / "x.views.db")
    yield engine
    engine.dispose()
