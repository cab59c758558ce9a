"""What one model says about a picture, as it is drawn and told beside the others."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QCoreApplication

from app.widgets.gallery.overlay import ClassLook, OverlayBox
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    from core.metrics.disagreement import ImageDisagreement, SeenBox

LETTERS = "ABCDEF"
_NO_LOOK = ClassLook(0, "?")


class Chance(Struct, frozen=True):
    """A class with the share that the model gives it; ``true``: it is the right one."""

    look: ClassLook
    probability: float
    true: bool


class ModelAnswer(Struct, frozen=True, kw_only=True):
    """Of one model about one picture. ``model``: its place among the runs.

    ``boxes`` all that it found; ``marks``: those that other models see otherwise, and whether they are right;
    ``missed``: true boxes where it sees nothing.
    """

    model: int
    right: bool
    words: str
    boxes: tuple[OverlayBox, ...] = ()
    marks: tuple[tuple[OverlayBox, bool], ...] = ()
    missed: tuple[OverlayBox, ...] = ()
    chances: tuple[Chance, ...] = ()


def answers_of(row: "ImageDisagreement", truth: Annotation, looks: Mapping[int, ClassLook]) -> tuple[ModelAnswer, ...]:
    """One a model, in their order."""
    if row.top:
        return tuple(_class_answer(row, model, truth, looks) for model in range(len(row.right)))
    true = truth.boxes if isinstance(truth, Boxes) else ()
    return tuple(_box_answer(row, model, true, looks) for model in range(len(row.right)))


def true_boxes(truth: Annotation, looks: Mapping[int, ClassLook]) -> tuple[OverlayBox, ...]:
    boxes = truth.boxes if isinstance(truth, Boxes) else ()
    return tuple(_drawn(box, looks) for box in boxes)


def _class_answer(
    row: "ImageDisagreement", model: int, truth: Annotation, looks: Mapping[int, ClassLook]
) -> ModelAnswer:
    true = truth.class_id if isinstance(truth, ClassLabel) else None
    chances = tuple(
        Chance(looks.get(one.class_id, _NO_LOOK), one.probability, one.class_id == true) for one in row.top[model]
    )
    return ModelAnswer(model=model, right=row.right[model], words=_verdict(row.right[model]), chances=chances)


def _box_answer(
    row: "ImageDisagreement", model: int, true: Sequence[Box], looks: Mapping[int, ClassLook]
) -> ModelAnswer:
    seen: list[tuple[SeenBox, bool]] = []
    for place in row.places:
        one = place.seen[model]
        if one is not None:
            seen.append((one, place.differs))
    missed = row.missed[model]
    missed_words = QCoreApplication.translate("Disagreements", "{} missed")
    wrong = sum(not one.right for one, _ in seen)
    return ModelAnswer(
        model=model,
        right=row.right[model],
        words=_verdict(row.right[model], wrong, len(missed)),
        boxes=tuple(_found(one, looks) for one, _ in seen),
        marks=tuple((_found(one, looks), one.right) for one, differs in seen if differs),
        missed=tuple(_drawn(true[number], looks, missed_words) for number in missed),
    )


def _verdict(right: bool, wrong: int = 0, missed: int = 0) -> str:
    if right:
        return QCoreApplication.translate("Disagreements", "right")
    counts = [
        QCoreApplication.translate("Disagreements", "%n wrong", "", wrong) if wrong else "",
        QCoreApplication.translate("Disagreements", "%n missed", "", missed) if missed else "",
    ]
    return ", ".join(filter(None, counts)) or QCoreApplication.translate("Disagreements", "wrong")


def _found(one: "SeenBox", looks: Mapping[int, ClassLook]) -> OverlayBox:
    look, box = looks.get(one.box.class_id, _NO_LOOK), one.box
    text = f"{look.name} {100 * one.score:.0f} %"
    return OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, look.index, dashed=True, text=text)


def _drawn(box: Box, looks: Mapping[int, ClassLook], words: str = "{}") -> OverlayBox:
    look = looks.get(box.class_id, _NO_LOOK)
    return OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, look.index, text=words.format(look.name))
