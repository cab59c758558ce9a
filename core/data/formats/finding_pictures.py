"""From a picture's name in a label file to the picture."""

import os
from collections.abc import Collection, Sequence

from core.data.formats.listing import split_of, split_of_name
from core.domain.task import Split


class PictureIndex:
    """Finds the pictures below a folder by the names that label files use."""

    def __init__(self, root: str, paths: Sequence[str]) -> None:
        self.root = root
        self.known = frozenset(paths)
        self._by_name: dict[str, list[str]] = {}
        for path in paths:
            self._by_name.setdefault(path.rpartition(os.sep)[2], []).append(path)

    def find(self, name: str, folder: str, split: Split | None = None) -> str | None:
        """The absolute path of the picture that a label file in ``folder`` calls ``name``, or ``None``.

        Tried in this order: the path as it stands, from ``folder`` or the root; then the picture below the root
        whose path ends like ``name``; several of those are told apart by ``split``. Never a guess among equals.
        """
        name = name.replace("\\", "/") if "\\" in name and name not in self.known else name
        for base in (folder, self.root):
            path = os.path.normpath(os.path.join(base, name))
            if path in self.known:
                return path
        if os.path.isabs(name) and os.path.isfile(name):
            return os.path.normpath(name)
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        candidates = self._by_name.get(parts[-1], []) if parts else []
        for length in range(len(parts), 0, -1):
            tail = os.sep + os.sep.join(parts[-length:])
            fitting = [path for path in candidates if path.endswith(tail)]
            if len(fitting) > 1 and split is not None:
                fitting = [path for path in fitting if self._split_meant(path) == split]
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
        return None

    def _split_meant(self, path: str) -> Split | None:
        """The split of a folder's name, or of a word in it, as in ``val2017``."""
        parts = os.path.relpath(path, self.root).split(os.sep)[:-1]
        found = (split_of(part) or split_of_name(part) for part in reversed(parts))
        return next((split for split in found if split), None)

    def others(self, used: Collection[str], *, beside_only: bool) -> list[str]:
        """Pictures that are not among ``used``, sorted; with ``beside_only`` those in the folders of used ones."""
        folders = {path.rpartition(os.sep)[0] for path in used}
        rest = self.known.difference(used)
        return sorted(path for path in rest if not beside_only or path.rpartition(os.sep)[0] in folders)
