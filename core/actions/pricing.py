"""What the user pays for a kilowatt hour and for an hour of a machine, kept in the user's home."""

import math
import re
from pathlib import Path

from core.domain.errors import LensmithError
from core.domain.usage import Prices
from core.store.codec import read_json, write_json
from core.store.files import translated_errors
from core.store.home import home


def read_prices() -> Prices:
    """Prices of nothing where none were ever set. Raises ``LensmithError`` when the file cannot be read."""
    path = _file()
    return read_json(path, Prices) if path.exists() else Prices()


def write_prices(prices: Prices) -> None:
    """Raises ``LensmithError`` for a price below zero, or a currency that is no code of three letters."""
    for value in (prices.kwh, prices.machine_hour):
        if not (math.isfinite(value) and value >= 0):
            raise LensmithError(f"{value:g} is no price.", "Give 0 or more; 0: it costs nothing.")
    if not re.fullmatch("[A-Z]{3}", prices.currency):
        raise LensmithError(
            f"“{prices.currency}” is no currency.", "Give its code of three capital letters, such as EUR or USD."
        )
    with translated_errors(_file()):
        _file().parent.mkdir(parents=True, exist_ok=True)
    write_json(_file(), prices)


def _file() -> Path:
    return home() / "prices.json"
