"""The tokens of keys: of a form that can be looked for, and told when they were cut or changed."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.principals import BadToken
from service.access.tokens import new_token, read_token

TENANTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)


@given(TENANTS)
def test_a_token_says_its_tenant_and_no_two_are_alike(tenant: str) -> None:
    first, second = new_token(tenant), new_token(tenant)
    assert re.fullmatch(r"bbk_[a-z0-9-]{1,40}_[0-9a-f]{72}", first)
    assert read_token(first).tenant == tenant
    assert read_token(first) == read_token(first)
    assert read_token(first).key_id != read_token(second).key_id


@given(st.data(), st.sampled_from(string.printable + "é"))
def test_a_token_with_another_character_is_none(data: st.DataObject, character: str) -> None:
    token = new_token("default")
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + character + token[at + 1 :]
    if changed != token:
        with pytest.raises(BadToken):
            read_token(changed)


@pytest.mark.parametrize("cut", [0, 1, 4, 20, 83])
def test_a_part_of_a_token_is_none_and_is_not_told(cut: int) -> None:
    token = new_token("default")
    for part in (token[:cut], f"{token} ", f" {token}", token + token):
        with pytest.raises(BadToken) as told:
            read_token(part)
        assert "bbk" not in str(told.value)
