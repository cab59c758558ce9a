"""demo: the whole job on pictures drawn here, from nothing to two verified ONNX files and pictures of what they see."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.actions import exporting, importing, reporting, splitting, training
from core.actions.projects import writable_project
from core.cli import console
from core.cli.live import follow
from core.data import images, sample
from core.data.images import cv2
from core.domain.annotation import ClassLabel
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.event import Outcome
from core.domain.prediction import ClassPrediction
from core.domain.report import MAIN_METRIC, Report
from core.domain.task import Split, Task
from core.domain.units import duration
from core.inference import draw
from core.inference.onnx_model import OnnxModel
from core.runs.environment import worker_environment
from core.store.run_store import RunFolder
from core.training.plan import Choices

SHOWN = 12  # pictures on a contact sheet
CELL = 280  # pixels
WRONG = (180, 35, 24)
OPENS_WITHIN = 3  # seconds in which a window that cannot open has said so


class Part(Struct, frozen=True):
    """One of the demo's two jobs."""

    name: str
    task: Task
    pictures: int
    model: str
    choices: Choices


# Sizes that keep the whole demo below four minutes on two cores without a card.
PARTS = (
    Part("gears", Task.CLASSIFICATION, 320, "tf_efficientnet_lite0", Choices(mode="transfer")),
    Part(
        "belt",
        Task.DETECTION,
        160,
        "yolov8n",
        Choices(mode="scratch", epochs=35, image_size=192, batch_size=8, augmentation="light"),
    ),
)


def run_demo(folder: Path, *, as_json: bool, window: bool) -> int:
    """Everything lands below ``folder``; an earlier demo there is left alone and a new name is taken.

    With ``window``, the window opens at the end where there is a screen for it, and outlives this command.
    """
    folder = _fresh(folder)
    began = time.monotonic()
    reports = _do_all(folder)
    if as_json:
        console.print_json({"folder": str(folder), "seconds": time.monotonic() - began, "reports": reports})
        return 0
    _print_table(reports)
    console.out.print(f"\nModels, pictures and reports: {console.escape(str(folder.resolve()))}")
    console.out.print(f"Done in {duration(time.monotonic() - began)}.")
    if window and _has_screen():
        _open_window(folder / PARTS[-1].name)
    return 0


def _do_all(folder: Path) -> list[Report]:
    reports = []
    for part in PARTS:
        run, results = make(part, folder), folder / "results"
        exporting.export_onnx(run, results / f"{part.name}.onnx")
        _draw_sheet(run, results / f"{part.name}.onnx", results / f"{part.name}.png")
        reports.append(reporting.report_of(run))
    return reports


def _fresh(folder: Path) -> Path:
    number, candidate = 1, folder
    while candidate.exists() and any(candidate.iterdir()):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def make(part: Part, folder: Path) -> RunFolder:
    """Draw, import, split and train one job below ``folder``; returns its finished run."""
    with _step(f"Drawing {part.pictures} pictures of {part.name}"), console.progress_bar() as progress:
        source = sample.draw(folder / "pictures" / part.name, part.task, part.pictures, seed=0, progress=progress)
    with (
        writable_project(folder / part.name, make=True) as store,
        _step("Importing them and splitting into train, val and test"),
        console.progress_bar() as progress,
    ):
        with importing.opened(store, source, progress=progress) as dataset:
            importing.run_import(store, dataset, progress)
        splitting.split_project(store, val=0.2, test=0.2)
    return train(folder / part.name, part.model, part.choices)


def train(project: Path, model: str, choices: Choices, weights: str | None = None) -> RunFolder:
    """Train in this process's sight until the run is over; one that did not complete is an error."""
    with _step(f"Training {model} ({choices.mode}), exporting and verifying ONNX"):
        with writable_project(project) as store:
            run, _ = training.prepare_run(store, model, choices, weights)
        training.start_run(run.path)
        finished = follow(run).finished
    if finished is None or finished.outcome is not Outcome.COMPLETED:
        raise LensmithError(*((finished.reason, finished.remedy) if finished else ("The run did not end.", "")))
    return run


@contextmanager
def _step(text: str) -> Iterator[None]:
    began = time.monotonic()
    console.err.print(f"[bold]{text} …[/bold]")
    yield
    console.err.print(f"  {duration(time.monotonic() - began)}", style="dim")


def _draw_sheet(run: RunFolder, model_file: Path, target: Path) -> None:
    """Test pictures with what the exported file says about them, wrong answers in red."""
    model, snapshot = OnnxModel.open(model_file), run.snapshot()
    chosen = snapshot.part(Split.TEST)[:SHOWN]
    pictures = {image.hash: images.read(image.path) for image in chosen}
    drawn = []
    for image, prediction in zip(chosen, model.predict(pictures.items()), strict=True):
        if isinstance(prediction, ClassPrediction):
            text, colour = _verdict(image, prediction, model.card.classes, snapshot.class_index(image))
            drawn.append(draw.draw_label(pictures[image.hash], text, colour, side=CELL))
        else:
            boxes = [box for box in prediction.boxes if box.score >= model.card.threshold]
            drawn.append(draw.draw_boxes(pictures[image.hash], boxes, model.card.classes, side=CELL))
    sheet = draw.grid(drawn, columns=4, side=CELL)
    target.write_bytes(cv2.imencode(".png", sheet[:, :, ::-1])[1].tobytes())


def _verdict(image: Image, prediction: ClassPrediction, names: tuple[str, ...], truth: int) -> tuple[str, draw.Colour]:
    assert isinstance(image.annotation, ClassLabel)
    best = max(range(len(names)), key=prediction.probabilities.__getitem__)
    if best == truth:
        return f"{names[best]} {prediction.probabilities[best]:.2f}", draw.INK
    return f"{names[best]} {prediction.probabilities[best]:.2f}, is {names[truth]}", WRONG


def _print_table(reports: list[Report]) -> None:
    rows = []
    for part, report in zip(PARTS, reports, strict=True):
        metric, judged, parity = MAIN_METRIC[report.task], report.test or report.val, report.parity
        assert judged is not None
        interval = judged.intervals.get(metric)
        rows.append(
            (
                part.name,
                report.architecture,
                report.mode,
                metric,
                f"{judged.metrics[metric]:.3f}" + (f" [{interval.low:.3f}–{interval.high:.3f}]" if interval else ""),
                "passed" if parity and parity.passed else "failed",
                f"{parity.max_abs_diff:.1e}" if parity else "",
                duration(report.seconds_total),
            )
        )
    console.print_table(
        ["job", "model", "mode", "metric", "on test", "parity", "difference", "time"], rows, numbers_from=4
    )


def _has_screen() -> bool:
    """Whether somebody may be there to look at a window: never where a build server says so."""
    if os.environ.get("CI") or os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal")):
        return False
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _open_window(project: Path) -> "subprocess.Popen[bytes]":
    """Show the runs of ``project``, in a process that neither this command nor its terminal takes along."""
    command = [sys.executable, "-P", "-m", "app", "--page", "results", str(project.resolve())]
    quiet = subprocess.DEVNULL  # a terminal or a pipe that it kept open would wait for the window
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    environment = worker_environment()
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment, **apart)
    try:
        refused = process.wait(OPENS_WITHIN) != 0
    except subprocess.TimeoutExpired:
        refused = False
    if refused:
        console.err.print("The window could not open. Run: lensmith doctor", style="yellow")
    else:
        console.out.print("The window shows the runs. Later: lensmith window, and Open.")
    return process
