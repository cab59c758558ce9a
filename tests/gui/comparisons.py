"""Drawn comparisons: figures that a test chooses, no files and no training."""

from collections.abc import Sequence
from itertools import combinations

from core.domain.comparison import Comparison, Difference, Group, Measured, Row, Setting, pareto_front
from core.domain.usage import EnergySource

MODES = ("scratch", "transfer", "finetune")


def row(
    number: int,
    value: float | None,
    *,
    mode: str = "",
    model: str = "yolov8n",
    seed: int = 0,
    seconds: float = 60.0,
    half: float = 0.05,
    test_set: str = "t",
    source: EnergySource = EnergySource.ESTIMATE,
    price: float = 0.0,
) -> Row:
    """A finished run; ``half`` of its interval to each side. ``value`` of ``None``: it was not judged."""
    mode = mode or MODES[number % 3]
    metric = None
    if value is not None:
        low, high = max(value - half, 0.0), min(value + half, 1.0)
        metric = Measured(name="mAP50-95", value=value, low=low, high=high)
    return Row(
        run=f"{number:04d}-{mode}-{model}",
        mode=mode,
        model=model,
        seed=seed,
        metric=metric,
        seconds=seconds,
        kwh=seconds / 3600 * 0.08,
        cost=seconds / 3600 * price or None,
        peak_memory_mb=1800.0 + seconds,
        latency_ms=4.1 + number / 10,
        size_mb=12.2,
        energy_source=source,
        state="completed" if metric else "failed",
        test_set=test_set if metric else "",
    )


def comparison(rows: Sequence[Row], *, advice: str = "", settings: Sequence[Setting] = ()) -> Comparison:
    """Of these rows; those of one mode, model and test set are seeds of one group."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for one in rows:
        if one.metric:
            groups.setdefault((one.mode, one.model, one.test_set), []).append(one)
    front = pareto_front([(one.seconds, one.metric.value if one.metric else None) for one in rows])
    made = tuple(_group(same) for same in groups.values())
    sets = {one.test_set for one in rows if one.metric}
    warnings = ["Energy is estimated from time, not measured: 0005-scratch-yolov8n."]
    if len(sets) > 1:
        warnings.append("Judged on different test images, so never to be ranked among each other.")
    return Comparison(
        rows=tuple(_on_front(one, on) for one, on in zip(rows, front, strict=True)),
        differences=tuple(_difference(a, b) for a, b in combinations(made, 2) if a.test_set == b.test_set),
        advice=advice,
        groups=made,
        warnings=tuple(warnings),
        currency="EUR",
        test_images=37 if len(sets) == 1 else 0,
        metric="mAP50-95",
        settings=tuple(settings),
    )


def _on_front(one: Row, on_front: bool) -> Row:
    from msgspec.structs import replace

    return replace(one, on_front=on_front)


def _group(rows: Sequence[Row]) -> Group:
    values = [one.metric.value for one in rows if one.metric]
    mean = sum(values) / len(values)
    half = 0.05 if len(rows) == 1 else 0.03
    return Group(
        runs=tuple(one.run for one in rows),
        mode=rows[0].mode,
        model=rows[0].model,
        metric=Measured(name="mAP50-95", value=mean, low=max(mean - half, 0.0), high=min(mean + half, 1.0)),
        spread=0.012 if len(rows) > 1 else None,
        seconds=sum(one.seconds or 0 for one in rows) / len(rows),
        test_set=rows[0].test_set,
    )


def _difference(a: Group, b: Group) -> Difference:
    assert a.metric
    assert b.metric
    value = b.metric.value - a.metric.value
    return Difference(a=a.runs[0], b=b.runs[0], value=value, low=value - 0.055, high=value + 0.055)


ADVICE = (
    "Fine-tune is better than transfer by 0.065 mAP50-95 (95 % interval 0.01 to 0.13) and takes 1 min more. From "
    "scratch needs far more pictures. The test set has 37 pictures: 110 more would halve the interval."
)


def three_modes() -> Comparison:
    """What most users compare."""
    return comparison(
        [
            row(5, 0.147, mode="scratch", seconds=200, half=0.09),
            row(6, 0.869, mode="transfer", seconds=61, half=0.06),
            row(7, 0.934, mode="finetune", seconds=127, half=0.04),
        ],
        advice=ADVICE,
        settings=[
            Setting("mode", ("scratch", "transfer", "finetune")),
            Setting("weights", ("", "yolov8n", "yolov8n")),
            Setting("learning_rate", ("0.01", "0.001", "0.0005")),
            Setting("unfreeze_after", ("", "automatic", "")),
        ],
    )


def three_seeds() -> Comparison:
    """Three modes, three seeds each."""
    base = {"scratch": (0.15, 200.0), "transfer": (0.86, 61.0), "finetune": (0.93, 127.0)}
    rows = [
        row(number, value + 0.012 * (seed - 1), mode=mode, seed=seed, seconds=seconds + 3 * seed, price=0.9)
        for number, (mode, (value, seconds), seed) in enumerate(
            ((mode, figures, seed) for mode, figures in base.items() for seed in range(3)), start=1
        )
    ]
    return comparison(rows, advice=ADVICE, settings=[Setting("mode", tuple(one.mode for one in rows))])


def twelve_long() -> Comparison:
    """Twelve runs with long names, from seconds to hours, two of them on other pictures."""
    rows = [
        row(
            number,
            0.42 + 0.04 * number,
            model=f"convnextv2_atto_with_a_long_name_{number}.fcmae_ft_in1k",
            seconds=20 * 1.7**number,
            half=0.03 + number / 300,
            test_set="old" if number < 3 else "t",
            price=0.6,
            source=EnergySource.RAPL if number % 2 else EnergySource.ESTIMATE,
        )
        for number in range(1, 13)
    ]
    return comparison(rows, advice=ADVICE + " " + ADVICE)
