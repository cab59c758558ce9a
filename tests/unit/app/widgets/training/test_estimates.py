"""How long a run will take, from runs that were done before."""

from app.widgets.training.estimates import Estimate, estimate, total
from core.actions.reporting import RunSummary


def done(mode: str, model: str, seconds: float | None, epochs: int = 10) -> RunSummary:
    return RunSummary(
        run=f"0001-{mode}-{model}",
        state="completed",
        mode=mode,
        model=model,
        epochs=epochs,
        val=None,
        test=None,
        seconds=seconds,
        path="",
    )


def test_that_time_grows_with_the_epochs():
    assert estimate([done("scratch", "a", 20.0)], "scratch", "a", 30).seconds == 60


def test_that_the_last_three_runs_of_the_same_model_count():
    runs = [done("scratch", "a", seconds) for seconds in (900.0, 10.0, 20.0, 30.0)]
    assert estimate([*runs, done("scratch", "b", 700.0)], "scratch", "a", 10).seconds == 20


def test_that_another_model_gives_a_wider_guess_than_the_same():
    same = estimate([done("transfer", "a", 10.0)], "transfer", "a", 10)
    other = estimate([done("transfer", "b", 10.0)], "transfer", "a", 10)
    assert other.seconds == same.seconds
    assert other.high - other.low > same.high - same.low


def test_that_nothing_is_guessed_from_another_mode_or_from_runs_that_never_ended():
    runs = [done("scratch", "a", 10.0), done("transfer", "a", None), done("transfer", "a", 5.0, epochs=0)]
    assert estimate(runs, "transfer", "a", 10) is None


def test_that_runs_one_after_another_add_up():
    assert total([Estimate(1, 0.5, 2), Estimate(3, 2, 6)]) == Estimate(4, 2.5, 8)
