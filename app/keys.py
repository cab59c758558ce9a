"""Keys of the Label page: one table of actions, presets of other tools, and what the user changed."""

import json

from msgspec import Struct
from PySide6.QtCore import QCoreApplication, QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from app.settings import Settings
from core.domain.errors import LensmithError

PRESETS = ("lensmith", "labelimg", "cvat")
_PRESET, _CHANGED = "label/preset", "label/keys"
DIGITS = 10


class Action(Struct, frozen=True):
    """``selected``: these keys work only while a box is selected, and then before others."""

    name: str
    group: str  # "pictures", "boxes", "view", "classes"
    keys: tuple[str, ...]
    selected: bool = False


ACTIONS = (
    Action("next", "pictures", ("D", "Right")),
    Action("previous", "pictures", ("A", "Left")),
    Action("next_to_do", "pictures", ("Return", "Space")),
    Action("nothing_here", "pictures", ("N",)),
    Action("toggle_done", "pictures", ("Ctrl+Return",)),
    Action("track", "pictures", ("X",)),
    Action("first", "pictures", ("Home",)),
    Action("last", "pictures", ("End",)),
    Action("grid", "pictures", ("T",)),
    Action("history", "pictures", ("Ctrl+H",)),
    Action("undo", "pictures", ("Ctrl+Z",)),
    Action("redo", "pictures", ("Ctrl+Shift+Z",)),
    Action("delete", "boxes", ("Del", "Backspace")),
    Action("duplicate", "boxes", ("Ctrl+D",)),
    Action("copy", "boxes", ("Ctrl+C",)),
    Action("paste", "boxes", ("Ctrl+V",)),
    Action("paste_previous", "boxes", ("V",)),
    Action("select_all", "boxes", ("Ctrl+A",)),
    Action("select_next", "boxes", ("E",)),
    Action("change_class", "boxes", ("C",)),
    Action("cancel", "boxes", ("Esc",)),
    Action("nudge_left", "boxes", ("Left",), selected=True),
    Action("nudge_right", "boxes", ("Right",), selected=True),
    Action("nudge_up", "boxes", ("Up",), selected=True),
    Action("nudge_down", "boxes", ("Down",), selected=True),
    Action("nudge_left_far", "boxes", ("Shift+Left",), selected=True),
    Action("nudge_right_far", "boxes", ("Shift+Right",), selected=True),
    Action("nudge_up_far", "boxes", ("Shift+Up",), selected=True),
    Action("nudge_down_far", "boxes", ("Shift+Down",), selected=True),
    Action("fit", "view", ("F",)),
    Action("actual_size", "view", ("Shift+F",)),
    Action("zoom_in", "view", ("+", "=")),
    Action("zoom_out", "view", ("-",)),
    Action("zoom_to_box", "view", ("Z",)),
    Action("guides", "view", ("G",)),
    Action("boxes", "view", ("B",)),
    Action("names", "view", ("H",)),
    Action("panels", "view", ("\\",)),
    *(Action(f"class_{n}", "classes", (str(n % 10),)) for n in range(1, DIGITS + 1)),
)
BY_NAME = {action.name: action for action in ACTIONS}
GROUPS = ("pictures", "boxes", "view", "classes")

# What differs from our own keys.
_OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "lensmith": {},
    "labelimg": {
        "next_to_do": ("Return",),
        "toggle_done": ("Space",),
        "paste": ("Ctrl+Shift+V",),
        "paste_previous": ("Ctrl+V",),
        "change_class": ("Ctrl+E",),
        "zoom_in": ("Ctrl++", "Ctrl+="),
        "zoom_out": ("Ctrl+-",),
        "fit": ("Ctrl+F",),
        "actual_size": ("Ctrl+0",),
        "boxes": ("Ctrl+H",),
        "names": ("Ctrl+Shift+P",),
        "history": ("Ctrl+Shift+H",),
    },
    "cvat": {
        "next": ("F", "Right"),
        "previous": ("D", "Left"),
        "next_to_do": ("Return", "Space", "V"),
        "paste_previous": ("Ctrl+B",),
        "select_next": ("J",),
        "boxes": ("H",),
        "names": ("Shift+H",),
        "fit": ("0",),
        "class_10": (),
    },
}


def preset_keys(preset: str) -> dict[str, tuple[str, ...]]:
    """Action -> its keys in ``preset``."""
    return {action.name: action.keys for action in ACTIONS} | _OTHERS[preset]


class Keys(QObject):
    """What each key does now. A key has one meaning, and one more while a box is selected."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        stored = settings.text(_PRESET, PRESETS[0])
        self.preset = stored if stored in PRESETS else PRESETS[0]
        self._keys = preset_keys(self.preset) | _read(settings.text(_CHANGED))
        self._index()

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of an action, as ``QKeySequence`` writes them on every system."""
        return self._keys[name]

    def shown(self, name: str) -> str:
        """The first of them as the user knows it, or nothing."""
        keys = self._keys[name]
        return native(keys[0]) if keys else ""

    @property
    def are_changed(self) -> bool:
        return self._keys != preset_keys(self.preset)

    def action_of(self, event: QKeyEvent, *, selected: bool) -> str:
        """What a key that was pressed means, or nothing."""
        for key in _spellings(event):
            found = self._when_selected.get(key, "") if selected else ""
            found = found or self._always.get(key, "")
            if found:
                return found
        return ""

    def holder(self, key: str, *, selected: bool = False) -> str:
        """The action that has ``key`` now, or nothing."""
        return (self._when_selected if selected else self._always).get(key, "")

    def set_keys(self, name: str, keys: tuple[str, ...]) -> None:
        """Give an action these keys. Raises ``LensmithError`` where another has one of them."""
        for key in keys:
            holder = self.holder(key, selected=BY_NAME[name].selected)
            if holder not in ("", name):
                raise LensmithError(
                    _tr("{0} is the key of “{1}” already.").format(native(key), title_of(holder)),
                    _tr("Press another key, or give that one another key first."),
                )
            if key in RESERVED:
                raise LensmithError(
                    _tr("{} belongs to the window's menus.").format(native(key)), _tr("Press another key.")
                )
        self._keys[name] = keys
        self._keep()

    def set_preset(self, preset: str) -> None:
        """The keys of another tool; what was changed before is forgotten."""
        self.preset, self._keys = preset, preset_keys(preset)
        self._keep()

    def _keep(self) -> None:
        usual = preset_keys(self.preset)
        changed = {name: keys for name, keys in self._keys.items() if keys != usual[name]}
        self._settings.set_text(_PRESET, self.preset)
        self._settings.set_text(_CHANGED, json.dumps(changed) if changed else "")
        self._index()
        self.changed.emit()

    def _index(self) -> None:
        self._always: dict[str, str] = {}
        self._when_selected: dict[str, str] = {}
        for action in ACTIONS:
            where = self._when_selected if action.selected else self._always
            for key in self._keys[action.name]:
                where.setdefault(key, action.name)


def keys_of(settings: Settings) -> Keys:
    """The one table that the page, its sheet and the menus share."""
    return settings.findChild(Keys) or Keys(settings, settings)


def _read(text: str) -> dict[str, tuple[str, ...]]:
    """What the user changed; what is not understood is as if it had not been changed."""
    try:
        stored = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    if not isinstance(stored, dict):
        return {}
    return {
        name: tuple(key for key in keys if isinstance(key, str))
        for name, keys in stored.items()
        if name in BY_NAME and isinstance(keys, list)
    }


RESERVED = frozenset(
    {"?", "F1", "F11", "Ctrl+N", "Ctrl+O", "Ctrl+I", "Ctrl+W", "Ctrl+Q", "Ctrl+,", "Ctrl+/", "Ctrl+Shift+A", "Tab"}
    | {"Ctrl+Shift+I", "Shift+Tab", *(f"Ctrl+{n}" for n in range(1, 6))}
)
_MODIFIERS_ALONE = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}


def key_of(event: QKeyEvent) -> str:
    """The key that was pressed, as ``QKeySequence`` writes it; nothing for Shift and its like alone."""
    return next(iter(_spellings(event)), "")


def native(key: str) -> str:
    """``key`` as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _spellings(event: QKeyEvent) -> list[str]:
    """With and without Shift where Shift is only the way to the sign, as for digits on French and Czech keyboards."""
    key = Qt.Key(event.key())
    if key in _MODIFIERS_ALONE or key == Qt.Key.Key_unknown:
        return []
    if key == Qt.Key.Key_Enter:  # that of the number pad
        key = Qt.Key.Key_Return
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    found = [modifiers]
    is_sign = 0x20 < key.value < 0x7F and not Qt.Key.Key_A <= key <= Qt.Key.Key_Z
    if is_sign and modifiers & Qt.KeyboardModifier.ShiftModifier:
        found.insert(0, modifiers & ~Qt.KeyboardModifier.ShiftModifier)
    return [QKeySequence(QKeyCombination(one, key)).toString() for one in found]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Keys", text)


def title_of(name: str) -> str:
    """What an action does, in a few words."""
    if name.startswith("class_"):
        return _tr("Class {}").format(name.removeprefix("class_"))
    titles = {
        "next": _tr("Next picture"),
        "previous": _tr("Previous picture"),
        "next_to_do": _tr("Accept all, then next to do"),
        "nothing_here": _tr("Nothing here"),
        "toggle_done": _tr("Done, or not yet"),
        "track": _tr("Carry the boxes on to the next picture"),
        "first": _tr("First picture"),
        "last": _tr("Last picture"),
        "grid": _tr("Many at once"),
        "history": _tr("History of the picture"),
        "undo": _tr("Undo"),
        "redo": _tr("Redo"),
        "delete": _tr("Delete or refuse"),
        "duplicate": _tr("Duplicate"),
        "copy": _tr("Copy"),
        "paste": _tr("Paste"),
        "paste_previous": _tr("Paste the previous picture's boxes"),
        "select_all": _tr("Select all"),
        "select_next": _tr("Select the next box"),
        "change_class": _tr("Choose the class from a list"),
        "cancel": _tr("Cancel, then select nothing"),
        "nudge_left": _tr("Nudge left"),
        "nudge_right": _tr("Nudge right"),
        "nudge_up": _tr("Nudge up"),
        "nudge_down": _tr("Nudge down"),
        "nudge_left_far": _tr("10 pixels left"),
        "nudge_right_far": _tr("10 pixels right"),
        "nudge_up_far": _tr("10 pixels up"),
        "nudge_down_far": _tr("10 pixels down"),
        "fit": _tr("Fit the picture"),
        "actual_size": _tr("One to one"),
        "zoom_in": _tr("Larger"),
        "zoom_out": _tr("Smaller"),
        "zoom_to_box": _tr("Zoom to the box"),
        "guides": _tr("Guides"),
        "boxes": _tr("Boxes on or off"),
        "names": _tr("Names on or off"),
        "panels": _tr("Panels on or off"),
    }
    return titles[name]
