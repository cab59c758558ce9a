"""Where the labelling of a project stands: the state of each image, counts, and which image comes next."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from core.domain.annotation import Annotation, Boxes, ClassLabel
from core.domain.dataset import Image
from core.domain.labels import LabelState, state_of

OPEN = (LabelState.TO_DO, LabelState.IN_PROGRESS)


class LabelIndex:
    """Positions are those of ``images``, which others may replace one by one; then ``update`` must be told."""

    def __init__(self, images: Sequence[Image], problems: Collection[str] = ()) -> None:
        self.images = images
        self.problems = set(problems)  # hashes of what cannot be shown
        self.states = [self._state(image) for image in images]
        self.counts = Counter(self.states)
        self.class_counts: Counter[int] = Counter()  # boxes, or images of a classification project
        self._counted = [image.annotation for image in images]
        for annotation in self._counted:
            self._count(annotation, 1)

    def update(self, places: Iterable[int]) -> None:
        """These images are different now."""
        for place in places:
            image = self.images[place]
            self.counts[self.states[place]] -= 1
            self.states[place] = self._state(image)
            self.counts[self.states[place]] += 1
            self._count(self._counted[place], -1)
            self._counted[place] = image.annotation
            self._count(image.annotation, 1)

    def places(self, wanted: LabelState | None) -> list[int]:
        """All, or those of one state: proposals least certain first, else in the project's order."""
        if wanted is None:
            return list(range(len(self.images)))
        found = [place for place, state in enumerate(self.states) if state is wanted]
        if wanted is LabelState.PROPOSED:
            found.sort(key=lambda place: self.images[place].least_score)
        return found

    def next_to_do(self, place: int) -> int | None:
        """The next image after ``place``, round the end, that nobody has finished; if all are, that with the least
        certain proposal. ``None``: nothing is left but perhaps this one."""
        count = len(self.states)
        for step in range(1, count):
            other = (place + step) % count
            if self.states[other] in OPEN:
                return other
        return next((other for other in self.places(LabelState.PROPOSED) if other != place), None)

    def _state(self, image: Image) -> LabelState:
        readable = image.hash not in self.problems
        return state_of(image.annotation, done=image.done, proposals=image.proposals, readable=readable)

    def _count(self, annotation: Annotation, step: int) -> None:
        match annotation:
            case ClassLabel(class_id):
                self.class_counts[class_id] += step
            case Boxes(boxes):
                for box in boxes:
                    self.class_counts[box.class_id] += step
