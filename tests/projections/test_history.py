"""What a history tells when a change is in doubt."""

from projections.history import OutcomeUnknown


def test_a_change_in_doubt_tells_why_and_where_to_look_for_it() -> None:
    unknown = OutcomeUnknown("the connection was lost", "c-1", 7)
    assert str(unknown) == "it is not known whether the change was made: the connection was lost"
    assert (unknown.why, unknown.correlation_id, unknown.after) == (
        "the connection was lost",
        "c-1",
        7,
    )
