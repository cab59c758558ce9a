"""Events folded into what a reader of a run wants to know; pure, and the same for live and replayed runs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import Struct

from core.domain.event import (
    ArtifactReady,
    CheckpointSaved,
    DeviceChosen,
    EpochFinished,
    Event,
    Finished,
    Outcome,
    Progress,
    Resumed,
    SamplePredictions,
    Started,
    Used,
    Warned,
)
from core.domain.usage import Usage, together


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class RunHistory(Struct, frozen=True, kw_only=True):
    """Where a run stands. ``epochs`` holds one entry a finished epoch, in order, void ones removed."""

    state: RunState = RunState.WAITING
    planned_epochs: int = 0
    device: DeviceChosen | None = None
    epochs: tuple[EpochFinished, ...] = ()
    progress: Progress | None = None
    checkpoint: CheckpointSaved | None = None
    samples: SamplePredictions | None = None
    warnings: tuple[Warned, ...] = ()
    artifacts: dict[str, str] = {}
    finished: Finished | None = None
    used: Usage | None = None  # by the newest attempt
    used_before: Usage | None = None  # by the attempts before it, together
    last_seq: int = -1

    @property
    def best(self) -> EpochFinished | None:
        """The epoch whose weights are kept."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.best), None)

    @property
    def usage(self) -> Usage | None:
        """Of all attempts so far; ``None`` in runs of before it was counted."""
        return together(one for one in (self.used_before, self.used) if one is not None)

    @property
    def seconds_left(self) -> float | None:
        """Estimate for the epochs still planned, from the median of the last five (of an even number, the
        lower one: an epoch in which the machine slept must not count twice); ``None`` before the first."""
        if not self.epochs or self.state is not RunState.RUNNING:
            return None
        recent = sorted(epoch.seconds for epoch in self.epochs[-5:])
        return recent[(len(recent) - 1) // 2] * max(self.planned_epochs - self.epochs[-1].epoch, 0)

    def apply(self, event: Event) -> RunHistory:
        """The history after ``event``; events seen before (by ``seq``) change nothing."""
        if event.seq <= self.last_seq:
            return self
        return msgspec.structs.replace(self, last_seq=event.seq, **_changes(self, event))

    def extend(self, events: Iterable[Event]) -> RunHistory:
        history = self
        for event in events:
            history = history.apply(event)
        return history


def _changes(history: RunHistory, event: Event) -> dict[str, object]:
    match event:
        case Started():
            return {"state": RunState.RUNNING, "planned_epochs": event.epochs}
        case Resumed():
            kept = tuple(epoch for epoch in history.epochs if epoch.epoch <= event.epoch)
            before = {"used": None, "used_before": history.usage}
            return {"state": RunState.RUNNING, "epochs": kept, "finished": None, "progress": None, **before}
        case DeviceChosen():
            return {"device": event}
        case Progress():
            return {"progress": event}
        case EpochFinished():
            # A resumed attempt tells an epoch again when its predecessor died before the checkpoint was written.
            return {"epochs": (*(epoch for epoch in history.epochs if epoch.epoch < event.epoch), event)}
        case CheckpointSaved():
            return {"checkpoint": event}
        case SamplePredictions():
            return {"samples": event}
        case Warned():
            return {"warnings": (*history.warnings, event)}
        case ArtifactReady():
            return {"artifacts": {**history.artifacts, event.kind: event.path}}
        case Used():
            return {"used": event.usage}
        case Finished(outcome=Outcome() as outcome):
            return {"state": RunState(outcome.value), "finished": event}
        case _:
            return {}
