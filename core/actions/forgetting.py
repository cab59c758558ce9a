"""What a run still knows of what its ancestor knew, as it was measured at its end, and in words."""

from core.domain.forgetting import Change, Forgetting
from core.domain.report import MAIN_METRIC
from core.domain.task import Task
from core.runs.forgetting import FORGETTING
from core.store.codec import read_json
from core.store.run_store import RunFolder


def forgetting_of(run: RunFolder) -> Forgetting | None:
    """``None`` for a run that did not start from another one, or has not got so far. Raises ``LensmithError`` for a
    damaged file."""
    file = run.path / FORGETTING
    return read_json(file, Forgetting) if file.exists() else None


def sentence(found: Forgetting) -> str:
    """What was lost, claiming no more than the interval carries."""
    main = found.change(MAIN_METRIC[found.task])
    objects = "objects" if found.task is Task.DETECTION else "images"
    counts = f"Of the {sum(one.count for one in found.classes)} {objects} of run {found.ancestor}'s {found.split} split"
    counts += f", {found.kept} are kept, {found.lost} lost and {found.gained} gained."
    if main is None:
        return counts
    return f"{counts} {_judgement(main, found.images)}"


def _judgement(main: Change, images: int) -> str:
    if main.interval is None:
        return f"{main.name} went from {main.before:.3f} to {main.after:.3f}; {images} images are too few to be sure."
    around = f"{main.interval.low:+.3f} to {main.interval.high:+.3f}"
    if main.interval.low > 0:
        return f"{main.name} fell by {main.loss:.3f} ({around}): it has forgotten."
    if main.interval.high < 0:
        return f"{main.name} rose by {-main.loss:.3f} (loss {around}): nothing is forgotten."
    return f"A loss of {main.loss:+.3f} in {main.name} ({around}) is no difference that these {images} images can show."
