"""What a comparison would train and take."""

from app.widgets.training.comparison_plan import outlook
from app.widgets.training.estimates import Estimate
from core.actions.experimenting import Prospect
from core.domain.experiment import Hindrance
from core.domain.run import CatalogueWeights, FromScratch, RunSpec, RunWeights, Start, Transfer, VaultWeights
from core.domain.task import Task
from tests.unit.app.widgets.training.test_estimates import done

HISTORY = [done("scratch", "a", 100.0), done("transfer", "a", 10.0)]


def spec(start: Start, seed: int = 0, model: str = "a") -> RunSpec:
    return RunSpec(
        task=Task.DETECTION,
        engine="simulated",
        architecture=model,
        start=start,
        snapshot="",
        epochs=10,
        image_size=64,
        seed=seed,
    )


def prospect(*specs: RunSpec, hindrances: tuple[Hindrance, ...] = ()) -> Prospect:
    return Prospect(specs=specs, hindrances=hindrances)


def test_that_seeds_of_one_kind_are_one_row():
    specs = [spec(FromScratch(), seed) for seed in range(3)] + [spec(Transfer(CatalogueWeights("a")))]
    found = outlook(prospect(*specs), HISTORY, lanes=1, minutes=0)
    assert [(one.mode, one.seeds) for one in found.planned] == [("scratch", 3), ("transfer", 1)]
    assert (found.runs, found.takes.seconds) == (4, 310)


def test_that_start_weights_are_told_apart():
    refs = [CatalogueWeights("a"), VaultWeights("mine", "0" * 64), RunWeights("0007-scratch-a", "", ())]
    found = outlook(prospect(*(spec(Transfer(ref)) for ref in refs)), HISTORY, lanes=1, minutes=0)
    assert [one.start for one in found.planned] == ["", "mine", "7"]


def test_that_the_whole_is_unknown_while_one_part_is():
    found = outlook(prospect(spec(FromScratch()), spec(FromScratch(), model="b")), HISTORY[1:], lanes=1, minutes=0)
    assert found.takes is None


def test_that_two_cards_halve_the_time_and_a_limit_caps_it():
    specs = [spec(FromScratch(), seed) for seed in range(4)]
    assert outlook(prospect(*specs), HISTORY, lanes=2, minutes=0).takes.seconds == 200
    assert outlook(prospect(*specs), HISTORY, lanes=1, minutes=3).takes.seconds == 180


def test_that_modes_that_the_same_thing_hinders_are_told_together():
    modes = ("transfer", "finetune")
    hindrances = tuple(Hindrance(model="b", mode=mode, cause="None.", remedy="Fetch.") for mode in modes)
    (one,) = outlook(prospect(hindrances=hindrances), HISTORY, lanes=1, minutes=0).hindered
    assert (one.model, one.modes) == ("b", modes)


def test_that_what_a_probe_measured_counts_before_earlier_runs():
    found = outlook(
        prospect(spec(FromScratch())),
        HISTORY,
        lanes=1,
        minutes=0,
        measured=lambda mode, model, epochs: Estimate(epochs * 2.0, 1.0, 40.0) if mode == "scratch" else None,
    )
    assert found.takes == Estimate(20.0, 1.0, 40.0)
