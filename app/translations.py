"""The language of the window: every text goes through ``tr()``, and this is what answers.

A translation is one file, ``resources/translations/lensmith_<language>.qm``, made with ``pyside6-lupdate`` and
``pyside6-lrelease``; no code changes for it. English needs no file: its texts are the ones in the code, and its plurals
are written there as ``%n image(s)``.
"""

from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

FOLDER = Path(str(files("resources") / "translations"))
_ONE, _MANY = {"(s)": "", "(es)": "", "(y|ies)": "y"}, {"(s)": "s", "(es)": "es", "(y|ies)": "ies"}


class EnglishPlurals(QTranslator):
    """``%n class(es)`` is “1 class” or “3 classes”; every other text stays as it is written."""

    def isEmpty(self) -> bool:  # noqa: N802 (Qt's name)
        return False

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        """Qt asks this for each text."""
        if n < 0 or "(" not in source:
            return source
        for mark, ending in (_ONE if n == 1 else _MANY).items():
            source = source.replace(mark, ending)
        return source


def install(application: QCoreApplication, language: str = "") -> QTranslator:
    """Speak ``language`` ("cs", "de_AT" …), or the system's, where there is a translation; English otherwise.

    Keep what this returns as long as the application lives.
    """
    locale = QLocale(language) if language else QLocale.system()
    translator: QTranslator = QTranslator()
    if locale.language() is QLocale.Language.English or not translator.load(locale, "lensmith", "_", str(FOLDER)):
        translator = EnglishPlurals()
    application.installTranslator(translator)
    return translator


def languages() -> list[str]:
    """Those there is a file for."""
    return sorted(file.stem.removeprefix("lensmith_") for file in FOLDER.glob("lensmith_*.qm"))


def said(text: str) -> str:
    """A sentence of ``core`` in the user's language where the translation has it, word for word; else as it is.

    ``core`` knows no Qt and speaks English. Findings and the catalogue speak in fixed sentences; those with a
    value in them (a file's name, a size) have no entry to match and stay English.
    """
    return QCoreApplication.translate("core", text) if text else ""
