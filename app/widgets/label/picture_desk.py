"""Pictures for the canvas: decoded in the background, the neighbours before anybody asks for them."""

from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from app.latest_first import LatestFirst
from app.widgets.gallery.levels import Levels, read_levels
from core.domain.dataset import Image
from core.domain.errors import LensmithError

MEMORY = 400 * 2**20  # bytes; five pictures of 12 megapixels with their halved copies take 240 MB
LARGE = 150 * 2**20  # one that takes more than this is decoded only when it is its turn


class PictureDesk(QObject):
    """``want`` what is shown now and what may be shown next; ``ready`` tells of each."""

    ready = Signal(str)  # hash of an image whose picture, or whose failure, is known now
    _made = Signal(str, object)  # hash; Levels or LensmithError

    def __init__(self, parent: QObject | None = None, memory: int = MEMORY) -> None:
        super().__init__(parent)
        self._room = memory
        self._kept: OrderedDict[str, Levels] = OrderedDict()
        self._wanted: set[str] = set()
        self.failures: dict[str, LensmithError] = {}
        self._reader: LatestFirst[tuple[str, str]] = LatestFirst("canvas", self._read)
        self._made.connect(self._keep)
        reader = self._reader  # it must be closed when this object is gone already
        self.destroyed.connect(lambda: reader.close())

    def find(self, image: Image) -> Levels | LensmithError | None:
        """``None`` while it is being made."""
        found = self._kept.get(image.hash)
        if found is not None:
            self._kept.move_to_end(image.hash)
            return found
        return self.failures.get(image.hash)

    def want(self, now: Image, neighbours: Sequence[Image]) -> None:
        """Decode ``now``, then ``neighbours`` in their order, in place of what was wanted before."""
        self.failures.pop(now.hash, None)  # a disk may have come back
        self._wanted = {now.hash, *(image.hash for image in neighbours)}
        near = [image for image in neighbours if _bytes(image) < LARGE]
        self._reader.ask(self, [(image.hash, image.path) for image in (now, *near) if image.hash not in self._kept])

    def _read(self, wanted: tuple[str, str]) -> None:
        """In a thread."""
        image_hash, path = wanted
        found = read_levels(path)
        if not self._reader.closed:
            self._made.emit(image_hash, found)

    @Slot(str, object)
    def _keep(self, image_hash: str, found: Levels | LensmithError) -> None:
        if isinstance(found, LensmithError):
            self.failures[image_hash] = found
        else:
            self.failures.pop(image_hash, None)
            self._kept[image_hash] = found
            self._make_room(image_hash)
        self.ready.emit(image_hash)

    def _make_room(self, newest: str) -> None:
        """Let go of what nobody waits for, oldest first, then of neighbours; never of the newest."""
        total = sum(levels.bytes for levels in self._kept.values())
        for spared in (self._wanted | {newest}, {newest}):
            for image_hash in [one for one in self._kept if one not in spared]:
                if total <= self._room:
                    return
                total -= self._kept.pop(image_hash).bytes


def _bytes(image: Image) -> int:
    return image.width * image.height * 4
