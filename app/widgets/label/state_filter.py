"""Which pictures the film strip shows: all, or those of one state, each with its count."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QPushButton, QSizePolicy, QWidget

from app import theme
from app.widgets.flow import FlowLayout
from app.widgets.label.film_strip import state_title
from app.widgets.parts import button
from core.domain.labels import LabelState


class StateFilter(QWidget):
    """``None`` stands for all."""

    chosen = Signal(object)  # LabelState or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[LabelState | None, QPushButton] = {}
        group = QButtonGroup(self)
        flow = FlowLayout(theme.TIGHT)
        self.setLayout(flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        for state in (None, *LabelState):
            made = self.buttons[state] = button("")
            made.setProperty("chip", True)
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.clicked.connect(lambda checked=False, state=state: self.chosen.emit(state))
            group.addButton(made)
            flow.addWidget(made)
        self.buttons[None].setChecked(True)
        self.show_counts({}, 0)

    def show_counts(self, counts: Mapping[LabelState, int], total: int) -> None:
        """States that no picture is in are left out, but for the one that is chosen."""
        for state, made in self.buttons.items():
            count = total if state is None else counts.get(state, 0)
            title = self.tr("All") if state is None else state_title(state)
            made.setText(f"{title}  {count:,}")
            made.setVisible(count > 0 or state is None or made.isChecked())

    def choose(self, state: LabelState | None) -> None:
        """As if the user had, without telling."""
        self.buttons[state].setChecked(True)
        self.buttons[state].show()
