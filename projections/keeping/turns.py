"""Which of several processes projects a tenant."""

from typing import Protocol


class Turn(Protocol):
    """Which of several processes projects."""

    def mine(self) -> bool:
        """Whether it is this process; it is from now on, if it is nobody's turn."""
        ...

    def leave(self) -> None:
        """Lets another process take over."""
        ...


class Alone:
    """No other process projects, or it does not matter: they notice each other (OutOfStep)."""

    def mine(self) -> bool:
        """Always."""
        return True

    def leave(self) -> None:
        """Nobody else is there to take over."""


ALONE = Alone()
