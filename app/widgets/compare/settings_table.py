"""Only the settings in which the compared runs differ: a line a setting, a column a run."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtWidgets import QStackedWidget, QWidget

from app.widgets.parts import Card
from app.widgets.results.notice_card import NoticeCard
from app.widgets.run.run_words import mode_title
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
        columns = [Column(self.tr("Setting"), self._name, self._name)]
        for place, row in enumerate(comparison.rows):
            columns.append(
                Column(
                    self.tr("Run {0}").format(number_of(row.run)),
                    partial(self._value, place),
                    partial(self._value, place),
                    about=names.get(row.run, row.run),
                )
            )
        columns.append(Column("", lambda setting: "", lambda setting: None, wide=True))  # takes what room is left
        self.table.show_rows(comparison.settings, columns)
        self.setCurrentIndex(0)

    def _value(self, place: int, setting: Setting) -> str:
        value = setting.values[place]
        words = {"": "–", "automatic": self.tr("automatic"), "yes": self.tr("yes"), "no": self.tr("no")}
        return mode_title(value) if setting.name == "mode" else words.get(value, value)

    def _name(self, setting: Setting) -> str:
        """In the words of the Train page; a setting that has none there keeps the name it has in ``spec.json``."""
        words = {
            "mode": self.tr("Mode"),
            "weights": self.tr("Start weights"),
            "data": self.tr("Data"),
            "architecture": self.tr("Model"),
            "engine": self.tr("Engine"),
            "epochs": self.tr("Epochs"),
            "batch_size": self.tr("Batch size"),
            "image_size": self.tr("Image size"),
            "optimizer": self.tr("Optimizer"),
            "learning_rate": self.tr("Learning rate"),
            "weight_decay": self.tr("Weight decay"),
            "schedule": self.tr("Schedule"),
            "warmup_epochs": self.tr("Warm-up epochs"),
            "augmentation": self.tr("Augmentation"),
            "mirror": self.tr("Mirroring"),
            "label_smoothing": self.tr("Label smoothing"),
            "class_weights": self.tr("Class weights"),
            "gradient_clip": self.tr("Gradient clip"),
            "head_layers": self.tr("Head layers"),
            "head_dropout": self.tr("Head dropout"),
            "patience": self.tr("Patience"),
            "precision": self.tr("Precision"),
            "seed": self.tr("Seed"),
            "device": self.tr("Device"),
            "unfreeze_after": self.tr("Unfreeze after (epochs)"),
            "backbone_lr_scale": self.tr("Backbone rate, share of the head's"),
        }
        return words.get(setting.name, setting.name)
