"""What a model said about a few pictures, made ready to be shown at any threshold without asking it again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from app.widgets.gallery.overlay import Overlay, OverlayBox

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.predicting import ImageAnswer
    from core.actions.trying import Tried

SPELT_OUT = 2  # so many boxes are named with their scores, more are counted


def at_threshold(answer: "ImageAnswer", threshold: float) -> "ImageAnswer":
    """The answer without the boxes below ``threshold``; classes know no threshold."""
    if answer.boxes is None:
        return answer
    kept = bisect_right(answer.boxes, -threshold, key=lambda box: -box[4])  # they come by falling score
    return msgspec.structs.replace(answer, boxes=answer.boxes[:kept])


def overlay_of(answer: "ImageAnswer", classes: Sequence[str], nothing: str) -> Overlay:
    """Dashed boxes with class and score; the caption says the same in a line. ``nothing``: where no box was found."""
    if answer.boxes is None:
        return Overlay(caption=_top_classes(answer))
    places = {name: index for index, name in enumerate(classes)}
    boxes = tuple(
        OverlayBox(x1, y1, x2, y2, places[name], dashed=True, text=f"{name} {score:.2f}")
        for x1, y1, x2, y2, score, name in answer.boxes
    )
    if len(boxes) > SPELT_OUT:
        counts = Counter(name for *_, name in answer.boxes)
        words = [name if count == 1 else f"{name} ×{count}" for name, count in counts.items()]
    else:
        words = [box.text for box in boxes]
    return Overlay(caption=", ".join(words) or nothing, boxes=boxes)


def counts(answers: "Sequence[ImageAnswer]", classes: Sequence[str]) -> dict[str, int]:
    """Class name -> boxes, or pictures of that class; classes that were not found are left out."""
    found: Counter[str] = Counter()
    for answer in answers:
        if answer.boxes is not None:
            found.update(name for *_, name in answer.boxes)
        elif answer.label is not None:
            found[answer.label] += 1
    return {name: found[name] for name in classes if found[name]}


def latency(tried: "Sequence[Tried]") -> float | None:
    """Median seconds a picture."""
    return median(one.seconds for one in tried) if tried else None


def _top_classes(answer: "ImageAnswer") -> str:
    """The most probable class, and the next one where it is a rival."""
    ranked = sorted((answer.probabilities or {}).items(), key=lambda pair: -pair[1])
    shown = [(name, share) for place, (name, share) in enumerate(ranked[:2]) if place == 0 or share >= 0.1]
    return ", ".join(f"{name} {share:.2f}" for name, share in shown)
