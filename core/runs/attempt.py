"""What a worker does, in the order in which it happens."""

import time
from pathlib import Path

from core.backends.loading import load
from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.event import ArtifactReady, Finished, Outcome, Warned
from core.domain.history import RunHistory
from core.domain.run import RunSpec, RunWeights, weights_of
from core.domain.usage import together
from core.runs.companions import companions
from core.runs.cross_validation import FOLDS_FILE, cross_validate
from core.runs.environment import prepare_ultralytics
from core.runs.evaluation import ONNX, WEIGHTS, evaluate
from core.runs.event_log import EVENTS, read_events
from core.runs.probing import PROBE_FILE, probe
from core.runs.reporting import RunReporter
from core.runs.status import CHECKPOINT, OUTPUT
from core.store.codec import read_json
from core.store.files import file_sha256, newest_whole
from core.store.vault import Vault
from core.training.contract import Backend, Reporter, StopRequested, TrainingJob


def carry_out(run_dir: Path, resume: bool, report: RunReporter) -> Finished:
    """Train, export, evaluate the exported file, write the report. Every failure leaves as an exception."""
    began = time.monotonic()
    job = prepare(run_dir, resume, report)
    if "," in job.spec.device:  # the engine will tell of the first card only
        report.meter.use_cards(job.spec.device)
    told = _told(run_dir)
    earlier = sum(epoch.seconds for epoch in told.epochs) if job.resume else 0.0
    prepare_ultralytics()
    if (run_dir / FOLDS_FILE).exists():
        return cross_validate(job, load(job.spec.engine), report)

    trained = time.monotonic()
    with companions(run_dir, job.spec, resume=job.resume):
        backend = load(job.spec.engine)
        if (run_dir / PROBE_FILE).exists():
            return probe(job, backend, report, began)
        stopped = _fit(backend, job, report)
    training = earlier + time.monotonic() - trained
    if not (run_dir / WEIGHTS).exists():
        if stopped:
            return Finished(
                outcome=Outcome.STOPPED, reason="Stopped before the first epoch was over: nothing to export."
            )
        raise LensmithError("The training engine ended without weights.", f"{run_dir / OUTPUT} may tell why.")
    report.emit(ArtifactReady(kind="weights", path=WEIGHTS))

    card = backend.export(job, run_dir / ONNX, report)
    evaluate(
        job,
        backend,
        card,
        report,
        lambda: (earlier + time.monotonic() - began, training),
        lambda: together(filter(None, (told.used_before, report.meter.usage()))),
    )
    if stopped:
        return Finished(outcome=Outcome.STOPPED, reason="Stopped on request; the best weights so far were exported.")
    return Finished(outcome=Outcome.COMPLETED)


def prepare(run_dir: Path, resume: bool, report: Reporter) -> TrainingJob:
    """What a back-end needs to know; raises ``LensmithError`` when pictures or weights are missing."""
    spec = read_json(run_dir / "spec.json", RunSpec)
    snapshot = read_json(run_dir / "snapshot.json", Snapshot)
    _check_pictures(snapshot)
    checkpoint = run_dir / CHECKPOINT
    if resume and checkpoint.exists() and newest_whole(checkpoint) is None:
        report.emit(Warned(cause=f"The checkpoints of run {run_dir.name} are damaged: training starts over."))
    weights = _weights(run_dir, spec)
    start = weights_of(spec.start)
    return TrainingJob(
        run_dir=run_dir,
        cache_dir=run_dir.parent.parent / "cache",
        spec=spec,
        snapshot=snapshot,
        weights=weights,
        previous_classes=start.classes if isinstance(start, RunWeights) else (),
        resume=resume and newest_whole(checkpoint) is not None,
    )


def _fit(backend: Backend, job: TrainingJob, report: RunReporter) -> bool:
    """Train; whether the user stopped it. From here on a wish to stop is met by finishing what there is."""
    try:
        backend.fit(job, report)
        return False
    except StopRequested:
        return True
    finally:
        report.may_stop = False


def _check_pictures(snapshot: Snapshot) -> None:
    missing = [image.path for image in snapshot.images if not Path(image.path).exists()]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise LensmithError(
            f"{missing[0]}{others} of {len(snapshot.images)} pictures cannot be found.",
            "Reconnect the disk that holds them, or import the folder from its new place; then start a new run.",
        )


def _weights(run_dir: Path, spec: RunSpec) -> Path | None:
    """The file that training starts from. Raises ``LensmithError`` if it is gone or another one by now."""
    start = weights_of(spec.start)
    if start is None:
        return None
    if not isinstance(start, RunWeights):
        return Vault().path(start.sha256)
    path = run_dir.parents[1] / "runs" / start.run / WEIGHTS  # a probe is not in the folder of runs itself
    if not path.exists():
        raise LensmithError(f"The weights of run {start.run}, {path}, are missing.", "Start from other weights.")
    if file_sha256(path) != start.sha256:
        raise LensmithError(
            f"The weights of run {start.run} changed after this run was prepared.", "Make this run anew."
        )
    return path


def _told(run_dir: Path) -> RunHistory:
    return RunHistory().extend(read_events(run_dir / EVENTS))
