"""Only the settings in which the compared runs differ: a line a setting, a column a run."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtWidgets import QStackedWidget, QWidget

from app.widgets.parts import Card
from app.widgets.results.notice_card import NoticeCard
from app.widgets.setting_words import setting_title, setting_value
from app.widgets.sorted_table import Column, SortedTable
from core.domain.comparison import Comparison, Setting
from core.domain.run import number_of


class SettingsTable(QStackedWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table: SortedTable[Setting] = SortedTable(lambda setting: setting.name)
        self.table.setAccessibleName(self.tr("Settings that differ"))
        self.notice = NoticeCard()
        card = Card(self.tr("Settings that differ"))
        card.body.addWidget(self.table)
        self.addWidget(card)
        self.addWidget(self.notice)

    def show_comparison(self, comparison: Comparison, names: Mapping[str, str]) -> None:
        """``names``: of each run in full, for the headers' tooltips."""
        if not comparison.settings:
            title = self.tr("They differ in nothing but the luck of training")
            text = self.tr("All settings, the data and the seed are the same: what is left between them is chance.")
            self.notice.say("check-circle", title, text)
            self.setCurrentIndex(1)
            return
        if [setting.name for setting in comparison.settings] == ["seed"]:
            self.notice.say(
                "check-circle",
                self.tr("They differ in nothing but their seed"),
                self.tr("What is left between them shows how much chance decides."),
            )
            self.setCurrentIndex(1)
            return
        columns = [Column(self.tr("Setting"), _name, _name)]
        for place, row in enumerate(comparison.rows):
            columns.append(
                Column(
                    self.tr("Run {0}").format(number_of(row.run)),
                    partial(_value, place),
                    partial(_value, place),
                    about=names.get(row.run, row.run),
                )
            )
        columns.append(Column("", lambda setting: "", lambda setting: None, wide=True))  # takes what room is left
        self.table.show_rows(comparison.settings, columns)
        self.setCurrentIndex(0)


def _value(place: int, setting: Setting) -> str:
    return setting_value(setting.name, setting.values[place])


def _name(setting: Setting) -> str:
    return setting_title(setting.name)
