"""What the user can set about the window; everything is kept at once, so there is no OK."""

from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.settings import THEMES, Settings
from app.widgets.elided import ElidedLabel
from app.widgets.parts import Card, button, label
from app.widgets.shell.prices_card import PricesCard

WIDTH = 800  # pixels


class SettingsDialog(QDialog):
    """``languages``: codes and names to choose from; with none, the choice is not shown."""

    def __init__(
        self, settings: Settings, languages: tuple[tuple[str, str], ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        self.prices = PricesCard()
        left, right = QVBoxLayout(), QVBoxLayout()
        for half, cards in (
            (left, [self._looks(), self._projects(), *([self._languages(languages)] if languages else [])]),
            (right, [self._face(), self.prices]),
        ):
            half.setSpacing(theme.MEDIUM)
            for card in cards:
                half.addWidget(card)
            half.addStretch()
        halves = QHBoxLayout()
        halves.setSpacing(theme.MEDIUM)
        halves.addLayout(left, 1)
        halves.addLayout(right, 1)
        column.addLayout(halves)
        row = QHBoxLayout()
        row.addWidget(label(self.tr("Changes are kept at once."), "muted"))
        row.addStretch()
        self.close_button = button(self.tr("Close"), primary=True)
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        row.addWidget(self.close_button)
        column.addLayout(row)

    def _looks(self) -> Card:
        card = Card(self.tr("Colours"))
        names = {"system": self.tr("As the system"), "light": self.tr("Light"), "dark": self.tr("Dark")}
        group = QButtonGroup(self)
        self.themes: dict[str, QRadioButton] = {}
        for name in THEMES:
            choice = self.themes[name] = QRadioButton(names[name])
            choice.setChecked(name == self._settings.theme)
            choice.toggled.connect(lambda on, name=name: self._choose_theme(name) if on else None)
            group.addButton(choice)
            card.body.addWidget(choice)
        return card

    def _projects(self) -> Card:
        card = Card(self.tr("New projects"))
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        self.folder = ElidedLabel(str(self._settings.projects), data=True, middle=True)
        self.folder_button = button(self.tr("Choose…"), "folder-open")
        self.folder_button.setToolTip(self.tr("The folder in which a dropped set of pictures becomes a project."))
        self.folder_button.clicked.connect(self._choose_folder)
        row.addWidget(self.folder, 1)
        row.addWidget(self.folder_button)
        card.body.addLayout(row)
        card.body.addWidget(
            label(self.tr("Projects hold labels, runs and models. Pictures stay where they are."), "muted", wrap=True)
        )
        return card

    def _face(self) -> Card:
        card = Card(self.tr("Advanced"))
        self.expert = QCheckBox(self.tr("Show advanced settings"))
        self.expert.setChecked(self._settings.expert)
        self.expert.toggled.connect(self._choose_expert)
        card.body.addWidget(self.expert)
        card.body.addWidget(
            label(self.tr("Rates, schedules, augmentation and more, each with a sensible value."), "muted", wrap=True)
        )
        return card

    def _languages(self, languages: tuple[tuple[str, str], ...]) -> Card:
        card = Card(self.tr("Language"))
        self.language = QComboBox()
        self.language.setProperty("data", True)
        self.language.setAccessibleName(self.tr("Language"))
        for code, name in (("", self.tr("As the system")), *languages):
            self.language.addItem(name, code)
        self.language.setCurrentIndex(max(0, self.language.findData(self._settings.language)))
        self.language.currentIndexChanged.connect(self._choose_language)
        card.body.addWidget(self.language)
        card.body.addWidget(label(self.tr("From the next start on."), "muted"))
        return card

    def _choose_theme(self, name: str) -> None:
        self._settings.theme = name

    def _choose_expert(self, on: bool) -> None:
        self._settings.expert = on

    def _choose_language(self) -> None:
        self._settings.language = self.language.currentData()

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for new projects"), self.folder.whole)
        if chosen:
            self._settings.projects = Path(chosen)
            self.folder.set_whole(chosen)
