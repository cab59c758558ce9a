"""What a model says about a few pictures, so that thresholds can be judged before it labels all of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.widgets.gallery.overlay import ClassLook, Overlay, OverlayBox
from core.domain.dataset import Image
from core.domain.progress import Progress
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.predicting import ImageAnswer
    from core.actions.proposing import NamedBox, Proposer
    from core.store.run_store import RunFolder

SAMPLE = 12  # pictures
LEAST = 0.05  # score; whatever is lower is not worth a look
NAMED = 6  # boxes with their names and scores; more would hide the picture


class Sampling:
    """One model and a few pictures. The thread adds to ``answers``; what is there may be read at any time."""

    def __init__(self, model: "RunFolder | Path", images: Sequence[Image], opened: "Proposer | None" = None) -> None:
        """``opened``: this model, if it is open already."""
        self.model = model
        self.images = evenly(images, SAMPLE)
        self.proposer = opened
        self.answers: dict[str, ImageAnswer] = {}  # by image hash, boxes from ``LEAST`` up
        self._at: dict[str, float] = {}
        self._kept: dict[str, tuple[NamedBox, ...]] = {}  # what is chosen of them at those thresholds

    def carry_out(self, task: Task | None, progress: Progress) -> None:
        """In a thread. Raises ``LensmithError`` for a model of no use, or not for this ``task``."""
        from core.actions import proposing

        progress(0, 0, "Opening the model")
        opened = self.proposer
        if opened is None:
            opened = proposing.of_file(self.model) if isinstance(self.model, Path) else proposing.of_run(self.model)
            proposing.check_task(opened, task)
            self.proposer = opened
        for image, answer in proposing.ask(opened, self.images, LEAST, progress):
            self.answers[image.hash] = answer

    def shown(self) -> list[Image]:
        """Pictures that the model has looked at."""
        return [image for image in self.images if image.hash in self.answers]

    def counts(self, thresholds: Mapping[str, float]) -> Counter[str]:
        """Class name -> what would be proposed on the sample."""
        return Counter(box[5] for hash_ in list(self.answers) for box in self._chosen(hash_, thresholds))

    def overlay(
        self, image: Image, thresholds: Mapping[str, float], looks: Mapping[str, ClassLook], nothing: str
    ) -> Overlay:
        """Dashed boxes, as they would be proposed. ``looks`` by name; classes that it lacks are left out.

        ``nothing``: the caption where nothing is proposed.
        """
        if image.hash not in self.answers or self.proposer is None:
            return Overlay()
        answer = self.answers[image.hash]
        if answer.error is not None:
            return Overlay()
        boxes = [box for box in self._chosen(image.hash, thresholds) if box[5] in looks]
        if self.proposer.model.card.task is Task.CLASSIFICATION:
            return Overlay(caption=", ".join(f"{name} {score:.2f}" for *_, score, name in boxes) or nothing)
        counts = Counter(name for *_, name in boxes)
        caption = ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())
        named = len(boxes) <= NAMED
        return Overlay(
            caption=caption or nothing,
            boxes=tuple(
                OverlayBox(x1, y1, x2, y2, looks[name].index, True, f"{name} {score:.2f}" if named else "")
                for x1, y1, x2, y2, score, name in boxes
            ),
        )

    def _chosen(self, hash_: str, thresholds: Mapping[str, float]) -> "tuple[NamedBox, ...]":
        from core.actions import proposing  # the thread has it already

        if thresholds != self._at:
            self._at, self._kept = dict(thresholds), {}
        if hash_ not in self._kept:
            self._kept[hash_] = proposing.chosen(self.answers[hash_].boxes or (), thresholds)
        return self._kept[hash_]


def evenly(images: Sequence[Image], count: int) -> list[Image]:
    """So many of them, spread over the whole list."""
    if len(images) <= count:
        return list(images)
    return [images[place * len(images) // count] for place in range(count)]
