"""Support bundle: one zip file that tells what went wrong to somebody who must not see the user's data."""

import importlib.metadata
import platform
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from core import __version__
from core.actions.doctor import doctor
from core.actions.readings import read_machine
from core.actions.redaction import Private, Redactor
from core.domain.annotation import Boxes, ClassLabel, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.progress import Progress, silent
from core.runs.event_log import EVENTS
from core.runs.status import OUTPUT
from core.store.files import replace_atomic, translated_errors
from core.store.home import home
from core.store.project_store import DATABASE, ProjectStore
from core.store.run_store import RunFolder, RunStore

LOGS = ("errors.log", "crash.log", "crash-before.log")
LATEST_RUNS = 5
LOG_LINES = 200
LONGEST_TAIL = 1 << 20  # bytes looked at from the end of a log

README = """This file was made by Lensmith {version} (lensmith support, or Help > Support bundle).
Nothing was sent anywhere: whoever made it decides who gets it. Everything in it is text; please look through it.

In it
  versions.txt        Lensmith, Python, the system, all Python packages
  doctor.txt          what Lensmith found this machine to have and to lack
  machine.json        processor, memory and graphics cards at that moment
  logs/               errors.log, crash.log and crash-before.log of the window
  project.json        format of the project's database; how many images, labels, classes, splits and problems
  runs/ID/            of each of the last {runs} runs: what it was asked (spec.json), what it told (events.jsonl,
                      without its progress), the last {lines} lines that it printed (worker.log), how good it is
                      (report.json)

Not in it
  pictures, weights, ONNX files, labels, the database
  names and folders of pictures (<picture> and <folder> stand in their place)
  the name and folder of the project (<project>)
  names of classes (class-0, class-1 ...), but for names of one or two letters, and numbers, within longer texts
  the user's name and home folder (~)

A part that could not be gathered says why.
"""


def support_bundle(target: Path, project: Path | None = None, progress: Progress = silent) -> Path:
    """Write the bundle to ``target`` and return its path; a name without ``.zip`` gets it. Takes some seconds.

    Whatever is broken on this machine, the bundle is made: a part that fails says why in its own place.

    Raises:
        LensmithError: ``target`` cannot be written, or ``project`` is none.
    """
    target = Path(target).absolute()
    if target.suffix.lower() != ".zip":
        target = target.with_name(f"{target.name}.zip")
    if project is not None and not (project / DATABASE).exists():
        raise LensmithError(f"“{project}” is no Lensmith project.", f"Give the folder that holds {DATABASE}.")
    runs = RunStore(project).list()[-LATEST_RUNS:] if project is not None else []
    progress(0, 0, "collecting names to leave out")
    private, opaque = _private(project, runs)
    redactor = Redactor(private)
    parts = list(_machine_parts(redactor))
    if project is not None:
        parts.append(("project.json", lambda: redactor.json(_project_counts(project))))
    for run in runs:
        parts += [_left_out(run)] if run in opaque else _run_parts(redactor, run)

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for done, (name, gather) in enumerate(parts):
                progress(done, len(parts), name)
                bundle.writestr(name, _gathered(gather, redactor).encode("utf-8", "backslashreplace"))
        progress(len(parts), len(parts), "done")

    with translated_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    replace_atomic(target, write)
    return target


Part = tuple[str, Callable[[], str]]  # name in the bundle, and what makes its text, redacted


def _machine_parts(redactor: Redactor) -> Iterator[Part]:
    yield "README.txt", lambda: README.format(version=__version__, runs=LATEST_RUNS, lines=LOG_LINES)
    yield "versions.txt", lambda: redactor.text(_versions())
    yield "doctor.txt", lambda: redactor.text(_doctor())
    yield "machine.json", lambda: redactor.json(msgspec.json.encode(read_machine()))
    for log in (home() / "logs" / name for name in LOGS):
        if log.exists():
            yield f"logs/{log.name}", partial(_log, log, redactor)


def _run_parts(redactor: Redactor, run: RunFolder) -> Iterator[Part]:
    makers: dict[str, Callable[[Path, Redactor], str]] = {
        "spec.json": _document,
        EVENTS: _events,
        OUTPUT: partial(_log, lines=LOG_LINES),
        "report.json": _document,
    }
    for name, make in makers.items():
        if (run.path / name).exists():
            yield f"runs/{run.id}/{name}", partial(make, run.path / name, redactor)


def _left_out(run: RunFolder) -> Part:
    why = "Left out: neither the database nor the run's snapshot can be read, so no name in it could be taken out.\n"
    return f"runs/{run.id}/LEFT-OUT.txt", lambda: why


def _gathered(gather: Callable[[], str], redactor: Redactor) -> str:
    try:
        return gather()
    except Cancelled:
        raise
    except Exception as error:  # this is the tool for a machine on which things are broken
        return redactor.text(f"This could not be gathered ({type(error).__name__}: {error}).\n")


def _private(project: Path | None, runs: list[RunFolder]) -> tuple[Private, list[RunFolder]]:
    """What must not be told, and the runs of which nobody can say.

    Names are in the database and in the runs: each may be damaged, and runs know pictures that are gone since.
    """
    pictures: set[str] = set()
    classes: list[str] = []
    name, opaque = "", list(runs)
    if project is not None:
        with suppress(Exception), ProjectStore.open(project, for_writing=False) as store:
            name = store.info.name
            classes += [image_class.name for image_class in store.classes()]
            pictures.update(path for path, _ in store.files())
            pictures.update(_without_line(problem.where) for problem in store.problems())
            opaque = []
    for run in runs:
        with suppress(Exception):
            snapshot = run.snapshot()
            name = name or snapshot.project
            classes += [image_class.name for image_class in snapshot.classes]
            pictures.update(image.path for image in snapshot.images)
            opaque = [other for other in opaque if other != run]
    numbered = {name: f"class-{number}" for number, name in enumerate(dict.fromkeys(classes))}
    return Private(folder=project, name=name, pictures=pictures - {""}, classes=numbered), opaque


def _without_line(place: str) -> str:
    """``labels/a.txt:12`` -> ``labels/a.txt``."""
    path, colon, line = place.rpartition(":")
    return path if colon and line.isdigit() else place


def _versions() -> str:
    packages = {item.name: item.version for item in importlib.metadata.distributions() if item.name}
    lines = [
        f"lensmith {__version__}",
        f"Python {sys.version}",
        f"{platform.platform()} ({platform.machine()})",
        f"Python is at {sys.executable}",
        "",
        *(f"{name} {version}" for name, version in sorted(packages.items(), key=lambda item: item[0].lower())),
    ]
    return "\n".join(lines) + "\n"


def _doctor() -> str:
    lines = (f"{line.state:8}{line.name}: {line.text} {line.remedy}".rstrip() for line in doctor().lines)
    return "\n".join(lines) + "\n"


def _project_counts(project: Path) -> bytes:
    """Numbers only. The format is read from the file's header, since a newer or damaged database does not open."""
    found: dict[str, object] = {"database_format": _database_format(project / DATABASE), "runs": 0}
    found["runs"] = len(RunStore(project).list())
    try:
        with ProjectStore.open(project, for_writing=False) as store:
            images = store.images()
            found |= {
                "task": store.info.task,
                "images": len(images),
                "files": len(store.files()),
                "classes": len(store.classes()),
                "boxes": sum(len(image.annotation.boxes) for image in images if isinstance(image.annotation, Boxes)),
                "annotations": Counter(_KINDS[type(image.annotation)] for image in images),
                "splits": Counter(image.split.value if image.split else "none" for image in images),
                "traits": Counter(trait for image in images for trait in image.traits),
                "problems": Counter(problem.kind for problem in store.problems()),
            }
    except Exception as error:  # whatever a damaged database comes to
        found["trouble"] = str(error)
    return msgspec.json.encode(found)


_KINDS = {Unlabelled: "unlabelled", ClassLabel: "class", Boxes: "boxes"}


def _database_format(database: Path) -> int:
    """``PRAGMA user_version``, bytes 60 to 63 of the header. Source: https://sqlite.org/fileformat2.html#database_header"""
    with database.open("rb") as file:
        return int.from_bytes(file.read(64)[60:64], "big")


def _events(file: Path, redactor: Redactor) -> str:
    """All but ``progress``, one a line; a line that is no event is counted."""
    lines, torn = [], 0
    with file.open("rb") as stream:
        for line in stream:
            try:
                event = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                torn += 1
                continue
            if not isinstance(event, dict) or event.get("type") != "progress":
                lines.append(msgspec.json.encode(redactor.value(event)).decode())
    if torn:
        lines.append(f"[{torn} lines were no events]")
    return "\n".join(lines) + "\n"


def _document(file: Path, redactor: Redactor) -> str:
    return redactor.json(file.read_bytes())


def _log(file: Path, redactor: Redactor, lines: int = 0) -> str:
    """The end of a log, so many lines of it (0: all), also of one that nobody trimmed."""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - LONGEST_TAIL))
        kept = stream.read().decode("utf-8", "replace").splitlines()
    return redactor.text("\n".join(kept[-lines:]) + "\n")
