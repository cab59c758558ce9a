"""Curves for TensorBoard and MLflow, into local files below ``PROJECT/tracking``; off unless somebody asks for it.

Asked for by ``LENSMITH_TRACKING=tensorboard,mlflow`` (``off`` for neither), else by ``tracking.json`` of the project,
else by the one in Lensmith's home: ``{"tools": ["tensorboard", "mlflow"]}``. The packages are an extra that Lensmith
does not need: ``pip install "lensmith[tracking]"``. A thread of the worker reads ``events.jsonl`` twice a second and
hands on what it finds; whatever goes wrong there is a warning of the run and never more. Tried by hand with
tensorboard 2.21 and mlflow 3.17; the tests put pretended packages in their place.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from filelock import FileLock
from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Event, RunEvent, Warned
from core.domain.report import Report
from core.domain.run import RunSpec, mode_of
from core.runs.event_log import EVENTS, EventTail
from core.store.codec import read_json
from core.store.home import home

VARIABLE, SETTINGS, FOLDER = "LENSMITH_TRACKING", "tracking.json", "tracking"
_LOOK_EVERY = 0.5  # seconds
_LAST_WORDS = 20.0  # seconds that a run waits for them in the end


class Tracking(Struct, frozen=True, kw_only=True):
    """``tracking.json``. ``tools``: keys of ``TOOLS``."""

    schema_version: int = 1
    tools: tuple[str, ...] = ()


class Tool(Protocol):
    """One run in the files of one tool. ``is_new``: nothing of this run was told to it before."""

    is_new: bool

    def tell(self, values: Mapping[str, float], step: int, when: float) -> None:
        """``when``: Unix seconds; ``step``: the epoch."""

    def close(self, failed: bool) -> None: ...


class TensorBoard:
    """An event file in ``tracking/tensorboard/RUN``; look at them with ``tensorboard --logdir``."""

    def __init__(self, folder: Path, run: str, spec: RunSpec) -> None:
        writer = import_module("tensorboard.summary.writer.event_file_writer")
        self._event = import_module("tensorboard.compat.proto.event_pb2").Event
        self._summary = import_module("tensorboard.compat.proto.summary_pb2").Summary
        place = folder / "tensorboard" / run
        self.is_new = not place.exists()
        self._writer = writer.EventFileWriter(str(place))

    def tell(self, values: Mapping[str, float], step: int, when: float) -> None:
        told = [self._summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._writer.add_event(self._event(wall_time=when, step=step, summary=self._summary(value=told)))
        self._writer.flush()

    def close(self, failed: bool) -> None:
        self._writer.close()


class MLflow:
    """A run of the experiment that is called like the project, in ``tracking/mlflow.db``; look at them with
    ``mlflow ui --backend-store-uri sqlite:///…/mlflow.db``."""

    def __init__(self, folder: Path, run: str, spec: RunSpec) -> None:
        os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")  # read at import: later is too late
        client = import_module("mlflow").MlflowClient(tracking_uri=f"sqlite:///{(folder / 'mlflow.db').as_posix()}")
        project = folder.parent.name
        known = client.get_experiment_by_name(project)
        experiment = (
            known.experiment_id
            if known
            else client.create_experiment(project, artifact_location=(folder / "mlflow").as_uri())
        )
        earlier = client.search_runs([experiment], f"tags.`lensmith.run` = '{run}'", max_results=1)
        self.is_new = not earlier
        self._client = client
        self._run = earlier[0].info.run_id if earlier else self._begin(experiment, run, spec)
        client.update_run(self._run, status="RUNNING")

    def tell(self, values: Mapping[str, float], step: int, when: float) -> None:
        for name, value in values.items():
            self._client.log_metric(self._run, name, value, timestamp=int(when * 1000), step=step)

    def close(self, failed: bool) -> None:
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")

    def _begin(self, experiment: str, run: str, spec: RunSpec) -> str:
        begun = self._client.create_run(experiment, run_name=run, tags={"lensmith.run": run})
        name = str(begun.info.run_id)
        values = {field: getattr(spec, field) for field in spec.__struct_fields__ if field != "start"}
        for field, value in {"mode": mode_of(spec.start), **values}.items():
            self._client.log_param(name, field, value)
        return name


TOOLS: dict[str, Callable[[Path, str, RunSpec], Tool]] = {"tensorboard": TensorBoard, "mlflow": MLflow}


def wanted_tools(project: Path) -> tuple[str, ...]:
    """What is asked for.

    Raises:
        LensmithError: a tool that nobody knows, or a ``tracking.json`` that cannot be read.
    """
    told = os.environ.get(VARIABLE, "").strip().lower()
    files = [file for file in (project / SETTINGS, home() / SETTINGS) if file.exists()]
    if told:
        tools = tuple(word.strip() for word in told.split(",") if word.strip() not in ("", "off"))
    else:
        tools = read_json(files[0], Tracking).tools if files else ()
    for tool in tools:
        if tool not in TOOLS:
            raise LensmithError(f"“{tool}” is no tool that curves can be told to.", f"Known are {', '.join(TOOLS)}.")
    return tools


@contextlib.contextmanager
def tracked(run_dir: Path, emit: Callable[[RunEvent], None]) -> Iterator[None]:
    """Tell the tools that are asked for what the run does in this context; trouble becomes ``Warned``."""
    try:
        tools = wanted_tools(run_dir.parent.parent)
    except LensmithError as error:
        emit(Warned(cause=f"Curves are not tracked. {error.cause}", remedy=error.remedy))
        tools = ()
    if not tools:
        yield
        return
    follower = _Follower(run_dir, tools, emit)
    follower.start()
    failed = True
    try:
        yield
        failed = False
    finally:
        follower.end(failed)


class _Follower(threading.Thread):
    """Reads the run's events for its tools; one that fails is told nothing more."""

    def __init__(self, run_dir: Path, names: Sequence[str], emit: Callable[[RunEvent], None]) -> None:
        super().__init__(name="tracking", daemon=True)
        self._run_dir, self._names, self._emit = run_dir, names, emit
        self._tools: dict[str, Tool] = {}
        self._over, self._failed = threading.Event(), False
        self._speaking = threading.Lock()
        self._silent = False

    def run(self) -> None:
        """Thread body."""
        tail = EventTail(self._run_dir / EVENTS)
        earlier = tail.poll()
        for name in self._names:
            with self._guarded(name):
                self._tools[name] = self._open(name)
                if self._tools[name].is_new:
                    self._pass_on(name, earlier)
        over = False
        while not over:
            over = self._over.wait(_LOOK_EVERY)  # asked before the poll, so that the poll sees the last words
            events = tail.poll()
            for name in list(self._tools):
                with self._guarded(name):
                    self._pass_on(name, events)
        for name in list(self._tools):
            with self._guarded(name):
                self._tell_result(self._tools[name])
                self._tools[name].close(self._failed)

    def end(self, failed: bool) -> None:
        """Wait for the last words, but not for ever."""
        self._failed = failed
        self._over.set()
        self.join(_LAST_WORDS)
        if self.is_alive():
            self._warn("They took too long.", "The run itself is whole.")
        with self._speaking:
            self._silent = True  # the run's last event comes next

    def _open(self, name: str) -> Tool:
        folder = self._run_dir.parent.parent / FOLDER
        folder.mkdir(exist_ok=True)
        with FileLock(folder / ".lock"):  # two runs may begin at the same moment
            return TOOLS[name](folder, self._run_dir.name, read_json(self._run_dir / "spec.json", RunSpec))

    def _pass_on(self, name: str, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, EpochFinished):
                self._tools[name].tell(_values(event), event.epoch, event.time)

    def _tell_result(self, tool: Tool) -> None:
        """What the ONNX file reached."""
        file = self._run_dir / "report.json"
        if not file.exists():
            return
        report = read_json(file, Report)
        for split, part in (("val", report.val), ("test", report.test)):
            if part is not None:
                tool.tell({f"onnx_{split}/{name}": value for name, value in part.metrics.items()}, 0, time.time())

    @contextlib.contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        """Whatever a tool does wrong ends its part in this run."""
        try:
            yield
        except ImportError as error:
            self._tools.pop(name, None)
            self._warn(f"{name} is not installed here ({error}).", 'Get it with: pip install "lensmith[tracking]".')
        except Exception as error:
            self._tools.pop(name, None)
            self._warn(f"{name}: {type(error).__name__}: {error}.", "The run itself goes on.")

    def _warn(self, cause: str, remedy: str) -> None:
        with self._speaking:
            if not self._silent:
                # A full disk: the run itself will say so.
                with contextlib.suppress(LensmithError):
                    self._emit(Warned(cause=f"Curves are not tracked. {cause}", remedy=remedy))


def _values(epoch: EpochFinished) -> dict[str, float]:
    """What an epoch tells, by names that both tools take."""
    values: dict[str, float | None] = {"loss/train": epoch.train_loss, "loss/validation": epoch.val_loss}
    values |= {f"validation/{name}": value for name, value in epoch.metrics.items()}
    values |= {"learning_rate": epoch.learning_rate, "seconds": epoch.seconds}
    return {name: value for name, value in values.items() if value is not None}
