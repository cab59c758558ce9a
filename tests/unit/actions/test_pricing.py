"""Prices are kept in the user's home and make a cost of what a run took."""

from pathlib import Path

import pytest

from core.actions.pricing import read_prices, write_prices
from core.domain.errors import LensmithError
from core.domain.usage import Prices, Usage, cost


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "not there yet"))


def test_that_prices_come_back_as_they_were_set_and_nothing_costs_anything_before() -> None:
    assert cost(Usage(seconds=3600, kwh=1.0), read_prices()) is None
    write_prices(Prices(kwh=0.3, machine_hour=2.0, currency="CZK"))
    assert read_prices() == Prices(kwh=0.3, machine_hour=2.0, currency="CZK")
    assert cost(Usage(seconds=1800, kwh=2.0), read_prices()) == pytest.approx(1.6)
    assert cost(Usage(seconds=1800), read_prices()) is None  # its energy has a price and was not counted


@pytest.mark.parametrize(
    "prices", [Prices(kwh=-1), Prices(machine_hour=float("nan")), Prices(currency="euro"), Prices(currency="")]
)
def test_that_no_price_and_no_currency_are_refused_and_the_old_ones_stay(prices: Prices) -> None:
    write_prices(Prices(kwh=0.3))
    with pytest.raises(LensmithError) as caught:
        write_prices(prices)
    assert caught.value.remedy
    assert read_prices() == Prices(kwh=0.3)
