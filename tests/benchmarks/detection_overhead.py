"""What Lensmith costs: the same detection training through its back-end and through a bare ultralytics script.

python -m tests.benchmarks.detection_overhead [--epochs 6] [--rounds 2] [--cached]

Both train YOLOv8n from scratch on the plush toys (size 320, batch 8, AdamW, same augmentation) and validate after each
epoch; both keep pictures in memory with ``--cached`` and only the mosaic buffer without. Each round is a fresh process
of each kind, taking turns; told is the ratio of the training times (epochs only; set-up is told beside it).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.benchmarks.lensmith import DATA, lensmith
from tests.benchmarks.plush import source

SIZE, BATCH = 320, 8


def bare(folder: Path, epochs: int, cached: bool) -> dict[str, float]:
    """As ultralytics' documentation has it, with everything that Lensmith also leaves out switched off."""
    from ultralytics import YOLO

    parts = {}
    for part in ("train", "valid"):
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True)
            for path in (DATA / "plush/2plysaci" / part / kind).iterdir():
                (folder / part / kind / path.name).write_bytes(path.read_bytes())
        parts["val" if part == "valid" else part] = str(folder / part / "images")
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": ["oslik", "ovecka"], **parts}))
    model = YOLO("yolov8n.yaml")
    times: dict[str, float] = {}
    model.add_callback("on_train_start", lambda trainer: times.update(start=time.perf_counter()))
    model.add_callback("on_fit_epoch_end", lambda trainer: times.setdefault(f"{trainer.epoch}", time.perf_counter()))
    from core.backends.ultralytics_training import AUGMENTATION

    model.train(
        data=str(folder / "data.yaml"),
        epochs=epochs,
        imgsz=SIZE,
        batch=BATCH,
        nbs=BATCH,
        optimizer="AdamW",
        lr0=1e-3,
        cos_lr=True,
        warmup_epochs=0,
        device="cpu",
        plots=False,
        verbose=False,
        close_mosaic=1,
        cache=cached,
        project=str(folder),
        **AUGMENTATION["medium"],
    )
    return {"training": times[f"{epochs - 1}"] - times["start"]}


def ours(folder: Path, epochs: int, cached: bool) -> dict[str, float]:
    from core.backends import ultralytics_data, ultralytics_detector
    from core.domain.event import EpochFinished, RunEvent
    from core.domain.run import FromScratch, RunSpec
    from core.domain.task import Task
    from core.runs.event_log import EventLog
    from core.runs.reporting import RunReporter
    from core.store.project_store import ProjectStore
    from core.training.contract import TrainingJob

    ultralytics_data.CACHED_SHARE = 0.25 if cached else 0.0
    lensmith(folder / "home", "import", str(folder / "project"), str(source(folder, "2plysaci")), "--yes")
    store = ProjectStore.open(folder / "project")
    snapshot = store.snapshot()
    store.close()
    spec = RunSpec(
        task=Task.DETECTION,
        engine="ultralytics",
        architecture="yolov8n",
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=epochs,
        batch_size=BATCH,
        image_size=SIZE,
        augmentation="medium",
        gradient_clip=10.0,
        device="cpu",
    )
    run_dir = folder / "run"
    run_dir.mkdir()
    seconds: list[float] = []
    with EventLog(run_dir / "events.jsonl") as log:
        reporter = RunReporter(run_dir, log)

        class Watching:
            def emit(self, event: RunEvent) -> None:
                reporter.emit(event)
                if isinstance(event, EpochFinished):
                    seconds.append(time.perf_counter())

            def check_stop(self) -> None:
                reporter.check_stop()

        job = TrainingJob(run_dir=run_dir, cache_dir=folder, spec=spec, snapshot=snapshot)
        watching = Watching()
        # The clock starts where ultralytics' own does: when the loaders are ready and the first epoch begins.
        from core.backends.ultralytics_training import SnapshotTraining

        begin = SnapshotTraining.run_callbacks

        def note_start(self: SnapshotTraining, event: str) -> None:
            if event == "on_train_start":
                seconds.append(time.perf_counter())
            begin(self, event)

        SnapshotTraining.run_callbacks = note_start  # type: ignore[method-assign]
        ultralytics_detector.fit(job, watching)
        seconds.append(time.perf_counter())
    return {"training": seconds[-1] - seconds[0]}


def child(kind: str, epochs: int, cached: bool) -> None:
    from core.runs.environment import prepare_ultralytics, shield

    shield()
    prepare_ultralytics()
    with tempfile.TemporaryDirectory() as name:
        result = {"bare": bare, "ours": ours}[kind](Path(name), epochs, cached)
    print("RESULT " + json.dumps(result), flush=True)


def run(kind: str, epochs: int, cached: bool) -> float:
    arguments = ["--child", kind, "--epochs", str(epochs), *(["--cached"] if cached else [])]
    process = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.detection_overhead", *arguments], capture_output=True, text=True
    )
    line = next((line for line in process.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise SystemExit(process.stdout[-2000:] + process.stderr[-4000:])
    return float(json.loads(line.removeprefix("RESULT "))["training"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cached", action="store_true")
    parser.add_argument("--child", choices=["bare", "ours"])
    options = parser.parse_args()
    if options.child:
        child(options.child, options.epochs, options.cached)
        return
    best = {"bare": float("inf"), "ours": float("inf")}
    for number in range(options.rounds):
        for kind in best:
            seconds = run(kind, options.epochs, options.cached)
            best[kind] = min(best[kind], seconds)
            print(f"round {number + 1}, {kind}: {seconds:.1f} s for {options.epochs} epochs", flush=True)
    print(f"Lensmith / bare ultralytics: {best['ours'] / best['bare']:.3f} (goal: at most 1.05)")


if __name__ == "__main__":
    main()
