"""What a run that started from another one, its ancestor, still knows. ``forgetting.json`` holds a ``Forgetting``."""

from msgspec import Struct

from core.domain.report import Interval
from core.domain.task import Task


class Change(Struct, frozen=True, kw_only=True):
    """A metric of the ancestor and of the run on the same images. ``loss`` is ``before`` − ``after``.

    ``interval``: 95 %, of the loss, paired over images; ``None`` where there is none, as of mAP below ten images.
    """

    name: str
    before: float
    after: float
    loss: float
    interval: Interval | None = None


class ClassMemory(Struct, frozen=True, kw_only=True):
    """One class that the ancestor knew. An object is an image, or a box that is found at the model's own threshold.

    ``kept``: right in both; ``lost``: right in the ancestor only; ``gained``: right in the run only.
    """

    id: int
    name: str
    count: int  # objects
    kept: int
    lost: int
    gained: int
    metrics: tuple[Change, ...]  # ``AP50-95`` and ``AP50``, or ``recall``; empty without objects


class Forgetting(Struct, frozen=True, kw_only=True):
    """The run's ONNX file against its ancestor's, on ``images`` of the ancestor's ``split`` with the labels of then.

    The test split; the validation split where the ancestor had no test image. Images that the run trained on are
    left out, and those that can no longer be read. ``metrics``: as in a report, over the ancestor's classes.
    """

    schema_version: int = 1
    run: str
    ancestor: str
    task: Task
    split: str
    images: int
    metrics: tuple[Change, ...]
    classes: tuple[ClassMemory, ...]

    def change(self, name: str) -> Change | None:
        return next((one for one in self.metrics if one.name == name), None)

    @property
    def kept(self) -> int:
        return sum(one.kept for one in self.classes)

    @property
    def lost(self) -> int:
        return sum(one.lost for one in self.classes)

    @property
    def gained(self) -> int:
        return sum(one.gained for one in self.classes)
