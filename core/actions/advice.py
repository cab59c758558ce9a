"""One paragraph that follows from a comparison by written rules.

| when | what is said |
|---|---|
| no group has a metric | nothing to compare yet |
| one group | its figure and interval; nothing to compare it with |
| groups on several test sets | only of the largest set that has a difference, and that it is only of that |
| a group without an interval to the best | that it cannot be compared; it is left out |
| the best is certainly better than every other | so, by how much, and how much longer or shorter it takes |
| some others may be as good as the best | no difference that these images can show; take the fastest of them |
| certainly worse than the one to take | so, by how much |
| 95 % interval without zero, yet not certain among so many | that one such interval in twenty comes by chance |
| one seed each | another seed may turn it |
| several seeds | the spread over them; whether the difference is within what seeds alone do |

*Certain* is a difference whose interval leaves out zero after Holm's correction over all differences of the test set:
with one difference that is its 95 % interval; with more, the chance that any of the claims is false stays below 5 %,
whichever group turned out best (S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal
of Statistics 6, 1979). The interval's half towards zero stands for 1.96 standard errors.

*Within what seeds do* is a difference below two standard errors of the two means over seeds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist

from msgspec import Struct

from core.domain.comparison import Difference, Group
from core.domain.run import number_of

_NORMAL = NormalDist()
_ERROR = 0.05
_SAME_TIME = 1.15  # ratio of seconds below which nobody would notice
_NAMED = 4  # groups that one sentence lists
_MODES = {"scratch": "training from scratch", "finetune": "fine-tune"}
_SPLITS = {"val": "validation"}


class _Pair(Struct, frozen=True):
    """The metric of ``better`` minus that of ``worse``, as shares."""

    worse: Group
    better: Group
    value: float
    low: float
    high: float

    @property
    def chance(self) -> float:
        """The two-sided p-value that belongs to the interval: below 0.05 exactly when it leaves out zero."""
        half = self.value - self.low
        return 2 * (1 - _NORMAL.cdf(_NORMAL.inv_cdf(1 - _ERROR / 2) * self.value / half)) if half > 0 else 1.0


def advice(
    groups: Sequence[Group], differences: Sequence[Difference], images: Mapping[str, int], split: str = "test"
) -> str:
    """The rules above. ``images``: how many each ``Group.test_set`` has; ``split``: "test" or "val"."""
    known = [group for group in groups if group.metric is not None]
    if not known:
        return "No run has a result yet: there is nothing to compare."
    names = names_of(groups)
    told = {run for one in differences for run in (one.a, one.b)}
    sizes = Counter(group.test_set for group in known if group.runs[0] in told)
    test_set = sizes.most_common(1)[0][0] if sizes else known[0].test_set
    same = sorted((one for one in known if one.test_set == test_set), key=_value, reverse=True)
    word = _SPLITS.get(split, split)
    where = _counted(images[test_set], f"{word} image") if test_set in images else f"{word} images"
    said = _verdict(same, _pairs(same, differences), names, where)
    if others := [names[one.runs[0]] for one in known if one.test_set != test_set]:
        was = "was" if len(others) == 1 else "were"
        said.append(f"{_sentence(_listed(others))} {was} judged on other images and cannot be ranked with the rest.")
    return " ".join(said)


def names_of(groups: Sequence[Group]) -> dict[str, str]:
    """First run of each group -> what to call the group: its mode, its model or both, whatever tells it apart."""
    modes, models = {group.mode for group in groups}, {group.model for group in groups}
    names = {}
    for group in groups:
        mode = _MODES.get(group.mode, group.mode)
        parts = [mode] if len(modes) > 1 or len(models) == 1 else []
        names[group.runs[0]] = " with ".join([*parts, *([group.model] if len(models) > 1 else [])])
    often = Counter(names.values())
    return {run: name if often[name] == 1 else f"{name} (run {number_of(run)})" for run, name in names.items()}


def _verdict(
    same: Sequence[Group], pairs: Mapping[frozenset[str], _Pair], names: Mapping[str, str], where: str
) -> list[str]:
    best, others = same[0], same[1:]
    if not others:
        return [_alone(best, names, where)]
    known = [pair for other in others if (pair := pairs.get(_key(best, other)))]
    if not known:
        return [
            f"{_sentence(names[best.runs[0]])} has the highest figure, but without an interval that decides nothing."
        ]
    certain = _certain(list(pairs.values()))
    beaten = [pair for pair in known if pair in certain]
    level = [pair for pair in known if pair not in certain]
    said = []
    if level:
        said.append(_undecided(best, level, certain, names, where))
    if beaten:
        said.append(_better(best, beaten, names, f" on {where}" if not level else ""))
    if any(pair.low > 0 for pair in level):
        said.append(
            "An interval that only just leaves out zero is not enough here: chance alone makes one too easily among"
            f" {len(pairs)} comparisons."
        )
    if unknown := [names[one.runs[0]] for one in others if _key(best, one) not in pairs]:
        said.append(f"About {_listed(unknown)} nothing can be said: there is no interval.")
    return [*said, *_seeds(best, known, beaten, names)]


def _alone(group: Group, names: Mapping[str, str], where: str) -> str:
    metric = group.metric
    assert metric is not None
    span = f" (95 %: {_points(metric.low)} to {_points(metric.high)})" if metric.low is not None else ""
    name = _sentence(names[group.runs[0]])
    return f"{name} reached {_points(metric.value)} points{span} on {where}; there is nothing to compare it with."


def _better(best: Group, beaten: Sequence[_Pair], names: Mapping[str, str], where: str) -> str:
    name = _sentence(names[best.runs[0]])
    if len(beaten) == 1:
        (pair,) = beaten
        time = f" and {_time(best, pair.worse)}" if _time(best, pair.worse) else ""
        return f"{name} is better than {names[pair.worse.runs[0]]} by {_amount(pair)}{where}{time}."
    parts = []
    for pair in beaten[:_NAMED]:
        time = f", and {_time(best, pair.worse)}" if _time(best, pair.worse) else ""
        parts.append(f"than {names[pair.worse.runs[0]]} by {_amount(pair)}{time}")
    if len(beaten) > _NAMED:
        parts.append(f"and than {len(beaten) - _NAMED} others")
    return f"{name} is better{where}: {'; '.join(parts)}."


def _undecided(
    best: Group, level: Sequence[_Pair], certain: Sequence[_Pair], names: Mapping[str, str], where: str
) -> str:
    """No difference to the best can be shown; the fastest is named that is not certainly worse than one of these."""
    parts = [
        f"{names[pair.worse.runs[0]]} ({_points(pair.value)} points behind, 95 %: {_span(pair)})"
        for pair in level[:_NAMED]
    ]
    if len(level) > _NAMED:
        parts.append(f"{len(level) - _NAMED} others")
    text = (
        f"Between {names[best.runs[0]]} and {_listed(parts, 'or')} there is no difference that these {where} can show"
    )
    tied = [best, *(pair.worse for pair in level)]
    worse = [pair.worse for pair in certain if pair.better in tied]
    open_ = [one for one in tied if one not in worse]
    if any(one.seconds is None for one in open_):
        return f"{text}."
    fastest = min(open_, key=lambda one: one.seconds or 0.0)
    if _ratio(best, fastest) >= _SAME_TIME:
        return f"{text}; take {names[fastest.runs[0]]}, which is {_times(_ratio(best, fastest))} as fast."
    if all(_ratio(one, best) < _SAME_TIME for one in open_):
        return f"{text}; all take about as long." if len(open_) > 2 else f"{text}; both take about as long."
    return f"{text}; take {names[best.runs[0]]}, which is the fastest too."


def _seeds(best: Group, known: Sequence[_Pair], beaten: Sequence[_Pair], names: Mapping[str, str]) -> list[str]:
    """What another seed may do, which an interval over images does not know."""
    groups = [best, *(pair.worse for pair in known)]
    single = [one for one in groups if len(one.runs) == 1]
    if len(single) == len(groups):
        return ["Each was trained with one seed only: another seed may turn it."]
    spreads = [
        f"{names[one.runs[0]]} by {100 * one.spread:.1f} points over {len(one.runs)} seeds"
        for one in groups
        if one.spread is not None
    ]
    said = [f"Between seeds the figures spread: {_listed(spreads[:_NAMED])} (standard deviation)."] if spreads else []
    if single:
        said.append(
            f"{_sentence(_listed([names[one.runs[0]] for one in single]))}: one seed only, another may turn it."
        )
    if unsure := [names[pair.worse.runs[0]] for pair in beaten if _within_seeds(pair)]:
        said.append(f"The distance to {_listed(unsure)} is within what seeds alone do: other seeds may turn it.")
    return said


def _within_seeds(pair: _Pair) -> bool:
    if pair.worse.spread is None or pair.better.spread is None:
        return False
    variances = (one.spread**2 / len(one.runs) for one in (pair.worse, pair.better) if one.spread is not None)
    return pair.value < 2 * sqrt(sum(variances))


def _pairs(same: Sequence[Group], differences: Sequence[Difference]) -> dict[frozenset[str], _Pair]:
    """Differences within ``same``, each turned so that it is not negative."""
    by_run = {group.runs[0]: group for group in same}
    found = {}
    for one in differences:
        if one.a in by_run and one.b in by_run:
            a, b = by_run[one.a], by_run[one.b]
            if same.index(b) < same.index(a):
                pair = _Pair(a, b, one.value, one.low, one.high)
            else:
                pair = _Pair(b, a, -one.value, -one.high, -one.low)
            found[_key(a, b)] = pair
    return found


def _certain(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Holm: the smallest chance against 5 % over all, the next against 5 % over the rest … until one is too large."""
    found: list[_Pair] = []
    for pair in sorted(pairs, key=lambda one: one.chance):
        if pair.low <= 0 or pair.chance > _ERROR / (len(pairs) - len(found)):
            break
        found.append(pair)
    return found


def _key(a: Group, b: Group) -> frozenset[str]:
    return frozenset((a.runs[0], b.runs[0]))


def _value(group: Group) -> float:
    return group.metric.value if group.metric else 0.0


def _ratio(slow: Group, fast: Group) -> float:
    return (slow.seconds or 0.0) / max(fast.seconds or 0.0, 1e-9)


def _time(best: Group, other: Group) -> str:
    """What ``best`` takes, as the end of a sentence; empty where it is not known."""
    if best.seconds is None or other.seconds is None:
        return ""
    if _ratio(best, other) >= _SAME_TIME:
        return f"takes {_times(_ratio(best, other))} as long"
    if _ratio(other, best) >= _SAME_TIME:
        return f"is {_times(_ratio(other, best))} as fast"
    return "takes about as long"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 9.5 else f"{ratio:.1f} times".replace(".0 ", " ")


def _amount(pair: _Pair) -> str:
    return f"{_points(pair.value)} points (95 %: {_span(pair)})"


def _span(pair: _Pair) -> str:
    return f"{_points(pair.low)} to {_points(pair.high)}"


def _points(share: float | None) -> str:
    return f"{100 * (share or 0.0):.1f}".replace("-0.0", "0.0").replace("-", "−")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _listed(parts: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
