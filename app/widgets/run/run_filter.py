"""Which runs a list shows; pure."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from core.actions.reporting import DAMAGED, RunSummary
from core.domain.history import RunState

STATES: Mapping[str, tuple[str, ...]] = {
    "going": (RunState.WAITING, RunState.RUNNING),
    "completed": (RunState.COMPLETED, RunState.STOPPED),
    "ended": (RunState.FAILED, RunState.INTERRUPTED, DAMAGED),
}


class RunFilter(Struct, frozen=True, kw_only=True):
    """``state``: a key of ``STATES``, or empty for all. ``text``: words that must all be there; ``#tag`` is the
    beginning of a tag."""

    text: str = ""
    state: str = ""
    starred: bool = False
    archived: bool = False  # those put aside as well

    @property
    def is_narrowed(self) -> bool:
        """Whether it hides anything but what was put aside."""
        return bool(self.text.strip() or self.state or self.starred)


def fitting(wanted: RunFilter, runs: list[RunSummary], words_of: Callable[[RunSummary], str]) -> list[RunSummary]:
    """Those of ``runs`` to show, in their order. ``words_of``: all that can be searched, in small letters."""
    states, words = STATES.get(wanted.state, ()), wanted.text.casefold().split()
    if not wanted.archived:
        runs = [run for run in runs if not run.archived]
    if states:
        runs = [run for run in runs if run.state in states]
    if wanted.starred:
        runs = [run for run in runs if run.star]
    if words:
        runs = [run for run in runs if all(word in words_of(run) for word in words)]
    return runs
