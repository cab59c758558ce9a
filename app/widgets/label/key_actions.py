"""What the keys of the Label page do on the canvas, and which of them repeat while they are held."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QKeyEvent

from app.keys import Keys, key_of
from app.widgets.label.picture_stage import PictureStage
from core.domain.dataset import ImageClass

_NUDGES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
REPEATED = {"next", "previous", "zoom_in", "zoom_out", "undo", "redo", "select_next"} | {
    f"nudge_{way}{far}" for way in _NUDGES for far in ("", "_far")
}
IN_GRID = {"nothing_here", "grid", "undo", "redo", "delete", "panels"}


def canvas_actions(stage: PictureStage) -> dict[str, Callable[[], object]]:
    """Those that need nothing but the canvas, by the names of ``app.keys``."""
    canvas = stage.canvas
    return {
        "duplicate": canvas.duplicate_selected,
        "copy": canvas.copy_selected,
        "paste": canvas.paste,
        "select_all": canvas.select_all,
        "select_next": canvas.select_next,
        "cancel": canvas.cancel,
        "fit": canvas.fit,
        "actual_size": partial(canvas.set_scale, 1.0),
        "zoom_in": partial(canvas.zoom, 1),
        "zoom_out": partial(canvas.zoom, -1),
        "zoom_to_box": canvas.zoom_to_selected,
        **{name: partial(stage.switch, name) for name in ("guides", "boxes", "names")},
        **{f"nudge_{way}": partial(canvas.nudge, *step) for way, step in _NUDGES.items()},
        **{f"nudge_{way}_far": partial(canvas.nudge, 10 * x, 10 * y) for way, (x, y) in _NUDGES.items()},
    }


def class_of(event: QKeyEvent, name: str, classes: tuple[ImageClass, ...]) -> ImageClass | None:
    """The class that a key stands for: by its place, or by a letter of its own."""
    if name.startswith("class_"):
        return next(iter(classes[int(name.removeprefix("class_")) - 1 :]), None)
    key = "" if name else key_of(event)
    return next((one for one in classes if key and one.shortcut == key), None)


def action_of(keys: Keys, event: QKeyEvent, *, selected: bool, in_grid: bool) -> str:
    """What a key means now; many of them mean nothing while many pictures are shown."""
    name = keys.action_of(event, selected=selected and not in_grid)
    return name if not in_grid or name in IN_GRID or name.startswith("class_") else ""
