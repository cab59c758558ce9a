"""What the diary says an edit did, as a sentence in the user's language."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from PySide6.QtCore import QCoreApplication

_CONTEXT = "EditWords"


def sentence(verb: str, detail: Sequence[str] = ()) -> str:
    """``verb`` and ``detail`` as ``core.store.journal.Edit`` has them; a verb of a later version is shown as it is."""
    made = _SENTENCES.get(verb)
    if made is None:
        return verb.replace("_", " ")
    return made(tuple(detail))


Detail: TypeAlias = tuple[str, ...]


def _tr(text: str, count: int = -1) -> str:
    return QCoreApplication.translate(_CONTEXT, text, "", count)


def _one(detail: Detail) -> str:
    return detail[0] if detail else "?"


def _count(detail: Detail) -> int:
    return int(detail[0]) if detail and detail[0].isdigit() else 1


def _pair(detail: Detail) -> tuple[str, str]:
    return (detail[0], detail[1]) if len(detail) > 1 else (_one(detail), "?")


def _names(detail: Detail) -> str:
    return ", ".join(dict.fromkeys(detail)) or "?"


def _delete(detail: Detail) -> str:
    return _tr("Delete %n box(es): {}", max(1, len(detail))).format(_names(detail))


def _class_key(detail: Detail) -> str:
    name, key = _pair(detail)
    return _tr("Key {0} for {1}").format(key, name) if key else _tr("No key for {}").format(name)


def _merge(detail: Detail) -> str:
    return _tr("Merge {0} into {1}").format(_names(detail[1:]), _one(detail))


def _propose(detail: Detail) -> str:
    source, count = (detail[0], _count(detail[1:])) if detail else ("?", 1)
    return _tr("%n proposal(s) by {}", count).format(source)


def _merge_project(detail: Detail) -> str:
    name, count = (detail[0], _count(detail[1:])) if detail else ("?", 1)
    return _tr("Labels of %n picture(s) from {}", count).format(name)


_SENTENCES: dict[str, Callable[[Detail], str]] = {
    "draw": lambda detail: _tr("Draw a box of {}").format(_one(detail)),
    "move": lambda detail: _tr("Move a box of {}").format(_names(detail)),
    "resize": lambda detail: _tr("Resize a box of {}").format(_names(detail)),
    "nudge": lambda detail: _tr("Nudge a box of {}").format(_names(detail)),
    "change_class": lambda detail: _tr("Change {0} to {1}").format(*_pair(detail)),
    "delete": _delete,
    "duplicate": lambda detail: _tr("Duplicate %n box(es)", _count(detail)),
    "paste": lambda detail: _tr("Paste %n box(es)", _count(detail)),
    "paste_previous": lambda detail: _tr("Paste %n box(es) of the previous picture", _count(detail)),
    "label": lambda detail: _tr("Label as {}").format(_one(detail)),
    "unlabel": lambda detail: _tr("Take the label away"),
    "background": lambda detail: _tr("Nothing here"),
    "done": lambda detail: _tr("Picture done"),
    "reopen": lambda detail: _tr("Picture not done yet"),
    "accept": lambda detail: _tr("Accept %n proposal(s)", _count(detail)),
    "accept_all": lambda detail: _tr("Accept all %n proposal(s)", _count(detail)),
    "refuse": lambda detail: _tr("Refuse %n proposal(s)", _count(detail)),
    "propose": _propose,
    "contours": lambda detail: _tr("%n box(es) from contours", _count(detail)),
    "track": lambda detail: _tr("%n box(es) carried on from the previous picture", _count(detail)),
    "confirm": lambda detail: _tr("Confirm the label"),
    "restore": lambda detail: _tr("Restore an earlier state"),
    "import": lambda detail: _tr("Import"),
    "add_class": lambda detail: _tr("Add the class {}").format(_one(detail)),
    "rename_class": lambda detail: _tr("Rename {0} to {1}").format(*_pair(detail)),
    "recolour_class": lambda detail: _tr("Another colour for {}").format(_one(detail)),
    "class_key": _class_key,
    "reorder_classes": lambda detail: _tr("Another order of classes"),
    "merge_classes": _merge,
    "remove_class": lambda detail: _tr("Remove the class {}").format(_one(detail)),
    "merge_project": _merge_project,
}
VERBS = frozenset(_SENTENCES)
