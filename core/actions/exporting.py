"""Export: a verified ONNX file, or the data set in a format that others read."""

from importlib import import_module
from pathlib import Path

from core.domain.annotation import Unlabelled
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.inference.onnx_model import OnnxModel
from core.store.files import file_sha256, translated_errors, write_atomic
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder

DATA_FORMATS = ("imagefolder", "yolo", "coco", "voc", "csv")


def export_onnx(run: RunFolder, target: Path) -> Path:
    """Copy the run's ONNX file, after checking that it is still the file that the report measured.

    ``target``: a file ``….onnx``, or a folder in which the file is called like the run. Returns the file written.
    """
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
    with translated_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, source.read_bytes())
    OnnxModel.open(target)
    return target


def export_data(store: ProjectStore, format_name: str, target: Path, progress: Progress = silent) -> int:
    """Write classes, pictures (copied), annotations and splits into the new folder ``target``; it appears whole or
    not at all. Unlabelled images are left out. Returns how many images were written.
    """
    images = [image for image in store.images() if not isinstance(image.annotation, Unlabelled)]
    if not images:
        raise LensmithError(f"“{store.info.name}” has no labelled images to export.", "Import or label some first.")
    writer = import_module(f"core.data.formats.{format_name}")
    writer.write(store.classes(), images, target, progress)
    return len(images)
