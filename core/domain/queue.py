"""The queue of a project: which runs wait for their turn, and, pure, what comes next."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.domain.errors import LensmithError
from core.domain.history import RunState

REVIVALS = 2  # times that a run whose process died is resumed
_KEPT = 200  # runs that left undone, of which the reason is kept


class QueueEntry(Struct, frozen=True, kw_only=True):
    """A run that waits for its turn, or has it.

    ``device``: what its spec asks for. ``experiment``: its number, 0 without one. ``attempts``: those that the run had
    before it was put here. ``given``: devices that it holds, from its launch on.
    """

    run: str
    device: str = "auto"
    experiment: int = 0
    attempts: int = 0
    given: tuple[str, ...] = ()


class Departure(Struct, frozen=True, kw_only=True):
    """A run that left the queue without being completed, and a sentence why."""

    run: str
    reason: str


class Queue(Struct, frozen=True, kw_only=True):
    """``runs/queue.json``. Entries in the order of their turns; ``left``: oldest first.

    While ``paused`` nothing is launched; what is under way goes on.
    """

    schema_version: int = 1
    entries: tuple[QueueEntry, ...] = ()
    paused: bool = False
    left: tuple[Departure, ...] = ()

    def find(self, run: str) -> QueueEntry | None:
        return next((entry for entry in self.entries if entry.run == run), None)

    def why_left(self, run: str) -> str:
        """Why a run left undone the last time; empty if it did not."""
        return next((departure.reason for departure in reversed(self.left) if departure.run == run), "")


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of a queued run at one moment.

    ``asked_to_end``: somebody stopped or killed it. ``reason``: of its last ending. ``obstacle``: why it can never run.
    """

    state: RunState = RunState.WAITING
    is_alive: bool = False
    attempts: int = 0
    asked_to_end: bool = False
    reason: str = ""
    obstacle: str = ""


class Launch(Struct, frozen=True):
    """The next to do: start ``run``, or resume it, on ``devices``."""

    run: str
    devices: tuple[str, ...]


class Leave(Struct, frozen=True):
    """``run`` has nothing more to wait for. ``reason`` is empty when it was completed."""

    run: str
    reason: str = ""


def with_entries(queue: Queue, entries: Sequence[QueueEntry]) -> Queue:
    """``entries`` come last; those already in the queue keep their place, and why they once left is forgotten."""
    known = {entry.run for entry in queue.entries}
    new = {entry.run: entry for entry in entries if entry.run not in known}
    left = tuple(departure for departure in queue.left if departure.run not in new)
    return replace(queue, entries=(*queue.entries, *new.values()), left=left)


def moved(queue: Queue, run: str, to: int) -> Queue:
    """``run`` at position ``to`` (0: next); positions beyond the ends mean the ends."""
    entry = queue.find(run)
    if entry is None:
        raise not_queued(run)
    others = [other for other in queue.entries if other.run != run]
    others.insert(min(max(to, 0), len(others)), entry)
    return replace(queue, entries=tuple(others))


def without(queue: Queue, runs: Collection[str]) -> Queue:
    return replace(queue, entries=tuple(entry for entry in queue.entries if entry.run not in runs))


def carried_out(queue: Queue, steps: Sequence[Launch | Leave]) -> Queue:
    """The queue after ``steps``."""
    given = {step.run: step.devices for step in steps if isinstance(step, Launch)}
    gone = {step.run: step.reason for step in steps if isinstance(step, Leave)}
    left = (*queue.left, *(Departure(run=run, reason=reason) for run, reason in gone.items() if reason))
    entries = tuple(
        replace(entry, given=given.get(entry.run, entry.given)) for entry in queue.entries if entry.run not in gone
    )
    return replace(queue, entries=entries, left=left[-_KEPT:])


def next_steps(
    queue: Queue,
    standings: Mapping[str, Standing],
    spent: Mapping[int, str],
    busy: Collection[str],
    devices: Sequence[str],
) -> list[Launch | Leave]:
    """What is to be done now, in this order; nothing while all must wait.

    Args:
        standings: of every queued run.
        spent: experiment -> why none of its runs may start any more.
        busy: devices that runs outside the queue compute on.
        devices: all of this machine, graphics cards first: ``cuda:0`` … ``cpu``.
    """
    taken = set(busy)
    for entry in queue.entries:
        if standings[entry.run].is_alive:
            taken.update(entry.given or wanted_devices(entry.device, devices))
    steps: list[Launch | Leave] = []
    for entry in queue.entries:
        standing = standings[entry.run]
        if standing.is_alive:
            continue
        leave = _departure(entry, standing, spent.get(entry.experiment, ""))
        if leave is not None:
            steps.append(leave)
        elif not queue.paused and (given := _allot(entry.device, devices, taken)):
            steps.append(Launch(entry.run, given))
            taken.update(given)
    return steps


def is_idle(queue: Queue, standings: Mapping[str, Standing]) -> bool:
    """Whether nobody has to look after the queue: it is empty, or paused and nothing of it is under way."""
    return not queue.entries or (queue.paused and not any(standings[entry.run].is_alive for entry in queue.entries))


def wanted_devices(wanted: str, devices: Sequence[str]) -> tuple[str, ...]:
    """What a run that asks for ``wanted`` takes when nobody hands it a device: ``auto`` is the first there is."""
    if wanted == "auto":
        return tuple(devices[:1])
    names = ("cuda:0" if name == "cuda" else name for name in (part.strip() for part in wanted.split(",")))
    return tuple(dict.fromkeys(names))


def not_queued(run: str) -> LensmithError:
    return LensmithError(f"Run {run} is not in the queue.", "Perhaps it has just finished; look at the list of runs.")


def _departure(entry: QueueEntry, standing: Standing, spent: str) -> Leave | None:
    """Why a run that nobody works on leaves; ``None`` if it is to be launched."""
    if standing.obstacle or standing.state is RunState.COMPLETED:
        return Leave(entry.run, standing.obstacle)
    tried = standing.attempts - entry.attempts
    if tried > 0:
        if standing.state in (RunState.STOPPED, RunState.FAILED) or standing.asked_to_end:
            return Leave(entry.run, standing.reason or "It was ended on request.")
        if tried > REVIVALS:
            return Leave(entry.run, f"Its process died {tried} times. {standing.reason}".strip())
    return Leave(entry.run, spent) if spent else None


def _allot(wanted: str, devices: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """Free devices for a run; empty while it has to wait."""
    if wanted in ("auto", "cuda"):
        # Where there are cards, a run that may choose does not fall back to the slow processor.
        cards = [device for device in devices if device.startswith("cuda")] or list(wanted_devices(wanted, devices))
        return next(((card,) for card in cards if card not in taken), ())
    given = wanted_devices(wanted, devices)
    return () if any(device in taken for device in given) else given
