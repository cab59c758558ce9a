"""A run followed on a terminal."""

from collections.abc import Callable

from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from core.cli import console
from core.domain.event import DeviceChosen, EpochFinished, Event, Phase, Progress, Warned
from core.domain.history import RunHistory
from core.domain.units import duration
from core.runs import supervisor
from core.runs.status import stalled
from core.store.run_store import RunFolder

PHASES = {
    Phase.PREPARING: "Preparing pictures",
    Phase.TRAINING: "Training",
    Phase.EXPORTING: "Writing ONNX",
    Phase.VERIFYING: "Verifying ONNX",
}


def follow(run: RunFolder) -> RunHistory:
    """Show a run until it ends. Ctrl+C once: stop and keep the best; twice: end it at once."""
    history = RunHistory()
    interrupts = 0
    columns = (TextColumn("{task.description:<18}"), BarColumn(bar_width=32), TextColumn("{task.fields[note]}"))
    with Bar(*columns, console=console.err, transient=True, disable=not console.err.is_terminal) as bar:
        task = bar.add_task("Starting", total=None, note="")
        watch = _watchdog(run)
        events = supervisor.follow(run.path, watch)
        while True:
            try:
                for event in events:
                    if event.seq <= history.last_seq:
                        continue
                    history = history.apply(event)
                    _say(event, history)
                    if isinstance(event, Progress):
                        done, total, note = _position(event, history)
                        bar.update(task, description=PHASES[event.phase], completed=done, total=total, note=note)
                return history
            except KeyboardInterrupt:
                interrupts += 1
                _interrupt(run, interrupts)
                events = supervisor.follow(run.path, watch)  # from the first event again; those told are passed over


def _watchdog(run: RunFolder) -> Callable[[], bool]:
    """Asked while waiting for events: says once of each long silence that there is one; never gives up."""
    told = False

    def listen() -> bool:
        nonlocal told
        silent = stalled(run.path)
        if silent is not None and not told:
            console.err.print(f"No progress for {duration(silent)}. Ctrl+C stops the run, twice ends it at once.")
        told = silent is not None
        return False

    return listen


def _interrupt(run: RunFolder, times: int) -> None:
    if times == 1:
        console.err.print("Stopping; the best weights so far are exported. Ctrl+C again ends it at once.")
        supervisor.request_stop(run.path)
    else:
        supervisor.kill(run.path)


def _position(event: Progress, history: RunHistory) -> tuple[float, float, str]:
    """Done, total and a note; in training the unit is an epoch."""
    if event.phase is not Phase.TRAINING:
        return event.done, event.total, f"{event.done}/{event.total}"
    left = history.seconds_left
    note = f"epoch {event.epoch}/{history.planned_epochs}"
    if left is not None:
        note += f" · {duration(left)} left"
    return event.epoch - 1 + event.done / max(event.total, 1), history.planned_epochs, note


def _say(event: Event, history: RunHistory) -> None:
    match event:
        case Warned():
            console.err.print(f"[yellow]![/yellow] {console.escape(event.cause)} {console.escape(event.remedy)}")
        case DeviceChosen():
            console.err.print(
                f"{event.device} · {event.precision} · batch {event.batch_size} · {console.escape(event.why)}"
            )
        case EpochFinished():
            if _worth_a_line(event.epoch, history.planned_epochs):
                metrics = "  ".join(f"{name} {value:.4f}" for name, value in event.metrics.items())
                val = "" if event.val_loss is None else f"  val loss {event.val_loss:.4f}"
                console.err.print(
                    f"epoch {event.epoch:>4}  loss {event.train_loss:.4f}{val}  {metrics}{'  *' if event.best else ''}"
                )
        case _:
            pass


def _worth_a_line(epoch: int, planned: int) -> bool:
    """About twenty lines a run, whatever its length."""
    step = max(1, planned // 20)
    return epoch == 1 or epoch % step == 0 or epoch == planned
