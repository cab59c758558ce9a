"""Rows to import, specs to run, and child processes that can be killed, starved of disk or robbed of rights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import ImageClass, ImageFacts, Snapshot
from core.domain.labels import labels_of
from core.domain.run import FromScratch, RunSpec
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.store import labels
from core.store.project_store import ProjectStore

REPOSITORY = Path(__file__).parents[3]
posix_only = pytest.mark.skipif(os.name == "nt", reason="uses signals, limits and users of POSIX")


def facts(number: int, **changes: object) -> ImageFacts:
    values = {"hash": f"{number:032x}", "width": 640, "height": 480, "size": 1000 + number, "format": "jpeg"}
    return ImageFacts(**(values | changes))


def row(
    number: int,
    path: str | Path,
    annotation: Annotation | None = None,
    split: Split | None = None,
    mtime_ns: int = 1,
) -> ImportedImage:
    """A picture whose content is told by ``number``."""
    return ImportedImage(
        facts=facts(number), path=str(path), mtime_ns=mtime_ns, annotation=annotation or Unlabelled(), split=split
    )


def boxes(*corners: tuple[float, float, float, float, int]) -> Boxes:
    return Boxes(tuple(Box(*corner) for corner in corners))


def label(class_id: int) -> ClassLabel:
    return ClassLabel(class_id)


def annotate(store: ProjectStore, number: int, annotation: Annotation) -> None:
    """Say what the picture ``number`` shows, in place of what was said before."""
    labels.edit(store, "draw", (), {f"{number:032x}": labels_of(annotation)})


def spec(architecture: str = "resnet18", **changes: object) -> RunSpec:
    values = {
        "task": Task.CLASSIFICATION,
        "engine": "simulated",
        "architecture": architecture,
        "start": FromScratch(),
        "snapshot": "0" * 32,
        "epochs": 1,
        "image_size": 64,
    }
    return RunSpec(**(values | changes))


def empty_snapshot() -> Snapshot:
    return Snapshot(project="p", task=Task.CLASSIFICATION, classes=(ImageClass(1, "ok"),), images=())


def start_child(script: str, *arguments: object, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A Python process running ``script``; its output can be read line by line."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run_child(script: str, *arguments: object, prefix: tuple[str, ...] = ()) -> str:
    """What ``script`` printed; a script that fails fails the test."""
    with start_child(script, *arguments, prefix=prefix) as child:
        output, errors = child.communicate(timeout=120)
    assert child.returncode == 0, errors
    return output


def kill(child: subprocess.Popen[str]) -> None:
    """``kill -9`` and wait until it is gone."""
    with child:
        child.send_signal(signal.SIGKILL)
        child.wait()


def small_disk(size: str) -> tuple[str, ...]:
    """Prefix that runs a command with an empty disk of ``size`` mounted at the folder in ``$DISK``; skips where the
    system grants no user namespaces."""
    unshare = ("unshare", "--user", "--map-root-user", "--mount")
    try:
        subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no user namespaces here: no disk of our own can be mounted")
    return (*unshare, "sh", "-c", f'mount -t tmpfs -o size={size} tmpfs "$DISK" && exec "$0" "$@"')
