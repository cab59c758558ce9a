"""The process that works through the queue of a project: ``python -m core.runs.queue_runner PROJECT``.

There is one for a project at most, and it ends when there is nothing to do. Killed at any moment it leaves nothing half
done: the queue is in its file, workers are on their own, and the next runner goes on from what both say.
"""

import argparse
import faulthandler
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from core.domain.errors import LensmithError
from core.domain.event import Event, Finished, Resumed, Started
from core.domain.queue import (
    Launch,
    Leave,
    Queue,
    Standing,
    carried_out,
    is_idle,
    next_steps,
    wanted_devices,
)
from core.runs import queue as queues
from core.runs import supervisor
from core.runs.environment import shield
from core.runs.event_log import EVENTS, read_milestones
from core.runs.status import is_alive
from core.store.experiments import find_experiment
from core.store.queue_file import queue_lock, read_queue, write_queue
from core.store.run_store import RunFolder, RunStore
from core.training.hardware import nvidia_cards

_POLL = 0.25  # seconds
_SHARE = 0.05  # of one core that looking may take, however many runs there are
_SIGN = 10.0  # seconds between signs of life for other machines
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.runs.queue_runner", description=__doc__)
    parser.add_argument("project", type=Path)
    project = parser.parse_args(arguments).project.resolve()
    shield()
    faulthandler.enable()
    with queue_lock(project):
        if not queues.claim(project):
            return 0
    devices, signed = machine_devices(), time.monotonic()
    while True:
        began = time.monotonic()
        if not step(project, devices):
            return 0
        if began - signed > _SIGN:
            queues.give_sign(project)
            signed = began
        time.sleep(max(_POLL, (time.monotonic() - began) / _SHARE))


def machine_devices() -> tuple[str, ...]:
    """Every device that one run at a time may have, graphics cards first. Not run on CUDA."""
    count = nvidia_cards()
    if (visible := os.environ.get(_VISIBLE)) is not None:
        count = min(count, len(_listed(visible)))
    return (*(f"cuda:{index}" for index in range(count)), "cpu")


def step(project: Path, devices: Sequence[str]) -> bool:
    """Do all that can be done now, with nobody changing the queue meanwhile; whether there will be more to do."""
    with queue_lock(project):
        queue = read_queue(project)
        standings = queues.standings(project, queue)
        steps = next_steps(queue, standings, {}, (), devices)
        if launched := [queue.find(one.run) for one in steps if isinstance(one, Launch)]:
            spent = _spent(project, {entry.experiment for entry in launched if entry and entry.experiment})
            steps = next_steps(queue, standings, spent, _busy_outside(project, queue, devices), devices)
        if not steps:
            if is_idle(queue, standings):
                queues.resign(project)
                return False
            return True
        queue = carried_out(queue, steps)
        write_queue(project, queue)  # first: whoever finds a worker knows which devices it holds
        refused = _launch(project, queue, standings, steps, len(devices) > 2)
        if refused:
            write_queue(project, carried_out(queue, refused))
        return True


def worked_seconds(events: Iterable[Event]) -> float:
    """Wall time of all attempts; how long a dead one lay there until somebody noticed is not counted."""
    total = began = last = 0.0
    for event in events:
        if isinstance(event, Started | Resumed):
            began = last = event.time
        elif isinstance(event, Finished):
            total += max(0.0, last - began)  # clocks may have been set back
            began = last
        else:
            last = event.time
    return total + max(0.0, last - began)


def _launch(
    project: Path,
    queue: Queue,
    standings: Mapping[str, Standing],
    steps: Sequence[Launch | Leave],
    several_cards: bool,
) -> list[Leave]:
    """Start what is to be started; returns those that cannot be."""
    refused = []
    for one in steps:
        entry = queue.find(one.run)
        if not isinstance(one, Launch) or entry is None:
            continue
        run, before = queues.folder_of(project, one.run), standings[one.run]
        variables = _choice(one.devices) if several_cards and entry.device in ("auto", "cuda") else {}
        try:
            supervisor.launch(run, before.attempts > 0, variables)
        except LensmithError as error:
            # Somebody else may have launched it, and it may be over by now: then the next look tells.
            if queues.standing_of(run) == before:
                refused.append(Leave(one.run, str(error)))
    return refused


def _busy_outside(project: Path, queue: Queue, devices: Sequence[str]) -> set[str]:
    """What runs that were not started by the queue compute on."""
    queued = {entry.run for entry in queue.entries}
    busy: set[str] = set()
    for run in RunStore(project).list():
        try:
            if run.id not in queued and is_alive(run.path):
                busy.update(wanted_devices(run.spec().device, devices))
        except LensmithError:  # a damaged run holds nothing that we could know of
            continue
    return busy


def _spent(project: Path, experiments: Iterable[int]) -> dict[int, str]:
    """The experiments whose budget is used up, and the sentence for their runs."""
    spent = {}
    for number in experiments:
        experiment = find_experiment(project, number)
        if experiment is None or experiment.plan.budget_minutes is None:
            continue
        worked = sum(_worked(RunFolder(run, queues.folder_of(project, run))) for run in experiment.runs)
        if worked >= 60 * experiment.plan.budget_minutes:
            spent[number] = (
                f"The {experiment.plan.budget_minutes:g} minutes of experiment {number} were used up before its turn."
            )
    return spent


def _worked(run: RunFolder) -> float:
    """Seconds, without those that the machine slept where the run has ended well."""
    with suppress(LensmithError):
        if report := run.report():
            return report.seconds_total
    return worked_seconds(read_milestones(run.path / EVENTS))


def _choice(devices: Sequence[str]) -> dict[str, str]:
    """Environment in which a run that takes the first card it sees takes the one of ``devices``. Not run on CUDA."""
    seen = _listed(os.environ.get(_VISIBLE, ""))
    numbers = [int(device.partition(":")[2]) for device in devices if device.startswith("cuda:")]
    return {_VISIBLE: ",".join(seen[number] if seen else str(number) for number in numbers)} if numbers else {}


def _listed(visible: str) -> list[str]:
    return [one.strip() for one in visible.split(",") if one.strip()]


if __name__ == "__main__":
    raise SystemExit(main())
