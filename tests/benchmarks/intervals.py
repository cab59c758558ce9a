"""How often 95 % intervals hold the truth, and how often two equally good models are told apart, on simulated models.

python -m tests.benchmarks.intervals [--draws 1000] [--images 37 100 400] [--skills 0 1 2] [--only accuracy|map]

Each draw is a new set of test images. Goal: 93 to 97 % for intervals, at most 6 % false alarms. All of it takes about
an hour on two cores, mAP on 400 images most of that.
"""

import argparse
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np

from core.domain.report import Interval
from core.metrics import paired
from core.metrics.average_precision import Matches
from tests.simulated_predictions import classifiers, detectors, true_precisions

ACCURACIES = ((0.6, 0.7), (0.85, 0.9), (0.95, 0.97))
_STEP = 0.4  # in skill, between the two detectors that differ

Tally = dict[str, list[bool]]


def accuracy(images: int, pair: tuple[float, float], draws: int) -> tuple[str, Tally]:
    """Two seeds of one classifier, two of a better one, and single runs."""
    rng = np.random.default_rng(0)
    low, high = pair
    held: Tally = defaultdict(list)
    nothing = paired.draws_for(classifiers(rng, images, [low]))
    for _ in range(draws):
        found = classifiers(rng, images, [low, low, high, high])
        a, twin, b, other = (paired.figures_of(one, nothing)["accuracy"] for one in found)
        _tally(held, "accuracy", paired.interval(a, images), low)
        _tally(held, "accuracy, mean of two seeds", paired.interval(paired.mean([b, other]), images), high)
        _tally(held, "difference", paired.difference(a, b, images), high - low)
        means = paired.mean([a, twin]), paired.mean([b, other])
        _tally(held, "difference of means of two seeds", paired.difference(*means, images), high - low)
        _tally(held, "no difference", paired.difference(a, twin, images), 0.0)
    return f"{images} images, accuracies {low} and {high}", held


def precision(images: int, skill: float, draws: int) -> tuple[str, Tally]:
    skills = [skill, skill, skill + _STEP]
    low, _, high = true_precisions(skills)
    rng = np.random.default_rng(int(1000 * skill) + images)
    held: Tally = defaultdict(list)
    for number in range(draws):
        found: list[Matches] = detectors(rng, images, skills)
        a, twin, b = (paired.figures_of(one, paired.draws_for(found, seed=number)) for one in found)
        for row, name in enumerate(("mAP50-95", "mAP50")):
            _tally(held, name, paired.interval(a[name], images), low[row])
            _tally(held, f"{name}, difference", paired.difference(a[name], b[name], images), high[row] - low[row])
            _tally(held, f"{name}, no difference", paired.difference(a[name], twin[name], images), 0.0)
    return f"{images} images, mAP50-95 {low[0]:.2f} and {high[0]:.2f}, mAP50 {low[1]:.2f} and {high[1]:.2f}", held


def _tally(held: Tally, name: str, span: Interval | None, truth: float) -> None:
    if span is not None:
        held[name].append(span.low <= truth <= span.high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--images", type=int, nargs="+", default=[37, 100, 400])
    parser.add_argument("--skills", type=float, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", choices=["accuracy", "map"])
    options = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        jobs = []
        if options.only != "map":
            jobs += [pool.submit(accuracy, *one, options.draws) for one in product(options.images, ACCURACIES)]
        if options.only != "accuracy":
            jobs += [pool.submit(precision, *one, options.draws) for one in product(options.images, options.skills)]
        for job in jobs:
            title, held = job.result()
            print(title, flush=True)
            for name, each in held.items():
                share = 100 * np.mean(each)
                told = f"false alarms {100 - share:.1f} %" if "no difference" in name else f"held in {share:.1f} %"
                print(f"  {name:34} {told} of {len(each)} draws", flush=True)


if __name__ == "__main__":
    main()
