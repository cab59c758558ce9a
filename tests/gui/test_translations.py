"""Plurals, and the language that checks all texts."""

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget

from app import translations
from tests.gui import pseudo_translation


def test_that_english_counts_one_image_and_two_images(qapp: QApplication) -> None:
    translator = translations.install(qapp, "en")
    asker = QObject()
    try:
        assert asker.tr("%n image(s)", "", 1) == "1 image"
        assert asker.tr("%n image(s)", "", 2) == "2 images"
        assert asker.tr("%n class(es)", "", 3) == "3 classes"
        assert asker.tr("Import (a folder)") == "Import (a folder)"
    finally:
        qapp.removeTranslator(translator)


def test_that_the_check_of_texts_finds_one_that_was_forgotten_and_one_that_is_cut_off(qapp, qtbot) -> None:
    translator = pseudo_translation.speak(qapp)
    try:
        holder = QWidget()
        column = QVBoxLayout(holder)
        forgotten, fine = QLabel("forgotten"), QLabel(QCoreApplication.translate("Test", "translated"))
        narrow = QPushButton(QCoreApplication.translate("Test", "much too long for this"))
        narrow.setFixedWidth(40)
        for widget in (forgotten, fine, narrow):
            column.addWidget(widget)
        qtbot.addWidget(holder)
        holder.show()
        assert [line.rsplit(": ")[-1] for line in pseudo_translation.untranslated(holder)] == ["forgotten"]
        assert [line.split(": ")[0] for line in pseudo_translation.clipped(holder)] == ["QPushButton"]
        assert len(fine.text()) >= 1.4 * len("translated") - 1
    finally:
        qapp.removeTranslator(translator)


def test_that_what_is_filled_in_later_survives_the_pseudo_translation() -> None:
    assert "{0:.1f}" in pseudo_translation.pseudo("about {0:.1f} s left")
    assert "%n" in pseudo_translation.pseudo("%n image(s)")
