"""What the form has to know besides the user's wishes: the data, the weights and the machine."""

from typing import NamedTuple

from app.widgets.training.form_state import Shelf
from core.actions.pricing import read_prices
from core.actions.projects import ProjectData
from core.actions.readings import MachineReading, read_machine
from core.actions.training import facts_of_data
from core.actions.weights import weights_at_hand
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.usage import Prices
from core.store.vault import Vault
from core.training.facts import DataFacts
from core.training.hardware import has_nvidia_card


class Surroundings(NamedTuple):
    """What the form has to know besides the user's wishes."""

    data: ProjectData  # that ``facts`` are of
    facts: DataFacts | None
    shelf: Shelf
    machine: MachineReading
    cuda: bool
    prices: Prices = Prices()


def look_around(data: ProjectData, progress: Progress) -> Surroundings:
    """For a thread: files, the driver, and every image are looked at."""
    shelf = Shelf(published=weights_at_hand(), kept=tuple(Vault().list()))
    return Surroundings(data, facts_of_data(data), shelf, read_machine(), has_nvidia_card(), _prices())


def _prices() -> Prices:
    """Those of a file that cannot be read are none; the settings say so."""
    try:
        return read_prices()
    except LensmithError:
        return Prices()
