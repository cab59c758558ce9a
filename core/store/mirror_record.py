"""What a project knows about the folder of label files that mirrors it: ``mirror.json``, and what changed since."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from core.domain.dataset import Image
from core.store import journal
from core.store.codec import read_json, write_json
from core.store.picture_paths import PicturePaths
from core.store.project_store import ProjectStore

MIRROR = "mirror.json"


class MirrorRecord(Struct, kw_only=True):
    """Files are named relative to ``folder``, with forward slashes; digests are of their bytes.

    ``pending`` is on the disk before the files are: whatever of it a killed program wrote is known as its own.
    """

    schema_version: int = 1
    folder: str  # absolute
    format: str  # "yolo" or "voc"
    edit: int = 0  # the last entry of the diary that the files show
    places: dict[str, str] = {}  # folder of pictures (absolute) -> folder of their label files
    files: dict[str, str] = {}  # image hash -> label file
    written: dict[str, str] = {}  # label file or list of classes -> digest of what was written last
    pending: dict[str, str] = {}


def read_record(project: Path) -> MirrorRecord | None:
    """``None`` where no folder mirrors the project."""
    path = project / MIRROR
    return read_json(path, MirrorRecord) if path.exists() else None


def write_record(project: Path, record: MirrorRecord | None) -> None:
    """``None``: no folder mirrors the project any more."""
    if record is None:
        (project / MIRROR).unlink(missing_ok=True)
    else:
        write_json(project / MIRROR, record)


def changed_since(store: ProjectStore, edit: int) -> tuple[int, list[str]]:
    """The newest entry of the diary, and the images that were changed after ``edit``, by undoing and redoing too."""
    with store.reading() as db:
        (newest,) = db.execute("SELECT coalesce(max(id), 0) FROM edits").fetchone()
        images = "SELECT DISTINCT hash FROM edit_images JOIN images ON images.id = image WHERE edit > ?"
        return int(newest), [hash_ for (hash_,) in db.execute(images, (edit,))]


def read_some(store: ProjectStore, hashes: Iterable[str]) -> list[Image]:
    """A few images, without reading all of them; those that no file is known of are left out."""
    paths = PicturePaths(store.path)
    found = []
    query = "SELECT id, width, height, (SELECT min(path) FROM files WHERE image = id) FROM images WHERE hash = ?"
    with store.reading() as db:
        for hash_ in hashes:
            row = db.execute(query, (hash_,)).fetchone()
            if row is None or row[3] is None:
                continue
            id_, width, height, path = row
            labels = journal.read(db, id_)
            found.append(
                Image(
                    hash=hash_,
                    path=paths.absolute(path),
                    width=width,
                    height=height,
                    annotation=labels.annotation,
                    done=labels.done,
                    proposals=len(labels.proposals),
                )
            )
    return found
