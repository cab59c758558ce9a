"""A language that nobody speaks: accented and 40 % longer, so that a text that stays plain was never translated."""

import re
from collections.abc import Iterator

from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QHeaderView, QLabel, QMenu, QScrollArea, QWidget

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTED = "àƀçđéƒĝĥíĵķłɱñöþɋŕšŧùʋŵẋýžÀƁÇĐÉƑĜĤÍĴĶŁṀÑÖÞɊŔŠŦÙƲŴẊÝŽ"
_TABLE = str.maketrans(_PLAIN, _ACCENTED)
_KEPT = re.compile(r"(\{[^}]*\}|%n|%\d|&)")
_WORD = re.compile(r"[A-Za-z]{3,}")
LONGER = 0.4


def pseudo(text: str) -> str:
    """``Import a folder`` -> ``Ímþöŕŧ à ƒöłđéŕ ······``; what is filled in later stays as it is."""
    parts = _KEPT.split(text)
    accented = "".join(part if _KEPT.fullmatch(part) else part.translate(_TABLE) for part in parts)
    padding = round(len(_KEPT.sub("", text)) * LONGER)
    # Words, not one long tail: real languages can be wrapped too.
    return accented + "".join(" " if place % 8 == 0 else "ö" for place in range(padding))


class PseudoTranslator(QTranslator):
    def isEmpty(self) -> bool:  # noqa: N802 (Qt's name)
        return False

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        return pseudo(source)


def untranslated(root: QWidget) -> list[str]:
    """Texts shown below ``root`` that never went through ``tr()``; labels of user data say so with ``data``."""
    return [
        f"{_place(widget)}: {text}"
        for widget, text in _texts(root)
        if _WORD.search(text) and not any(letter in _ACCENTED for letter in text)
    ]


def clipped(root: QWidget) -> list[str]:
    """Texts shown below ``root`` that have less room than they need."""
    return [f"{_place(widget)}: {text}" for widget, text in _texts(root) if text and not _fits(widget)]


def _texts(root: QWidget) -> Iterator[tuple[QWidget, str]]:
    for widget in [root, *root.findChildren(QWidget)]:
        if not widget.isVisible() or widget.property("data"):
            continue
        if isinstance(widget, QLabel) or (isinstance(widget, QAbstractButton) and widget.text()):
            yield widget, widget.text()
        elif isinstance(widget, QComboBox):
            for index in range(widget.count()):
                yield widget, widget.itemText(index)
        elif isinstance(widget, QHeaderView):
            model = widget.model()
            for section in range(widget.count()):
                if not widget.isSectionHidden(section):
                    yield widget, str(model.headerData(section, widget.orientation()) or "")
        elif isinstance(widget, QMenu):
            for action in widget.actions():
                yield widget, action.text()
        if widget.toolTip() and not widget.property("data_tip"):
            yield widget, widget.toolTip()


def _fits(widget: QWidget) -> bool:
    if isinstance(widget, QLabel):
        if widget.property("elides"):
            return True
        room, need = widget.contentsRect(), widget.sizeHint()
        if widget.wordWrap():
            return widget.heightForWidth(widget.width()) <= widget.height() + 1
        return need.width() <= widget.width() + 1 and room.height() > 0 and _inside(widget)
    if isinstance(widget, QAbstractButton):
        return widget.sizeHint().width() <= widget.width() + 1 and _inside(widget)
    if isinstance(widget, QHeaderView):
        return all(
            widget.sectionSizeHint(section) <= widget.sectionSize(section) + 1
            for section in range(widget.count())
            if not widget.isSectionHidden(section)
        )
    return True


def _inside(widget: QWidget) -> bool:
    """Whether no parent cuts it off; what can be scrolled to is not cut off."""
    parent = widget.parentWidget()
    while parent is not None and not parent.isWindow():
        if isinstance(parent, QScrollArea):
            return True
        place = widget.mapTo(parent, widget.rect().topLeft())
        if place.x() < -1 or place.x() + widget.width() > parent.width() + 1:
            return False
        parent = parent.parentWidget()
    return True


def _place(widget: QWidget) -> str:
    names = []
    step: QWidget | None = widget
    while step is not None and not step.isWindow():
        names.append(step.objectName() or type(step).__name__)
        step = step.parentWidget()
    return "/".join(reversed(names[:4]))


def speak(application: QApplication) -> PseudoTranslator:
    """Install it; remove it with ``application.removeTranslator``."""
    translator = PseudoTranslator()
    application.installTranslator(translator)
    return translator
