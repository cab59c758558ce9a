"""How a long job tells where it stands."""

from typing import Protocol


class Progress(Protocol):
    """Called by a long job a few times a second at most; the callee may raise ``Cancelled`` to end the job."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` units are finished (``total`` 0: not known yet); ``what`` names the step."""


def silent(done: int, total: int, what: str) -> None:
    """A ``Progress`` that nobody looks at."""
