"""Export: a verified ONNX file, or the data set in a format that others read."""

import shutil
from importlib import import_module
from pathlib import Path

from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.inference.onnx_model import OnnxModel
from core.store.files import write_atomic
from core.store.vault import file_sha256
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder

DATA_FORMATS = ("imagefolder", "yolo", "coco", "voc", "csv")


def export_onnx(run: RunFolder, target: Path) -> Path:
    """Copy the run's ONNX file, after checking that it is still the file that the report measured."""
    report = run.report()
    if report is None:
        raise LensmithError(f"Run {run.id} has no ONNX file yet.", "Wait until it has finished, or resume it.")
    source = run.path / report.onnx
    if not source.is_file() or file_sha256(source) != report.onnx_sha256:
        raise LensmithError(
            f"The ONNX file of run {run.id} is not the one that was measured.", "Resume the run to export it anew."
        )
    if target.suffix.lower() != ".onnx":
        target = target / f"{run.id}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, source.read_bytes())
    OnnxModel.open(target)
    return target


def export_data(store: ProjectStore, format_name: str, target: Path, progress: Progress = silent) -> Snapshot:
    """Write classes, pictures (copied), annotations and splits into the new folder ``target``."""
    if target.exists() and any(target.iterdir()):
        raise LensmithError(f"The folder “{target}” is not empty.", "Choose a new folder.")
    writer = import_module(f"core.data.formats.{format_name}")
    images = [image for image in store.images() if image.annotation.__struct_config__.tag != "unlabelled"]
    try:
        writer.write(store.classes(), images, target, progress)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return store.snapshot()
