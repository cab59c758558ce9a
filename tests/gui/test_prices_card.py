"""Prices in the settings: typed, kept at once, and refused in words."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.settings import Settings
from app.widgets.shell.settings_dialog import SettingsDialog
from core.actions.pricing import read_prices, write_prices
from core.domain.usage import Prices


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def dialog(qtbot, home) -> SettingsDialog:
    made = SettingsDialog(Settings(), (("cs", "čeština"),))
    qtbot.addWidget(made)
    made.show()
    return made


def type_in(qtbot, field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_that_prices_are_kept_as_they_are_typed(qtbot, dialog):
    type_in(qtbot, dialog.prices.kwh, "0,35")
    type_in(qtbot, dialog.prices.hour, "2")
    type_in(qtbot, dialog.prices.currency, "czk")
    assert read_prices() == Prices(kwh=0.35, machine_hour=2.0, currency="CZK")
    qtbot.keyClick(dialog.prices.currency, Qt.Key.Key_Tab)
    assert dialog.prices.currency.text() == "CZK"


def test_that_what_is_no_price_is_named_at_its_field_and_the_old_price_stays(qtbot, dialog):
    type_in(qtbot, dialog.prices.kwh, "0.3")
    type_in(qtbot, dialog.prices.kwh, "-1")
    assert dialog.prices.kwh.property("invalid")
    assert dialog.prices.problem.text().startswith("“-1” is no price.")
    assert read_prices().kwh == 0.3
    type_in(qtbot, dialog.prices.kwh, "1")
    assert not dialog.prices.problem.isVisible()
    assert read_prices().kwh == 1.0


def test_that_a_currency_of_two_letters_is_refused(qtbot, dialog):
    type_in(qtbot, dialog.prices.currency, "EU")
    assert dialog.prices.currency.property("invalid")
    assert "three capital letters" in dialog.prices.problem.text()
    assert read_prices().currency == "EUR"


def test_that_an_emptied_price_costs_nothing(qtbot, home):
    write_prices(Prices(kwh=0.3, machine_hour=1.5))
    dialog = SettingsDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.show()
    assert (dialog.prices.kwh.text(), dialog.prices.hour.text()) == ("0.3", "1.5")
    dialog.prices.hour.selectAll()
    qtbot.keyClick(dialog.prices.hour, Qt.Key.Key_Backspace)
    assert read_prices() == Prices(kwh=0.3)
