"""Export: a verified ONNX file, or the data set in a format that others read."""

from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

from msgspec import Struct

from core.domain.annotation import Unlabelled
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.inference.onnx_model import OnnxModel
from core.store.classes import numbered
from core.store.files import file_sha256, translated_errors, write_atomic
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder

DATA_FORMATS = ("imagefolder", "yolo", "coco", "voc", "csv")
BY_NUMBER = ("yolo", "coco")  # the others know classes by name


class ExportedData(Struct, frozen=True):
    """``images`` were written. What somebody still has to look at was left out: ``in_progress`` images, and
    ``proposals`` (boxes) that nobody accepted yet."""

    images: int
    in_progress: int
    proposals: int


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


def export_data(store: ProjectStore, format_name: str, target: Path, progress: Progress = silent) -> ExportedData:
    """Write classes, pictures (copied), annotations and splits into the new folder ``target``; it appears whole or
    not at all, after it was read back and compared. Only images labelled to the end are written.
    """
    with store.transaction() if not store.read_only else nullcontext():  # so that no class comes or goes in between
        everything = store.images()
        known = numbered(store) if format_name in BY_NUMBER else (store.classes(),)
    images = [image for image in everything if image.done and not isinstance(image.annotation, Unlabelled)]
    if not images:
        raise LensmithError(
            f"“{store.info.name}” has nothing that is labelled to the end, so there is nothing to export.",
            "Import or label some images first.",
        )
    writer = import_module(f"core.data.formats.{format_name}")
    classes, *unused = known
    writer.write(classes, images, target, progress, *unused)
    return ExportedData(
        images=len(images),
        in_progress=sum(not image.done and not isinstance(image.annotation, Unlabelled) for image in everything),
        proposals=sum(image.proposals for image in everything),
    )
