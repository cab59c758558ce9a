"""Where the labelling of a project stands: the state of each image, counts, and which image comes next."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from core.domain.annotation import Annotation, Boxes, ClassLabel
from core.domain.dataset import Finding, Image
from core.domain.labels import LabelState, state_of

_BROKEN = {"missing_file", "unreadable_file"}  # kinds of findings
OPEN = (LabelState.TO_DO, LabelState.IN_PROGRESS)


class LabelIndex:
    """Places are positions in ``images``, which others may replace one by one; then ``update`` must be told."""

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

    def take_findings(self, findings: Iterable[Finding]) -> set[str]:
        """Files that are gone or cannot be read are problems before anybody comes to them: hashes of these."""
        paths = {path for one in findings if one.kind in _BROKEN for path in one.images}
        broken = {image.hash for image in self.images if image.path in paths} if paths else set()
        self.problems |= broken
        return broken

    def first_open(self) -> int:
        """Where to begin: the first image that nobody finished, else the first."""
        return next((place for place, state in enumerate(self.states) if state in OPEN), 0)

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


class Walk:
    """The images that the strip shows, and where in it the user is.

    ``order`` holds places; it was made when the filter was chosen, so that no picture vanishes while it is finished.
    """

    def __init__(self, index: LabelIndex) -> None:
        self.index = index
        self.filter: LabelState | None = None
        self.place = -1  # on the canvas; -1: none
        self.order: list[int] = []
        self._positions: dict[int, int] = {}  # place -> position in ``order``
        self.choose(None)

    def choose(self, state: LabelState | None) -> None:
        """Only images of one state, as they are now; ``None``: all."""
        self.filter = state
        self.order = self.index.places(state)
        self._positions = {place: position for position, place in enumerate(self.order)}

    @property
    def position(self) -> int:
        return self.position_of(self.place)

    @property
    def images(self) -> list[Image]:
        """Those of ``order``."""
        return [self.index.images[place] for place in self.order]

    def position_of(self, place: int) -> int:
        """Where in the strip; -1 where the filter leaves it out."""
        return self._positions.get(place, -1)

    def beside(self, step: int) -> int | None:
        """The place so many steps on in the strip."""
        position = self.position + step
        return self.order[position] if 0 <= position < len(self.order) else None

    def next_to_do(self) -> int | None:
        """The next that waits for somebody: in the strip's order; with no filter round the end."""
        if self.filter is None:
            return self.index.next_to_do(self.place)
        wanted = (*OPEN, LabelState.PROPOSED)
        return next((place for place in self.order[self.position + 1 :] if self.index.states[place] in wanted), None)

    def soon(self, ahead: int) -> list[int]:
        """Places that may be wanted next, the likeliest first."""
        near = [self.beside(step) for distance in range(1, ahead + 1) for step in (distance, -distance)]
        return list(dict.fromkeys(place for place in (self.next_to_do(), *near) if place is not None))
