"""The Label page and its dialogs in a language that is accented and 40 % longer, in windows of two sizes."""

import pytest

from app.widgets.label.class_chooser import ClassChooser
from app.widgets.label.key_dialog import KeyDialog
from core.domain.annotation import Box, Boxes
from core.domain.task import Task
from tests.gui.label_pages import drag, label_page_of, make_project, settle
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import question_of


@pytest.fixture
def longer(qapp):
    translator = speak(qapp)
    yield
    qapp.removeTranslator(translator)


def faults(name, widget) -> list[str]:
    return [f"{name}: {text}" for text in untranslated(widget) + clipped(widget)]


@pytest.mark.parametrize("size", [(1280, 800), (880, 600)])
def test_that_page_and_dialogs_speak_a_longer_language(longer, tmp_path, qtbot, monkeypatch, size):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    known = [Boxes((Box(10, 10, 40, 40, 1),)), Boxes(())]
    with label_page_of(make_project(tmp_path, annotations=known), qtbot) as page:
        page.window().resize(*size)
        page.go_to_end(0)
        settle(page, qtbot)
        drag(page, (60, 60), (90, 90))
        settle(page, qtbot)
        found = faults("page", page)
        sheet = page.show_keys()
        qtbot.waitExposed(sheet)
        found += faults("keys", sheet)
        sheet.accept()
        history = page.show_history()
        qtbot.waitUntil(lambda: len(history.versions) == 2)
        found += faults("history", history)
        history.reject()
        page.class_edits.ask_remove(1)
        qtbot.waitUntil(lambda: question_of(page.window()) is not None)
        found += faults("question", question_of(page.window()))
        question_of(page.window()).reject()
        page.class_edits.ask_key(1)
        dialog = page.findChild(KeyDialog)
        dialog.pressed.emit("D")
        found += faults("key", dialog)
        dialog.reject()
        menu = page.classes.make_menu(page.session.data.classes[0])
        menu.popup(page.mapToGlobal(page.rect().center()))
        found += faults("menu", menu)
        menu.close()
        page.stage.light.show_above(page.stage.tools["light"])
        found += faults("light", page.stage.light)
        page.stage.light.hide()
        chooser = ClassChooser(page.session.data.classes, 1, page.keys, page)
        chooser.show_at(page.mapToGlobal(page.rect().center()))
        found += faults("chooser", chooser)
        chooser.close()
        page.toggle_grid()
        settle(page, qtbot)
        found += faults("grid", page)
        assert found == []


@pytest.mark.parametrize("size", [(1280, 800), (880, 600)])
@pytest.mark.parametrize("state", ["classes", "no task", "no pictures"])
def test_that_every_state_of_the_page_speaks_a_longer_language(longer, tmp_path, qtbot, monkeypatch, size, state):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    task = None if state == "no task" else Task.CLASSIFICATION
    count = 0 if state == "no pictures" else 3
    with label_page_of(make_project(tmp_path, count, task=task, names=()), qtbot) as page:
        page.window().resize(*size)
        settle(page, qtbot)
        assert faults(state, page) == []
