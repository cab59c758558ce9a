"""What the rules of ``core.training.diagnosis`` say about a run of a project."""

from core.actions.reporting import history_of
from core.domain.errors import LensmithError
from core.domain.history import RunHistory
from core.domain.report import Report
from core.store.run_store import RunFolder
from core.training.diagnosis import CurveFacts, Remark, diagnose

# How ``write_json`` tells the split of an image; inside a string, such as a path, quotes would be escaped.
_VAL = b'"split":"val"'


def remarks_of(run: RunFolder, history: RunHistory | None = None) -> tuple[Remark, ...]:
    """What its curves say; nothing where its files cannot be read, which others tell."""
    try:
        return diagnose(history or history_of(run), curve_facts(run))
    except LensmithError:
        return ()


def curve_facts(run: RunFolder, report: Report | None = None) -> CurveFacts:
    """What the rules need beside the curves; ``report`` where it was read already."""
    report, spec = report or run.report(), run.spec()
    if report is not None and report.val is not None:
        return CurveFacts(task=spec.task, val_images=report.val.images, classes=report.val.classes)
    return CurveFacts(task=spec.task, val_images=_count_val(run))


def _count_val(run: RunFolder) -> int:
    """Without decoding: for 100,000 images that takes half a second, in which the window would stand still."""
    try:
        return (run.path / "snapshot.json").read_bytes().count(_VAL)
    except OSError:
        return 0
