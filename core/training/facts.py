"""What planning needs to know of the data: a few numbers, made once and asked often."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.domain.annotation import class_ids
from core.domain.dataset import Image, ImageClass
from core.domain.task import Split, Task

# Left and right, in the languages of the factories that we know.
_SIDES = (
    {"left", "right"},
    {"links", "rechts"},
    {"gauche", "droite"},
    {"izquierda", "derecha"},
    {"sinistra", "destra"},
    {"lewy", "prawy"},
    {"vlevo", "vpravo"},
)


class DataFacts(Struct, frozen=True, kw_only=True):
    """Images by split (unlabelled ones and those in progress are in none) and what is seen in those that train.

    ``will_split``: the images are not divided yet; the numbers say how a run would divide them.
    """

    task: Task
    train: int
    val: int
    test: int
    classes: int  # that some training image shows
    side: int  # pixels, the median of the long sides of all labelled images; 0 without any
    will_split: bool = False
    in_progress: int = 0  # images that somebody is still labelling; they are left out
    sided: bool = False  # a mirrored picture would be of another class, or of none


def facts_of(
    task: Task,
    images: Sequence[Image],
    parts: Mapping[str, Split] | None = None,
    *,
    classes: Sequence[ImageClass] = (),
    will_split: bool = False,
) -> DataFacts:
    """``parts``: image hash -> split, where the images' own is not the one to go by."""
    counts = dict.fromkeys(Split, 0)
    seen: set[int] = set()
    sides = []
    for image in images:
        if not image.is_labelled:
            continue
        sides.append(max(image.width, image.height))
        split = image.split if parts is None else parts.get(image.hash)
        if split is not None:
            counts[split] += 1
        if split is Split.TRAIN:
            seen |= class_ids(image.annotation)
    sides.sort()
    return DataFacts(
        task=task,
        train=counts[Split.TRAIN],
        val=counts[Split.VAL],
        test=counts[Split.TEST],
        classes=len(seen),
        side=sides[len(sides) // 2] if sides else 0,
        will_split=will_split,
        in_progress=sum(not image.done for image in images),
        sided=is_sided([one.name for one in classes if one.id in seen]),
    )


def is_sided(names: Sequence[str]) -> bool:
    """Whether class names say that left and right matter: mostly single letters or digits, or both sides named."""
    signs = sum(len(name) == 1 and name.isalnum() for name in names)
    words = {word for name in names for word in re.findall(r"[^\W\d_]+", name.lower())}
    return (signs >= 2 and 2 * signs > len(names)) or any(words >= pair for pair in _SIDES)
