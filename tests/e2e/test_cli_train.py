"""``lensmith train`` with the real engine: two at once, one detached, on data that nobody has split yet."""

import re
from pathlib import Path

import pytest

from tests.e2e.commands import Lensmith, finish
from tests.e2e.pictures import draw_classes, fingerprint

TRAIN = ("train", "p", "--model", "simple_cnn", "--mode", "scratch", "--epochs", "3", "--size", "32")


@pytest.mark.slow
def test_that_two_trainings_started_at_once_both_reach_a_verified_onnx_file(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "snímky", {"červená": 20, "синий": 20})
    lensmith.ok("import", "p", source, "--yes")
    before = fingerprint(source)

    watched = lensmith.start(*TRAIN, "--json")
    detached = lensmith.start(*TRAIN, "--seed", "1", "--detach", "--json")
    started = finish(detached)
    done = finish(watched)
    followed = lensmith.ok("runs", "p", started.json["run"], "--follow", "--json")

    for result in (done.json, followed.json):
        assert list(result)[:8] == ["run", "outcome", "mode", "model", "seconds", "metrics", "onnx", "parity"]
        assert (result["outcome"], result["mode"], result["model"]) == ("completed", "scratch", "simple_cnn")
        assert 0 < result["seconds"]["training"] < result["seconds"]["total"]
        assert {"accuracy", "macro_f1"} <= result["metrics"]["val"].keys() & result["metrics"]["test"].keys()
        assert result["parity"]["passed"] is True
        assert {"max_abs_diff", "tolerance", "images", "metric_torch", "metric_onnx"} <= result["parity"].keys()
    assert {run["run"] for run in lensmith.json("runs", "p")} == {done.json["run"], started.json["run"]}
    assert lensmith.json("check", "p")["splits"]["none"] == 0
    # Where it computes, at which precision, and in a sentence why.
    assert re.search(r"^(cpu|cuda:\d+) · \w+ · batch \d+ · .+\.$", done.err, re.MULTILINE), done.err
    assert fingerprint(source) == before

    exported = lensmith.json("export", "p", "--run", done.json["run"], "--to", "vývoz/modèle 部品.onnx")
    answers = lensmith.json("predict", exported["onnx"], source)
    assert len(answers) == 40
    assert all(answer["label"] in ("červená", "синий") for answer in answers)
    assert all(abs(sum(answer["probabilities"].values()) - 1) < 1e-4 for answer in answers)


def test_that_what_keeps_a_run_from_starting_is_said_before_anything_is_written(
    lensmith: Lensmith, place: Path
) -> None:
    lensmith.ok("new", "empty")
    assert "no labelled pictures" in lensmith.refused("train", "empty", *TRAIN[2:], "--json")
    lensmith.ok("import", "p", draw_classes(place / "set", {"cat": 4, "dog": 4}), "--yes")
    wrong: dict[tuple[str, ...], str] = {
        ("--model", "yolov8n"): "is made for detection",
        ("--size", "50"): "50 px",
        ("--epochs", "0"): "at least one epoch",
        ("--mode", "transfer"): "weights",
        ("--mode", "transfer", "--weights", "nobody"): "no weights “nobody”",
        ("--mode", "finetune", "--weights", "run:3"): "no run “3”",
    }
    for options, sentence in wrong.items():
        assert sentence in lensmith.refused(*TRAIN, *options, "--json")
    assert lensmith.json("runs", "p") == []
