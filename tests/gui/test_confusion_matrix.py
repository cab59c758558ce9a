"""The confusion matrix through real events; colours are read back from what is painted."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from app import theme
from app.widgets.plots.confusion_matrix import ConfusionMatrix
from app.widgets.plots.shades import shade

COUNTS = [[21, 3, 0, 0], [0, 18, 2, 4], [5, 0, 15, 0], [1, 2, 0, 0]]
NAMES = ["oslik", "ovecka", "prasatko"]


@pytest.fixture
def matrix(qtbot) -> Iterator[ConfusionMatrix]:
    made = ConfusionMatrix()
    made.resize(520, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())
    made.close()
    made.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def filled(matrix) -> ConfusionMatrix:
    matrix.set_matrix(COUNTS, NAMES, "background")
    QApplication.processEvents()
    return matrix


def centre(matrix: ConfusionMatrix, truth: int, predicted: int) -> QPoint:
    return matrix.cell_rect(truth, predicted).center().toPoint()


def large(count: int) -> tuple[list[list[int]], list[str]]:
    return [[50 * (a == b) for b in range(count)] for a in range(count)], [f"class {k}" for k in range(count)]


def picture(matrix: ConfusionMatrix) -> QImage:
    QApplication.processEvents()
    return matrix.grab().toImage()


def test_that_a_click_chooses_a_cell(filled, qtbot):
    with qtbot.waitSignal(filled.chosen) as chosen:
        QTest.mouseClick(filled.viewport(), Qt.MouseButton.LeftButton, pos=centre(filled, 1, 2))
    assert chosen.args == [1, 2]
    assert filled.current == (1, 2)


def test_that_a_click_beside_the_cells_chooses_nothing(filled, qtbot):
    with qtbot.assertNotEmitted(filled.chosen):
        QTest.mouseClick(filled.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
        QTest.mouseClick(filled.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(515, 395))


def test_that_arrows_and_enter_choose_too(filled, qtbot):
    filled.setFocus(Qt.FocusReason.TabFocusReason)
    keys = Qt.Key
    walked = []
    for key in (keys.Key_Down, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Left, keys.Key_End, keys.Key_Up):
        QTest.keyClick(filled, key)
        walked.append(filled.current)
    assert walked == [(0, 0), (0, 1), (1, 1), (1, 0), (1, 0), (1, 3), (0, 3)]
    assert filled.accessibleDescription() == "0 of 24 oslik missed"
    with qtbot.waitSignal(filled.chosen) as chosen:
        QTest.keyClick(filled, keys.Key_Return)
    assert chosen.args == [0, 3]


def test_that_the_tooltip_says_it_in_words(filled, qtbot):
    place = centre(filled, 0, 1)
    QApplication.sendEvent(
        filled.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, filled.viewport().mapToGlobal(place))
    )
    qtbot.waitUntil(QToolTip.isVisible)
    assert "3 of 24 oslik taken for ovecka" in QToolTip.text()


def test_that_hits_misses_and_false_alarms_have_their_own_words(filled):
    assert filled.words(0, 0) == "21 of 24 oslik recognised"
    assert filled.words(1, 3) == "4 of 24 ovecka missed"
    assert filled.words(3, 1) == "2 of 3 false alarms: ovecka seen where there is none"
    assert "not counted" in filled.words(3, 3)


def test_that_a_class_may_be_called_like_markup(matrix, qtbot):
    matrix.set_matrix([[1, 0], [0, 1]], ["<b>a</b>", "{count} & %n"])
    matrix.setFocus()
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    assert "0 of 1 &lt;b&gt;a&lt;/b&gt; taken for {count} &amp; %n" in QToolTip.text()


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=theme.name_of)
def test_that_cells_are_painted_in_the_shade_of_their_row_share(filled, qapp, colours):
    family = qapp.font().family()
    try:
        theme.apply(qapp, colours, family)
        image = picture(filled)
        for truth, row in enumerate(COUNTS):
            for predicted, count in enumerate(row):
                corner = filled.cell_rect(truth, predicted).topLeft().toPoint() + QPoint(6, 6)
                assert image.pixelColor(corner) == QColor(shade(count / sum(row), colours)[0])
    finally:
        theme.apply(qapp, theme.LIGHT, family)


def test_that_rows_without_any_image_are_no_error(matrix):
    matrix.set_matrix([[0, 0], [0, 3]], ["a", "b"])
    assert picture(matrix).pixelColor(matrix.cell_rect(0, 0).topLeft().toPoint() + QPoint(6, 6)) == QColor(
        shade(0, theme.LIGHT)[0]
    )
    assert matrix.words(0, 1) == "0 of 0 a taken for b"


def test_that_numbers_hide_where_they_do_not_fit(matrix):
    def shades_in_first_cell() -> int:
        image, rect = picture(matrix), matrix.cell_rect(0, 0).adjusted(3, 3, -3, -3).toRect()
        pixels = ((x, y) for x in range(rect.left(), rect.right()) for y in range(rect.top(), rect.bottom()))
        return len({image.pixelColor(*pixel).name() for pixel in pixels})

    matrix.set_matrix(*large(4))
    assert shades_in_first_cell() > 3
    matrix.set_matrix(*large(30))
    assert shades_in_first_cell() == 1


def test_that_forty_classes_fit_and_more_scroll(matrix):
    matrix.set_matrix(*large(40))
    QApplication.processEvents()
    assert (matrix.horizontalScrollBar().maximum(), matrix.verticalScrollBar().maximum()) == (0, 0)
    matrix.set_matrix(*large(60))
    QApplication.processEvents()
    assert matrix.horizontalScrollBar().maximum() > 0
    assert matrix.verticalScrollBar().maximum() > 0


def test_that_a_cell_chosen_by_key_comes_into_view_and_can_be_clicked_there(matrix, qtbot):
    matrix.set_matrix(*large(60))
    matrix.select((59, 59))
    QApplication.processEvents()
    assert matrix.viewport().rect().contains(matrix.cell_rect(59, 59).toRect())
    with qtbot.waitSignal(matrix.chosen) as chosen:
        QTest.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=centre(matrix, 58, 57))
    assert chosen.args == [58, 57]
    matrix.select((0, 0))
    assert (matrix.horizontalScrollBar().value(), matrix.verticalScrollBar().value()) == (0, 0)


def test_that_long_names_leave_room_for_the_cells(matrix):
    matrix.set_matrix([[1, 2], [3, 4]], ["a class name that goes on and on and on and on", "b"])
    picture(matrix)
    assert matrix.cell_rect(0, 0).left() < 180
    assert matrix.cell_rect(1, 1).bottom() < matrix.viewport().height()


def test_that_without_a_matrix_a_sentence_stands_there(matrix):
    blank = picture(matrix)
    matrix.set_empty("This run was not tested.")
    assert picture(matrix) != blank
    matrix.setFocus()
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.current is None


def test_that_focus_is_seen(filled):
    filled.clearFocus()  # which a new window gave it
    before = picture(filled)
    filled.setFocus(Qt.FocusReason.TabFocusReason)
    assert picture(filled) != before


def test_that_counts_which_do_not_belong_to_the_names_are_refused(matrix):
    with pytest.raises(ValueError, match="2 rows for 4 classes"):
        matrix.set_matrix([[1, 2], [3, 4]], ["a", "b", "c", "d"])
