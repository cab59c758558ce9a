"""What a comparison comes to: how many runs, how long, what each would be, and what stands in the way."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.parts import Card, duration, label
from app.widgets.run.run_words import mode_title, model_title
from app.widgets.training.comparison_plan import Hindered, Outlook, Planned
from app.widgets.training.time_row import money
from core.domain.usage import Prices, Usage, cost
from core.training.catalog import catalogue

MOST_ROWS = 60  # that are told one by one


class OutlookCard(Card):
    """``shown`` is what it says now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("What it comes to"), parent)
        self.count, self.takes = label("", "figure"), label("", "muted", wrap=True)
        self.missing = label("", "muted", wrap=True)
        self.shown: Outlook | None = None
        for part in (self.count, self.takes, self.missing):
            self.body.addWidget(part)
        self._inside = QWidget()
        self._rows = QVBoxLayout(self._inside)
        self._rows.setContentsMargins(0, theme.SMALL, 0, 0)
        self._rows.setSpacing(theme.SMALL)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._inside)
        self.body.addWidget(area, 1)

    def show_outlook(self, found: Outlook | None, prices: Prices, *, missing: str = "") -> None:
        """``missing``: why there is nothing to tell."""
        self.missing.setText(missing)
        self.missing.setVisible(bool(missing))
        for part in (self.count, self.takes):
            part.setVisible(found is not None)
        if found is not None:
            self.count.setText(self.tr("%n run(s)", "", found.runs))
            self.takes.setText(self._takes(found, prices))
        if found != self.shown:
            self.shown = found
            self._fill(found or Outlook())

    def _takes(self, found: Outlook, prices: Prices) -> str:
        if found.takes is None:
            return self.tr("How long it takes is not known yet: some were never trained here.")
        words = self.tr("About {0} in all, between {1} and {2}, judged by what was trained or tried here.").format(
            *(duration(value) for value in (found.takes.seconds, found.takes.low, found.takes.high))
        )
        price = cost(Usage(seconds=found.takes.seconds, kwh=None), Prices(machine_hour=prices.machine_hour))
        if price is None:
            return words
        return words + " " + self.tr("The machine costs about {}.").format(money(price, prices))

    def _fill(self, found: Outlook) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        rows = [*map(self._hindered_row, found.hindered), *map(self._planned_row, found.planned)]
        for row in rows[:MOST_ROWS]:
            self._rows.addWidget(row)
        for row in rows[MOST_ROWS:]:
            row.deleteLater()
        if len(rows) > MOST_ROWS:
            self._rows.addWidget(label(self.tr("and %n more", "", len(rows) - MOST_ROWS), "muted"))
        self._rows.addStretch()

    def _planned_row(self, one: Planned) -> QWidget:
        title = f"{mode_title(one.mode)} · {model_title(one.model)}"
        parts = [self.tr("%n run(s)", "", one.seeds), self.tr("%n epoch(s)", "", one.epochs)]
        if one.start:
            parts.insert(0, self.tr("from run {}").format(one.start) if one.start.isdigit() else one.start)
        if one.takes is not None:
            parts.append(self.tr("about {} each").format(duration(one.takes.seconds)))
        return self._row(title, " · ".join(parts), "caption")

    def _hindered_row(self, one: Hindered) -> QWidget:
        modes = ", ".join(mode_title(mode) for mode in one.modes)
        title = " · ".join(filter(None, (modes, model_title(one.model) if one.model else "")))
        note = QFrame()
        note.setObjectName("note")
        note.setProperty("kind", "caution")
        column = QVBoxLayout(note)
        column.setContentsMargins(theme.MEDIUM, theme.SMALL, theme.MEDIUM, theme.SMALL)
        column.addWidget(self._row(title, self._why(one), ""))
        return note

    def _why(self, one: Hindered) -> str:
        """In the window's own words where the way out is in the window."""
        published = next((entry for entry in catalogue() if entry.name == one.model and entry.weights), None)
        if published is not None and one.cause.startswith("The published weights of"):
            return self.tr("Its published weights are not on this machine. Choose it on the form and fetch them there.")
        return f"{said(one.cause)} {said(one.remedy)}"

    def _row(self, title: str, text: str, role: str) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = label(title, wrap=True)
        theme.make_semibold(head)
        column.addWidget(head)
        column.addWidget(label(text, role, wrap=True))
        return holder
