"""What comparing runs rests on: their stored predictions beside the truth of their snapshots, image by image."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from msgspec import Struct

from core.domain.dataset import Image, Snapshot
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.progress import Progress
from core.domain.task import Split, Task
from core.metrics import paired
from core.metrics.classification import answers_of
from core.metrics.detection import matches_of
from core.runs.evaluation import PREDICTIONS
from core.store.codec import read_json
from core.store.run_store import RunFolder


class Judged(Struct, frozen=True):
    """One run's ``figure`` of ``metric`` on ``images`` images; figures of one ``test_set`` share their draws."""

    test_set: str
    images: int
    metric: str
    figure: paired.Figure


class _Answers(Struct, frozen=True):
    """A run that can be judged on ``hashes``."""

    run: RunFolder
    test_set: str
    hashes: frozenset[str]
    evidence: paired.Evidence


def judged_sets(
    runs: Sequence[RunFolder], split: Split, metric: str, progress: Progress
) -> tuple[dict[str, Judged], tuple[str, ...]]:
    """By run id those whose predictions can be read, and warnings about the others.

    Runs on one test set are judged on the images that all of them have answered.
    """
    warnings, sets = [], dict[str, list[_Answers]]()
    for done, run in enumerate(runs):
        progress(done, 2 * len(runs), "Matching predictions")
        try:
            answers = _answers(run, split)
        except LensmithError as error:
            warnings.append(f"Run {run.id} has no difference to others: {error.cause}")
            continue
        sets.setdefault(answers.test_set, []).append(answers)
    judged: dict[str, Judged] = {}
    for same in sets.values():
        common, known = (join(*(one.hashes for one in same)) for join in (frozenset.intersection, frozenset.union))
        if not common:
            warnings.append(f"No image was answered by all of: {', '.join(one.run.id for one in same)}.")
            continue
        if lacking := [one.run.id for one in same if one.hashes != known]:
            warnings.append(
                f"Judged only on the {len(common)} images that every run answered; others are missing from the"
                f" predictions of: {', '.join(lacking)}."
            )
            same = [one if one.hashes == common else _answers(one.run, split, common) for one in same]
        draws = paired.draws_for([one.evidence for one in same])
        for one in same:
            progress(len(runs) + len(judged), 2 * len(runs), "Drawing images again")
            figure = paired.figures_of(one.evidence, draws).get(metric)
            if figure is not None and np.isfinite(paired.value(figure)):
                judged[one.run.id] = Judged(one.test_set, len(common), metric, figure)
    return judged, tuple(warnings)


def _answers(run: RunFolder, split: Split, only: frozenset[str] | None = None) -> _Answers:
    """Raises ``LensmithError`` where files are missing or damaged, or do not belong together."""
    snapshot = run.snapshot()
    stored = read_json(run.path / PREDICTIONS, PredictionSet)
    classification = snapshot.task is Task.CLASSIFICATION
    said = {one.hash: one for one in (stored.classes if classification else stored.boxes).get(split.value, [])}
    wanted = said.keys() if only is None else only
    images = sorted((one for one in snapshot.part(split) if one.hash in wanted), key=lambda one: one.hash)
    if not images:
        raise LensmithError(f"{run.path / PREDICTIONS} says nothing about the {split.value} split.")
    try:
        evidence = _evidence(snapshot, images, [said[one.hash] for one in images])
    except (ValueError, IndexError, KeyError) as error:
        raise LensmithError(f"{run.path / PREDICTIONS} does not belong to the snapshot of its run.") from error
    return _Answers(run, snapshot.split_hash(split), frozenset(one.hash for one in images), evidence)


def _evidence(
    snapshot: Snapshot, images: Sequence[Image], said: Sequence[ClassPrediction | BoxPrediction]
) -> paired.Evidence:
    count = len(snapshot.classes)
    if snapshot.task is Task.CLASSIFICATION:
        truth = [snapshot.class_index(image) for image in images]
        return answers_of(truth, np.array([one.probabilities for one in cast(list[ClassPrediction], said)]), count)
    return matches_of(images, snapshot.index_of(), cast(list[BoxPrediction], said), count)
