"""What electricity and the machine cost: kept at once when it can be read, else the field says what is wrong."""

import math
from functools import partial

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app import theme
from app.translations import said
from app.widgets.parts import Card, label
from core.actions.pricing import read_prices, write_prices
from core.domain.errors import LensmithError
from core.domain.usage import Prices

_WIDTH = 96  # pixels


class PricesCard(Card):
    """``shown`` is what was kept last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Costs"), parent)
        self.problem = label("", wrap=True)
        self.problem.setProperty("problem", True)
        self.problem.hide()
        try:
            self.shown = read_prices()
        except LensmithError as error:
            self.shown = Prices()
            self._say(error)
        self.kwh = self._field(self.tr("Price of a kilowatt hour"), _text(self.shown.kwh))
        self.hour = self._field(self.tr("Price of an hour of this machine"), _text(self.shown.machine_hour))
        self.currency = self._field(self.tr("Currency"), self.shown.currency)
        self.currency.setMaxLength(3)
        self._place()
        for field in (self.kwh, self.hour, self.currency):
            field.textEdited.connect(self._keep)
            field.editingFinished.connect(partial(self._tidy, field))

    def _keep(self) -> None:
        """As soon as all three can be read; until then the last prices stay."""
        wrong = [field for field in (self.kwh, self.hour) if _number(field.text()) is None]
        self._mark(wrong)
        if wrong:
            problem = self.tr("“{}” is no price. Write a number, such as 0.30, or leave it empty.")
            self._say_text(problem.format(wrong[0].text()))
            return
        prices = Prices(
            kwh=_number(self.kwh.text()) or 0.0,
            machine_hour=_number(self.hour.text()) or 0.0,
            currency=self.currency.text().strip().upper(),
        )
        try:
            write_prices(prices)
        except LensmithError as error:
            self._mark(
                [field for field in (self.currency,) if len(prices.currency) != 3 or not prices.currency.isalpha()]
            )
            self._say(error)
            return
        self.shown = prices
        self._say_text("")

    def _tidy(self, field: QLineEdit) -> None:
        """As it was understood."""
        if field.property("invalid"):
            return
        text = {
            self.kwh: _text(self.shown.kwh),
            self.hour: _text(self.shown.machine_hour),
            self.currency: self.shown.currency,
        }[field]
        with QSignalBlocker(field):
            field.setText(text)

    def _mark(self, wrong: list[QLineEdit]) -> None:
        for field in (self.kwh, self.hour, self.currency):
            if field.property("invalid") != (field in wrong):
                field.setProperty("invalid", field in wrong)
                field.style().polish(field)

    def _say(self, error: LensmithError) -> None:
        self._say_text(f"{said(error.cause)} {said(error.remedy)}")

    def _say_text(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _field(self, name: str, text: str) -> QLineEdit:
        made = QLineEdit(text)
        made.setAccessibleName(name)
        made.setFixedWidth(_WIDTH)
        made.setPlaceholderText("0")
        return made

    def _place(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SMALL)
        grid.setVerticalSpacing(theme.TIGHT)
        grid.setColumnStretch(0, 1)
        rows = (
            (self.tr("Electricity, per kWh"), self.kwh),
            (self.tr("This machine, per hour"), self.hour),
            (self.tr("Currency, three letters"), self.currency),
        )
        for row, (name, field) in enumerate(rows):
            grid.addWidget(label(name, wrap=True), row, 0)
            grid.addWidget(field, row, 1)
        self.body.addLayout(grid)
        self.body.addWidget(self.problem)
        self.body.addWidget(
            label(self.tr("With a price, estimates and results also tell what a run costs."), "muted", wrap=True)
        )


def _number(text: str) -> float | None:
    """A price of 0 or more, with comma or point; empty is 0; ``None`` if it is none."""
    try:
        value = float(text.strip().replace(",", ".") or 0)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _text(price: float) -> str:
    return f"{price:g}" if price else ""
