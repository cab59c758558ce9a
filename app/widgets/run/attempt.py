"""One round of trying: which file looks at which pictures, and what it has said so far."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.progress import Progress

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.trying import Tried, Unread
    from core.inference.onnx_model import OnnxModel

MOST = 1000  # pictures at once; for whole archives there is the command line


class Attempt:
    """The thread adds to ``results``; what is there already may be read at any time."""

    def __init__(self, model: Path, paths: Sequence[Path]) -> None:
        self.model, self.paths = model, paths
        self.opened: OnnxModel | None = None
        self.results: list[Tried | Unread] = []
        self.left_out = 0  # pictures beyond ``MOST``

    def carry_out(self, kept: "dict[tuple[Path, int], OnnxModel]", progress: Progress) -> None:
        """In a thread, one at a time; ``kept`` holds the model that was opened last, by path and time."""
        from core.actions import predicting, trying
        from core.inference.onnx_model import OnnxModel

        progress(0, 0, "Opening the model")
        key = (self.model, _changed_at(self.model))
        if key not in kept:
            opened = OnnxModel.open(self.model)
            kept.clear()
            kept[key] = opened
        self.opened = kept[key]
        if not self.paths:
            return
        progress(0, 0, "Looking for pictures")
        found = predicting.picture_paths(self.paths)
        self.left_out = max(0, len(found) - MOST)
        for result in trying.try_pictures(self.opened, found[:MOST], progress):
            self.results.append(result)


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # opening it will say what is wrong
