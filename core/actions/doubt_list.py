"""The doubts that a search left: kept in the cache, and shown as far as nobody has answered them."""

from msgspec.structs import replace

from core.domain.errors import LensmithError
from core.labelling.doubts import DoubtReport, standing
from core.store.codec import read_json, write_json
from core.store.labels import read_labels
from core.store.project_store import ProjectStore

FILE = "doubts.json"  # in the cache folder


def keep_doubts(store: ProjectStore, report: DoubtReport) -> DoubtReport:
    """Write the list in place of an earlier one; returns what of it nobody has answered already."""
    write_json(store.cache_dir / FILE, report)
    return _still_standing(store, report)


def standing_doubts(store: ProjectStore) -> DoubtReport | None:
    """The doubts of the last search that nobody has answered since; ``None`` before the first search."""
    path = store.cache_dir / FILE
    if not path.exists():
        return None
    try:
        report = read_json(path, DoubtReport)
    except LensmithError:  # the cache may be thrown away at any time, so also when it cannot be read
        return None
    return _still_standing(store, report)


def _still_standing(store: ProjectStore, report: DoubtReport) -> DoubtReport:
    known = {hash_ for _, hash_ in store.files()}
    asked = [one for one in report.images if one.hash in known]
    labels = read_labels(store, [one.hash for one in asked])
    left = (standing(one, labels[one.hash]) for one in asked)
    return replace(report, images=tuple(one for one in left if one is not None))
