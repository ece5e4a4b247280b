"""A turn by a file: one at a time has it, and it goes with its process, however that ends."""

from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from projections.history import Unavailable
from service.databases.file_turns import FileTurn
from tests.service.processes import kill, process, until, until_the_parent_is_gone


def test_one_at_a_time_has_the_turn_and_leaves_it_to_the_next(tmp_path: Path) -> None:
    one, other = (FileTurn(tmp_path / "turn") for _ in range(2))
    assert (one.mine(), other.mine(), one.mine()) == (True, False, True)
    other.leave()
    assert not other.mine()
    one.leave()
    assert (other.mine(), one.mine()) == (True, False)


def take_and_stay(path: str, told: Connection) -> None:
    told.send(FileTurn(Path(path)).mine())
    until_the_parent_is_gone()


def test_the_turn_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    here, there = Pipe()
    with process(take_and_stay, str(tmp_path / "turn"), there) as holder:
        assert here.recv()
        turn = FileTurn(tmp_path / "turn")
        assert not turn.mine()
        kill(holder)
        until(turn.mine)


def test_a_file_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="can't be opened"):
        FileTurn(tmp_path / "missing" / "turn").mine()
