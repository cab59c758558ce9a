"""What the curves of a run say, in words: written rules, read in one table, silent where noise could say the same.

A rule speaks only of an effect that is both large enough to matter and four standard errors away from nothing. The
noise of a curve is taken from its second differences, which a smooth trend leaves alone: for independent noise they
have six times its variance (von Neumann et al., The mean square successive difference, Ann. Math. Stat. 12, 1941, for
first differences).
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import accumulate
from math import sqrt
from statistics import fmean, median

from msgspec import Struct

from core.domain.event import Outcome
from core.domain.history import RunHistory, RunState
from core.domain.report import MAIN_METRIC, ClassScores
from core.domain.task import Task

SURE = 4.0  # standard errors between two means that are told apart
NOT_FINITE = "no longer a finite number"  # how core.runs.reporting tells a loss that became infinite


class Kind(StrEnum):
    RATE_TOO_HIGH = "rate_too_high"
    OVERFITTING = "overfitting"
    UNSTABLE = "unstable"
    STUCK = "stuck"
    PLATEAU = "plateau"
    IMPROVING = "still_improving"
    NEVER_LEARNED = "never_learned"
    FEW_PICTURES = "few_validation_pictures"


class Remark(Struct, frozen=True, kw_only=True):
    """One thing that the curves say. ``text`` is a sentence whose ``{0}`` stand for ``values``; ``remedy`` what to try.

    ``epoch``: where it began; ``None`` where that has no meaning.
    """

    kind: Kind
    epoch: int | None
    text: str
    values: tuple[str, ...]
    remedy: str

    @property
    def seen(self) -> str:
        return self.text.format(*self.values)


class CurveFacts(Struct, frozen=True, kw_only=True):
    """What the rules need beside the curves. ``classes``: scores on validation; none before the run was judged."""

    task: Task
    val_images: int
    classes: tuple[ClassScores, ...] = ()


class _Curve(Struct, frozen=True):
    """``values`` of the epochs ``at``, which grow."""

    at: tuple[int, ...]
    values: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.values)

    def since(self, place: int) -> "_Curve":
        return _Curve(self.at[place:], self.values[place:])

    def near(self, place: int, width: int) -> float:
        """Mean of about ``width`` values around a place."""
        return fmean(self.values[max(0, place - width // 2) : place + width // 2 + 1])

    def last(self, width: int) -> float:
        return fmean(self.values[-width:])

    @property
    def width(self) -> int:
        """Of the mean that smooths it: an eighth of the epochs, 3 at least."""
        return max(3, len(self) // 8)

    def smooth(self) -> list[float]:
        """``near`` for every place, in time that does not grow with the width."""
        sums, half = list(accumulate(self.values, initial=0.0)), self.width // 2
        ends = [(max(0, place - half), min(place + half + 1, len(self))) for place in range(len(self))]
        return [(sums[end] - sums[begin]) / (end - begin) for begin, end in ends]

    def bends(self) -> list[float]:
        """Second differences."""
        return [a - 2 * b + c for a, b, c in zip(self.values, self.values[1:], self.values[2:], strict=False)]

    @property
    def noise(self) -> float:
        """Standard deviation around its trend; single jumps do not count."""
        return 1.4826 * median(map(abs, self.bends())) / sqrt(6) if len(self) >= 4 else 0.0

    @property
    def roughness(self) -> float:
        """Like ``noise``, jumps included."""
        return sqrt(fmean(bend**2 for bend in self.bends()) / 6) if len(self) >= 4 else 0.0

    def are_apart(self, one: float, other: float) -> bool:
        """Whether two of its means over ``width`` values differ by more than its noise explains."""
        return abs(one - other) > SURE * self.noise * sqrt(2 / self.width)


class _Curves(Struct, frozen=True):
    """Of one run, the trained head that fine-tuning starts from (epoch 0) left out."""

    train: _Curve
    val: _Curve
    metric: _Curve
    name: str  # of the metric
    history: RunHistory
    facts: CurveFacts


class _Rule(Struct, frozen=True):
    """``epochs``: fewer say nothing. ``beside``: kinds that explain the same, so that this one is left out."""

    find: Callable[[_Curves], Remark | None]
    epochs: int
    beside: tuple[Kind, ...] = ()


def diagnose(history: RunHistory, facts: CurveFacts) -> tuple[Remark, ...]:
    """What the curves so far say, the most urgent first; nothing while there is nothing to say."""
    name = MAIN_METRIC[facts.task]
    epochs = [epoch for epoch in history.epochs if epoch.epoch > 0]
    val = [(epoch.epoch, epoch.val_loss) for epoch in epochs if epoch.val_loss is not None]
    metric = [(epoch.epoch, epoch.metrics[name]) for epoch in epochs if name in epoch.metrics]
    curves = _Curves(
        train=_curve([(epoch.epoch, epoch.train_loss) for epoch in epochs]),
        val=_curve(val),
        metric=_curve(metric),
        name=name,
        history=history,
        facts=facts,
    )
    remarks: list[Remark] = []
    for rule in RULES:
        if len(epochs) >= rule.epochs and not any(remark.kind in rule.beside for remark in remarks):
            remark = rule.find(curves)
            remarks += [remark] if remark is not None else []
    return tuple(remarks)


def _curve(points: Sequence[tuple[int, float]]) -> _Curve:
    return _Curve(tuple(at for at, _ in points), tuple(value for _, value in points))


def _rate_too_high(curves: _Curves) -> Remark | None:
    """The training loss ended as not a number, or is a quarter above its lowest, and above it by a quarter of all
    that it ever fell."""
    remedy = "The learning rate is probably too high: try a third of it, or gradient clipping at 1."
    finished, train = curves.history.finished, curves.train
    if finished is not None and finished.outcome is Outcome.FAILED and NOT_FINITE in finished.reason:
        at = train.at[-1] + 1 if train.at else 1
        text = "In epoch {0} the training loss grew beyond all numbers."
        return Remark(kind=Kind.RATE_TOO_HIGH, epoch=at, text=text, values=(str(at),), remedy=remedy)
    if len(train) < 5:
        return None
    smooth = train.smooth()
    place = smooth.index(min(smooth))
    low, end = smooth[place], train.last(min(train.width, len(train) - 1 - place) or 1)
    fell = smooth[0] - low
    if len(train) - 1 - place < 2 or end - low < 0.25 * max(abs(low), fell) or not train.are_apart(end, low):
        return None
    text = "The training loss has been rising since epoch {0}, from {1} to {2}."
    values = (str(train.at[place]), _written(low), _written(end))
    return Remark(kind=Kind.RATE_TOO_HIGH, epoch=train.at[place], text=text, values=values, remedy=remedy)


def _overfitting(curves: _Curves) -> Remark | None:
    """The validation loss is a tenth above its lowest while the training loss fell on, and in the second half of that
    stretch the metric gained less than two points; without a validation loss, the metric lost three points."""
    val, train, metric = curves.val, curves.train, curves.metric
    told, least = (val, 0.1) if len(val) >= 8 else (metric, 0.0)
    if len(told) < 8:
        return None
    sign = 1 if told is val else -1  # a metric is the better the higher
    smooth = [sign * value for value in told.smooth()]
    place = smooth.index(min(smooth))
    low, end = smooth[place], sign * told.last(told.width)
    rise, since = end - low, told.at[place]
    enough = max(least * abs(low), 0.05 * (smooth[0] - low)) if told is val else 0.03
    if len(told) - 1 - place < told.width or rise < enough or not told.are_apart(end, low):
        return None
    then = next((index for index, at in enumerate(train.at) if at >= since), 0)
    if train.last(train.width) >= train.near(then, train.width):
        return None
    middle = told.at[(place + len(told) - 1) // 2]
    if told is val and middle in metric.at:
        before, now = metric.near(metric.at.index(middle), metric.width), metric.last(metric.width)
        if now - before >= 0.02 and metric.are_apart(now, before):
            return None
    text = "Since epoch {0} the model has been learning by heart: the validation loss rose from {1} to {2}, while the "
    text += "training loss kept falling."
    if told is metric:
        text = "Since epoch {0} the model has been learning by heart: on validation it fell from {1} to {2}, while the "
        text += "training loss kept falling."
    return Remark(
        kind=Kind.OVERFITTING,
        epoch=since,
        text=text,
        values=(str(since), _written(abs(low)), _written(abs(end))),
        remedy="The best epoch is kept, so nothing is lost. More pictures or stronger augmentation help; so do fewer "
        "epochs, or transfer where pictures are few.",
    )


def _unstable(curves: _Curves) -> Remark | None:
    """After the first quarter the metric scatters by six points and by more than so many pictures explain, or a loss
    by 15 % of its level and 12 % of all that it moved."""
    found: list[tuple[str, _Curve]] = []
    metric = curves.metric.since(len(curves.metric) // 4)
    if len(metric) >= 6:
        level = min(max(fmean(metric.values), 0.0), 1.0)
        chance = sqrt(level * (1 - level) / max(curves.facts.val_images, 1))
        if metric.roughness > max(0.06, 2 * chance):
            found.append((curves.name, metric))
    for name, whole in (("the training loss", curves.train), ("the validation loss", curves.val)):
        loss = whole.since(len(whole) // 4)
        if len(loss) >= 6 and not found:
            smooth = whole.smooth()
            if loss.roughness > max(0.15 * abs(median(loss.values)), 0.12 * (max(smooth) - min(smooth))):
                found.append((name, loss))
    if not found:
        return None
    name, curve = found[0]
    jumps = [abs(after - before) for before, after in zip(curve.values, curve.values[1:], strict=False)]
    place = jumps.index(max(jumps))
    return Remark(
        kind=Kind.UNSTABLE,
        epoch=curve.at[place + 1],
        text="The curves jump: {0} changed by {1} from epoch {2} to epoch {3}.",
        values=(name, _written(jumps[place]), str(curve.at[place]), str(curve.at[place + 1])),
        remedy="Try half the learning rate, or a larger batch.",
    )


def _stuck(curves: _Curves) -> Remark | None:
    """In ten epochs and more neither the training loss (by 3 %) nor the metric (by two points) moved; or the run is
    over and the metric never came above two points."""
    train, metric = curves.train, curves.metric
    smooth, reached = train.smooth(), metric.smooth() if len(metric) >= 4 else [0.0]
    still = max(smooth) - min(smooth) <= 0.03 * abs(smooth[0]) and max(reached) - min(reached) <= 0.02
    in_vain = curves.history.state is not RunState.RUNNING and len(metric) >= 10 and max(metric.values) < 0.02
    if not in_vain and (not still or max(reached) > 0.9):
        return None
    text = "Nothing was learned in {0} epochs: neither the loss nor {1} moved."
    remedy = "Look at the labels first. Then try ten times the learning rate, or start from trained weights."
    if in_vain and not still:
        text = "Nothing was recognised after {0} epochs: {1} stayed at 0."
        remedy = "Look at the labels first. Then start from trained weights, or train much longer on more pictures."
    values = (str(len(train)), curves.name)
    return Remark(kind=Kind.STUCK, epoch=train.at[0], text=text, values=values, remedy=remedy)


def _plateau(curves: _Curves) -> Remark | None:
    """For 60 % of all epochs, ten at least, the metric has been within a point of its best (or within its noise), and
    before it had risen."""
    metric = curves.metric
    if len(metric) < 12:
        return None
    smooth = metric.smooth()
    near = max(0.01, 2 * metric.noise / sqrt(metric.width))
    place = next(place for place, value in enumerate(smooth) if value >= max(smooth) - near)
    flat = len(metric) - place
    if flat < max(10, 0.6 * len(metric)) or min(smooth[place:]) < max(smooth) - 3 * near or smooth[-1] < 0.1:
        return None
    # Judged by what came after, since the best of many is always a little lucky.
    half = place + flat // 2
    if fmean(metric.values[half:]) - fmean(metric.values[place:half]) > 0.5 * near:
        return None
    return Remark(
        kind=Kind.PLATEAU,
        epoch=metric.at[place],
        text="Nothing was gained since epoch {0}: {1} has stayed at about {2}.",
        values=(str(metric.at[place]), curves.name, _written(fmean(metric.values[place:]))),
        remedy="Fewer epochs, or a patience, give the same sooner. For more, add pictures or try a larger model or "
        "image size.",
    )


def _improving(curves: _Curves) -> Remark | None:
    """The run is over, and over its last quarter the metric rose by three points (five where epochs are fewer than
    16) on a straight line, three standard errors from level."""
    metric = curves.metric
    if curves.history.state not in (RunState.COMPLETED, RunState.STOPPED) or len(metric) < 12:
        return None
    end = metric.since(len(metric) - max(3, len(metric) // 4))
    count = len(end)
    middle = (count - 1) / 2
    slope = sum((place - middle) * value for place, value in enumerate(end.values)) / (count * (count**2 - 1) / 12)
    noise = metric.since(len(metric) // 2).noise  # the first steps are of another kind
    gain, error = slope * (count - 1), noise / sqrt(count * (count**2 - 1) / 12)
    if (
        gain < (0.03 if len(metric) >= 16 else 0.05)
        or slope < SURE * error
        or end.last(2) < max(metric.smooth()) - 0.01
    ):
        return None
    return Remark(
        kind=Kind.IMPROVING,
        epoch=end.at[0],
        text="It was still getting better at the end: {0} gained {1} in the last {2} epochs.",
        values=(curves.name, _written(gain), str(count)),
        remedy="Train longer: choose more epochs, or start a new run from these weights.",
    )


def _never_learned(curves: _Curves) -> Remark | None:
    """Of a class that validation shows five times at least, none was recognised (boxes: AP50 below 0.05)."""
    names = [scores.name for scores in curves.facts.classes if scores.count >= 5 and _is_unknown(scores)]
    if not names:
        return None
    rest = f" +{len(names) - 4}" if len(names) > 4 else ""
    return Remark(
        kind=Kind.NEVER_LEARNED,
        epoch=None,
        text="Never learned: {0}.",
        values=(", ".join(f"“{name}”" for name in names[:4]) + rest,),
        remedy="Look at their labels, then add pictures of them; where others are far more frequent, let rare classes "
        "count more.",
    )


def _is_unknown(scores: ClassScores) -> bool:
    return scores.ap50 < 0.05 if scores.ap50 is not None else scores.recall == 0


def _few_pictures(curves: _Curves) -> Remark | None:
    """The 95 % interval of the best accuracy reaches more than ten points down; for boxes, fewer than 30 pictures."""
    from core.metrics.intervals import wilson  # numpy, which nobody should wait for who only lists runs

    count, best = curves.facts.val_images, curves.history.best
    if not count or best is None or curves.name not in best.metrics:
        return None
    value = min(max(best.metrics[curves.name], 0.0), 1.0)
    reach = value - wilson(round(value * count), count).low
    if curves.facts.task is Task.DETECTION and count >= 30:
        return None
    if curves.facts.task is Task.CLASSIFICATION and reach <= 0.1:
        return None
    text, values = "{0} validation pictures are too few to tell one epoch from another.", [str(count)]
    if curves.facts.task is Task.CLASSIFICATION:
        text = (
            "{0} validation pictures are too few to tell one epoch from another: chance alone moves {1} by {2} points."
        )
        values += [curves.name, f"{100 * reach:.0f}"]
    return Remark(
        kind=Kind.FEW_PICTURES,
        epoch=None,
        text=text,
        values=tuple(values),
        remedy="Label more pictures, or give validation a larger share before the next run.",
    )


# The order is that of urgency; the docstring of each function is the rule.
RULES = (
    _Rule(_rate_too_high, 0),
    _Rule(_overfitting, 8, beside=(Kind.RATE_TOO_HIGH,)),
    _Rule(_unstable, 8, beside=(Kind.RATE_TOO_HIGH,)),
    _Rule(_stuck, 10, beside=(Kind.RATE_TOO_HIGH, Kind.OVERFITTING, Kind.UNSTABLE)),
    _Rule(_plateau, 12, beside=(Kind.RATE_TOO_HIGH, Kind.OVERFITTING, Kind.UNSTABLE, Kind.STUCK)),
    _Rule(_improving, 12, beside=(Kind.RATE_TOO_HIGH, Kind.OVERFITTING, Kind.UNSTABLE, Kind.PLATEAU)),
    _Rule(_never_learned, 0),
    _Rule(_few_pictures, 1),
)


def _written(value: float) -> str:
    return f"{value:.3g}"
