"""Small pictures for the window, made in the background and kept in memory as long as there is room."""

import os
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QImage

from app.latest_first import LatestFirst
from core.domain.dataset import Image
from core.domain.errors import LensmithError

THREADS = 2 if (os.cpu_count() or 1) > 2 else 1  # one core is left to the window, or scrolling stutters
MEMORY = 64 * 2**20  # bytes; all cells of a 4K screen take half of it


@dataclass(frozen=True)
class _Wanted:
    """One picture in one size (pixels of the screen); the same one whatever is known of its labels."""

    hash: str
    width: int
    height: int
    image: Image = field(compare=False)


class Thumbnails(QObject):
    """Small pictures by image. To be closed; ``cache_dir`` of the project, or ``None`` to keep nothing on disk."""

    ready = Signal(str)  # hash of an image whose thumbnail, or whose failure, is known now
    _made = Signal(object, object)  # _Wanted; QImage or LensmithError

    def __init__(self, cache_dir: Path | None, parent: QObject | None = None, memory: int = MEMORY) -> None:
        super().__init__(parent)
        self._cache_dir = cache_dir
        self._room = memory
        self._kept: OrderedDict[_Wanted, QImage] = OrderedDict()
        self._bytes = 0
        self._newest: dict[str, _Wanted] = {}  # by hash: something to show until the right size is there
        self._failures: dict[str, LensmithError] = {}
        self._workers = LatestFirst("thumbnails", self._make, THREADS)
        self._made.connect(self._keep)

    def get(self, image: Image, size: QSize) -> QImage | None:
        """The picture as large as it fits into ``size`` (pixels of the screen), ratio kept.

        ``None`` while it is being made (``ready`` tells) or when it cannot be (``failure`` tells why).
        """
        found, exact = self.find(image, size)
        if not exact:
            self.ask((image.hash, size.width(), size.height()), [image], size)
        return found

    def find(self, image: Image, size: QSize) -> tuple[QImage | None, bool]:
        """What is in memory, and whether nothing better can be had by asking. Asks for nothing."""
        wanted = _Wanted(image.hash, size.width(), size.height(), image)
        found = self._kept.get(wanted)
        if found is not None:
            self._kept.move_to_end(wanted)
            return found, True
        stale = self._newest.get(image.hash)
        return None if stale is None else self._kept[stale], image.hash in self._failures

    def ask(self, asker: Hashable, images: Iterable[Image], size: QSize) -> None:
        """Make these, the first one first, instead of what ``asker`` still waits for."""
        width, height = size.width(), size.height()
        if width > 0 and height > 0:
            self._workers.ask(asker, [_Wanted(image.hash, width, height, image) for image in images])

    def failure(self, image: Image) -> LensmithError | None:
        """Why there is no picture of ``image``."""
        return self._failures.get(image.hash)

    def retry(self) -> None:
        """Forget failures: a disk may have come back."""
        self._failures.clear()

    def close(self) -> None:
        """End the threads; nothing is made any more. May be called twice."""
        self._workers.close()

    def _make(self, wanted: _Wanted) -> None:
        """In a thread."""
        from core.actions.thumbnails import thumbnail  # OpenCV, which the window's start does not wait for

        made: QImage | LensmithError
        try:
            pixels = thumbnail(self._cache_dir, wanted.image, wanted.width, wanted.height)
            height, width = pixels.shape[:2]
            made = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
        except LensmithError as error:
            made = error
        except Exception as error:  # whatever a damaged file makes a decoder do, the gallery goes on
            made = LensmithError(f"{wanted.image.path} cannot be shown ({type(error).__name__}: {error}).")
        if not self._workers.closed:
            self._made.emit(wanted, made)

    @Slot(object, object)
    def _keep(self, wanted: _Wanted, made: QImage | LensmithError) -> None:
        name = wanted.hash
        if isinstance(made, LensmithError):
            self._failures[name] = made
        else:
            self._drop(wanted)
            self._kept[wanted] = made
            self._newest[name] = wanted
            self._bytes += made.sizeInBytes()
            while self._bytes > self._room and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))
        self.ready.emit(name)

    def _drop(self, wanted: _Wanted) -> None:
        image = self._kept.pop(wanted, None)
        if image is None:
            return
        self._bytes -= image.sizeInBytes()
        if self._newest.get(wanted.hash) == wanted:
            del self._newest[wanted.hash]
