"""When the turn of each queued run comes."""

from app.queue_watch import QueuedRun, QueueReading
from app.widgets.queue.turns import turns
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Task
from tests.unit.app.widgets.training.test_estimates import done

HISTORY = [done("scratch", "a", 100.0), done("transfer", "a", 10.0)]


def waiting(number: int, mode: str = "scratch", began: float | None = None, model: str = "a") -> QueuedRun:
    spec = RunSpec(
        task=Task.DETECTION,
        engine="simulated",
        architecture=model,
        start=FromScratch(),
        snapshot="",
        epochs=10,
        image_size=64,
    )
    return QueuedRun(run=f"{number:04d}-{mode}-{model}", mode=mode, model=model, spec=spec, began=began)


def starts(*runs: QueuedRun, lanes: int = 1, now: float = 1000.0) -> list[float | None]:
    return [turn.starts_in for turn in turns(QueueReading(runs=runs), HISTORY, now, lanes)]


def test_that_each_waits_for_all_before_it():
    assert starts(waiting(1), waiting(2, "transfer"), waiting(3)) == [0, 100, 110]


def test_that_what_is_left_of_a_run_under_way_counts():
    assert starts(waiting(1, began=940.0), waiting(2)) == [-60, 40]


def test_that_a_run_that_takes_longer_than_thought_is_about_to_end():
    assert starts(waiting(1, began=0.0), waiting(2)) == [-1000, 0]


def test_that_two_cards_work_side_by_side():
    assert starts(waiting(1), waiting(2, "transfer"), waiting(3), lanes=2) == [0, 0, 10]


def test_that_nothing_is_foretold_after_a_run_that_nobody_can_judge():
    assert starts(waiting(1), waiting(2, "finetune"), waiting(3)) == [0, 100, None]


def test_that_a_thousand_runs_are_foretold_from_one_look_at_each_kind(monkeypatch):
    asked = []
    from app.widgets.queue import turns as module

    monkeypatch.setattr(module, "estimate", lambda runs, *kind: asked.append(kind))
    turns(QueueReading(runs=tuple(waiting(number) for number in range(1000))), HISTORY, 0.0)
    assert asked == [("scratch", "a", 10)]
