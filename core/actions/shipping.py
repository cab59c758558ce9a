"""Ship: what an ONNX file is, in facts that somebody can decide on before it leaves the house."""

from pathlib import Path

from msgspec import Struct

from core.actions.exporting import export_onnx
from core.actions.reporting import report_of
from core.domain.errors import LensmithError
from core.domain.model_card import ModelCard
from core.domain.report import Report
from core.domain.run import weights_of
from core.domain.task import Split
from core.inference.onnx_checks import load_checked
from core.inference.onnx_model import read_card
from core.runs.parity import BOX_TOLERANCE
from core.store.files import file_sha256
from core.store.run_store import RunFolder


class FileFacts(Struct, frozen=True, kw_only=True):
    """An ONNX file as it lies there; ``size`` in bytes, ``opset`` of the standard operators."""

    card: ModelCard
    size: int
    opset: int


class ShipFacts(Struct, frozen=True, kw_only=True):
    """What there is to say about the file of a run.

    ``file`` is ``None`` where it cannot be used any more, and ``trouble`` says why. ``box_tolerance``: pixels of the
    input square by which a box may have moved. ``test``: paths of the test images. ``licence``: of the weights that
    the run started from, or empty.
    """

    run: RunFolder
    report: Report
    path: Path
    file: FileFacts | None
    trouble: LensmithError | None
    box_tolerance: float
    licence: str
    test: tuple[str, ...]


def ship_facts(run: RunFolder) -> ShipFacts:
    """Raises ``LensmithError`` for a run without a report."""
    report = report_of(run)
    path = run.path / report.onnx
    file, trouble = None, None
    try:
        file = file_facts(path)
    except LensmithError as error:
        trouble = error
    weights = weights_of(run.spec().start)
    return ShipFacts(
        run=run,
        report=report,
        path=path,
        file=file,
        trouble=trouble,
        box_tolerance=BOX_TOLERANCE,
        licence=(file.card.licence if file else "") or getattr(weights, "licence", ""),
        test=tuple(image.path for image in run.snapshot().part(Split.TEST)),
    )


def file_facts(path: Path) -> FileFacts:
    """Raises ``LensmithError`` for a file that is missing, damaged, unsafe or not one of Lensmith's."""
    card = read_card(path)
    opsets = [one.version for one in load_checked(path).opset_import if one.domain in ("", "ai.onnx")]
    return FileFacts(card=card, size=path.stat().st_size, opset=max(opsets, default=0))


class Exported(Struct, frozen=True, kw_only=True):
    """A file that was written, read back and opened by ONNX Runtime; ``size`` in bytes."""

    path: Path
    size: int
    sha256: str


def ship(run: RunFolder, target: Path, *, replace: bool) -> Exported | None:
    """Export the run's file to ``target``, a file ``….onnx``; ``None`` where one lies there and may not be replaced.

    Raises ``LensmithError`` as ``export_onnx`` does.
    """
    if not replace and target.exists():
        return None
    written = export_onnx(run, target)
    return Exported(path=written, size=written.stat().st_size, sha256=file_sha256(written))
