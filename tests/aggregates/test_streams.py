"""Names of streams and ids: derived, so that the same thing has the same name in every run."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates import streams
from aggregates.streams import LineKey

upstream_ids = st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=64)


@given(upstream_ids, upstream_ids, upstream_ids)
def test_an_item_id_says_where_the_item_lives(contract: str, line: str, part: str) -> None:
    item_id = streams.item_id(contract, line, part)
    assert streams.line_of(item_id) == LineKey(contract, line)
    assert streams.item_id(contract, line, part) == item_id


@pytest.mark.parametrize("text", ["", "x", "a~b", "a~b~", "~b~c", "a~~c", "a~b~c~d", "~~"])
def test_what_is_no_item_id_names_no_line(text: str) -> None:
    assert streams.line_of(text) is None


def test_a_digest_tells_apart_where_one_part_ends_and_the_next_begins() -> None:
    assert streams.digest("ab", "c") != streams.digest("a", "bc")
    assert streams.digest("ab", "c") == streams.digest("ab", "c")


@given(st.text(string.printable + "äß€漢😀"))
def test_a_digest_is_of_one_length_and_of_characters_that_stand_in_any_address(part: str) -> None:
    digest = streams.digest(part)
    assert len(digest) == len(streams.digest(""))
    assert set(digest) <= set(string.ascii_lowercase + string.digits)


def test_streams_of_different_kinds_never_share_a_name() -> None:
    names = [
        streams.contract("x"),
        streams.invoice("x"),
        streams.number_series("x"),
        streams.parking("x"),
        streams.line("x", "y"),
        streams.approval("x", "y"),
        streams.approval_without_source("x", "y"),
        streams.receipt("x", "y"),
        streams.request("x"),
        streams.request("x", "y"),
        streams.request("y", "x"),
        streams.KEYS,
    ]
    assert len(set(names)) == len(names)


def test_an_approval_is_looked_for_by_its_source_and_where_old_ones_are() -> None:
    found = streams.approvals_like("urn:projects", "C1", "7")
    assert found == (
        streams.approval("urn:projects", "7"),
        streams.approval_without_source("C1", "7"),
    )


def test_streams_of_a_contract_name_it() -> None:
    of_contract = (streams.contract("C1"), streams.line("C1", "L1"), streams.parking("C1"))
    assert [*map(streams.contract_of, of_contract)] == ["C1"] * 3
    others = (streams.invoice("C1"), streams.request("C1"), streams.KEYS, streams.job("C1"))
    assert [*map(streams.contract_of, others)] == [None] * 4
