"""Errors that a user can read."""


class LensmithError(Exception):
    """A failure told as a sentence of cause and a sentence of remedy.

    Both reach the user word for word (window, command line, ``Finished.reason``), so they name the file, run
    or setting concerned and contain no stack trace; chain the original exception with ``raise … from``.
    """

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.cause = cause
        self.remedy = remedy


class OutOfMemory(LensmithError):
    """Memory of the machine or of a card does not suffice; less at once may fit."""


class Cancelled(Exception):
    """The user asked a long job to end; whatever it had begun is undone by the job itself."""
