"""Where label files of a mirror may lie, how they are called, and what is kept of one that is written over."""

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from core.data.formats.listing import is_image
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.store.files import write_atomic
from core.store.mirror_record import MirrorRecord
from core.store.project_store import ProjectStore

_ENOUGH = 20_000  # names of files that are looked at before a folder counts as one without pictures


def check_folder(store: ProjectStore, folder: Path, images: Iterable[Image]) -> None:
    """Raise ``LensmithError`` where label files would lie beside pictures, or inside the project itself."""
    if folder == store.path or store.path in folder.parents:
        raise LensmithError(f"“{folder}” belongs to the project itself.", "Choose a folder outside of the project.")
    inside = f"{folder}{os.sep}"
    picture = next((image.path for image in images if image.path.startswith(inside)), None) or _picture_in(folder)
    if picture is not None:
        raise LensmithError(
            f"“{folder}” holds pictures, such as “{picture}”, and nothing is ever written beside those.",
            "Choose an empty folder for the label files.",
        )


def _picture_in(folder: Path) -> str | None:
    seen = 0
    for place, _, names in os.walk(folder):
        found = next((name for name in names if is_image(name)), None)
        if found is not None:
            return str(Path(place) / found)
        seen += len(names)
        if seen > _ENOUGH:
            return None
    return None


class Places:
    """Label files are called like their pictures, those of one folder in one folder. A name once given stays."""

    def __init__(self, record: MirrorRecord, suffix: str) -> None:
        self._record, self._suffix = record, suffix
        self._taken = {_key(name) for name in record.files.values()}

    def of(self, image: Image) -> str:
        known = self._record.files.get(image.hash)
        if known is not None:
            return known
        path = PurePath(image.path)
        folder = self._folder_of(path.parent)
        stem = f"{folder}/{path.stem}" if folder else path.stem
        name, number = stem + self._suffix, 2
        while _key(name) in self._taken:
            name, number = f"{stem}_{number}{self._suffix}", number + 1
        self._taken.add(_key(name))
        self._record.files[image.hash] = name
        return name

    def _folder_of(self, pictures: PurePath) -> str:
        """The first folder of pictures has its label files right in the folder; others get one of their name."""
        places = self._record.places
        if str(pictures) not in places:
            base, number = pictures.name or "pictures", 2
            name = base
            while _key(name) in map(_key, places.values()):
                name, number = f"{base}_{number}", number + 1
            places[str(pictures)] = name if places else ""
        return places[str(pictures)]


def _key(name: str) -> str:
    """Equal for names that differ in case or Unicode form alone, which some systems take for one."""
    return unicodedata.normalize("NFC", name).casefold()


def keep_old(path: Path) -> Path:
    """A copy of a file beside it, ``….bak``, that no other copy gives way for."""
    target, number = path.with_name(f"{path.name}.bak"), 2
    while target.exists():
        target, number = path.with_name(f"{path.name}.bak{number}"), number + 1
    write_atomic(target, path.read_bytes())
    return target
