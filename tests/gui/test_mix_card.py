"""The choice of pictures for a run that starts from an earlier one, and its warning."""

import pytest
from PySide6.QtCore import Qt

from app.run_edits import Acquaintance
from app.widgets.training.mix_card import MixCard
from core.domain.data_choice import DataChoice, Share
from core.training.plan import Obstacle

RISK = Obstacle("No training image would show “lamb”.", "Mix in images of the earlier run.", "data")


@pytest.fixture
def card(qtbot) -> MixCard:
    made = MixCard()
    qtbot.addWidget(made)
    made.resize(832, 160)
    made.show()
    return made


def take(qtbot, card: MixCard, scope: str, mix: str = "") -> None:
    qtbot.mouseClick(card.scopes.buttons[scope], Qt.MouseButton.LeftButton)
    if mix:
        qtbot.mouseClick(card.mixes.buttons[mix], Qt.MouseButton.LeftButton)


def test_that_new_pictures_alone_warn_and_any_mix_takes_the_warning_back(qtbot, card):
    card.show_acquaintance(Acquaintance(run="0005-finetune-a", new=3, old=9, risk_of_new=RISK), 5)
    assert card.choice is None
    take(qtbot, card, "new")
    assert card.choice == DataChoice(new_only=True, mix=Share(1.0))
    assert not card.note.isVisible()
    take(qtbot, card, "new", "none")
    assert card.choice == DataChoice(new_only=True)
    assert card.note.isVisible()
    for mix in ("share", "per_class", "all"):
        take(qtbot, card, "new", mix)
        assert not card.note.isVisible()
    take(qtbot, card, "all")
    assert not card.note.isVisible()


def test_that_classes_whose_pictures_left_the_project_warn_whatever_is_chosen(qtbot, card):
    card.show_acquaintance(Acquaintance(run="0005-finetune-a", new=3, old=9, risk=RISK, risk_of_new=RISK), 5)
    assert card.note.isVisible()
    take(qtbot, card, "new", "all")
    assert card.note.isVisible()


def test_that_without_a_new_picture_there_is_no_choice(qtbot, card):
    take(qtbot, card, "new")
    card.show_acquaintance(Acquaintance(run="0005-finetune-a", new=0, old=9), 5)
    assert not card.scopes.buttons["new"].isEnabled()
    assert card.choice is None
