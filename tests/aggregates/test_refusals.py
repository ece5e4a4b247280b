"""Refusals say what, why and where, and know nothing of HTTP."""

from aggregates.refusals import Invalid, ItemsRefused, LeftAlone, NotFound, Refused, of_reason


def test_a_refusal_has_a_stable_code_a_sentence_and_facts() -> None:
    refusal = Refused("limit_exceeded", "too much", level="contract")
    assert (refusal.code, refusal.detail, str(refusal)) == (
        "limit_exceeded",
        "too much",
        "too much",
    )
    assert refusal.facts == {"level": "contract"}


def test_a_refusal_names_its_rule_which_the_history_keeps_at_the_end_of_the_reason() -> None:
    refusal = Refused("item_posted", "the item is posted\n(at last)", "D-25")
    assert refusal.reason == "the item is posted\n(at last) (D-25)"
    again = of_reason("item_posted", refusal.reason)
    assert (again.code, again.detail, again.rule) == ("item_posted", refusal.detail, "D-25")


def test_a_refusal_by_no_single_rule_is_kept_as_its_sentence() -> None:
    refusal = Refused("total_too_large", "it is too much (D and more)")
    assert (refusal.rule, refusal.reason) == (None, refusal.detail)
    again = of_reason("total_too_large", refusal.reason)
    assert (again.detail, again.rule) == (refusal.detail, None)


def test_an_invalid_value_names_its_field() -> None:
    refusal = Invalid("customers.0.nte_limit", "can't be negative")
    assert (refusal.code, refusal.field) == ("invalid_field", "customers.0.nte_limit")


def test_what_is_not_there_is_named_by_kind_and_id() -> None:
    refusal = NotFound("contract_line", "L9")
    assert (refusal.code, refusal.kind) == ("contract_line_not_found", "contract_line")
    assert refusal.detail == "there is no contract line 'L9'"


def test_a_command_over_many_items_is_refused_because_of_those_listed_d27() -> None:
    failed, posted = Refused("nte_failed", "no room"), Refused("item_posted", "posted")
    items = (LeftAlone("1", failed), LeftAlone("2", posted))
    refusal = ItemsRefused(items)
    assert (refusal.code, refusal.items) == ("items_refused", items)
    assert refusal.detail == "2 of the items named can't be changed"
