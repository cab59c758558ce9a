"""A run's report as a file to hand on: a page to read and print, a table of its classes, or all of it as data."""

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec

from core.actions.curve_remarks import remarks_of
from core.actions.forgetting import forgetting_of, sentence
from core.actions.html_page import page, table
from core.actions.reporting import report_of
from core.domain.errors import LensmithError
from core.domain.forgetting import Forgetting
from core.domain.report import ClassScores, Report, SplitReport
from core.store.files import translated_errors, write_atomic
from core.store.run_store import RunFolder
from core.training.diagnosis import Remark

KINDS = (".html", ".csv", ".json")


def save_report(run: RunFolder, target: Path) -> None:
    """Write the report of ``run`` to ``target``; its ending, one of ``KINDS``, says as what.

    Raises:
        LensmithError: another ending, no report yet, or the file cannot be written.
    """
    makers = {
        ".html": lambda report: _page(report, remarks_of(run), forgetting_of(run)),
        ".csv": _table,
        ".json": _data,
    }
    maker = makers.get(target.suffix.lower())
    if maker is None:
        raise LensmithError(f"A report cannot be saved as “{target.name}”.", f"Choose a name with {', '.join(KINDS)}.")
    content = maker(report_of(run))
    with translated_errors(target):
        write_atomic(target, content)


def _data(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def _table(report: Report) -> bytes:
    """One row a split and class; empty where a figure is undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field for field in ClassScores.__struct_fields__ if field != "name"]
    writer.writerow(["split", "class", *names])
    for split, part in _parts(report):
        for scores in part.classes:
            writer.writerow([split, scores.name, *(getattr(scores, name) for name in names)])
    return text.getvalue().encode("utf-8-sig")  # with its mark, or spreadsheets misread every accent


def _page(report: Report, remarks: Sequence[Remark], forgetting: Forgetting | None) -> bytes:
    title = f"Run {report.run}"
    facts = [
        ("Model", report.architecture),
        ("Mode", report.mode),
        ("Seed", report.seed),
        ("Data", report.data_hash),
        ("Time", f"{report.seconds_total:.0f} s, {report.seconds_training:.0f} s of them training"),
        ("ONNX file", f"{report.onnx}, SHA-256 {report.onnx_sha256}"),
    ]
    if report.parity is not None:
        passed = "passed" if report.parity.passed else "failed"
        limits = f"difference {report.parity.max_abs_diff:.1e}, allowed {report.parity.tolerance:.0e}"
        facts.append(("Parity with PyTorch", f"{passed} ({limits}, {report.parity.images} images)"))
    body = [f"<h1>{escape(title)}</h1>", table([], facts), _said(remarks)]
    if forgetting is not None:
        body.append(f"<h2>What was forgotten</h2><p>{escape(sentence(forgetting))}</p>")
    for split, part in _parts(report):
        words = "the test set, which judges" if split == "test" else "the validation set, which chose the best epoch"
        body += [f"<h2>On {words}: {part.images} images</h2>", _metrics(part), _classes(part)]
        body += ["<h3>Confusion: rows are the truth, columns what was predicted</h3>", _confusion(part, report.classes)]
    return page(title, body)


def _said(remarks: Sequence[Remark]) -> str:
    """What the curves say, in words."""
    lines = "".join(f"<li><b>{escape(remark.seen)}</b> {escape(remark.remedy)}</li>" for remark in remarks)
    return f"<h2>What the curves say</h2><ul>{lines}</ul>" if lines else ""


def _parts(report: Report) -> list[tuple[str, SplitReport]]:
    return [(name, part) for name, part in (("test", report.test), ("val", report.val)) if part is not None]


def _metrics(part: SplitReport) -> str:
    rows = []
    for name, value in part.metrics.items():
        span = part.intervals.get(name)
        rows.append((name, f"{value:.3f}", f"{span.low:.3f} – {span.high:.3f}" if span else ""))
    return table(["metric", "value", "95 % interval"], rows)


def _classes(part: SplitReport) -> str:
    used = [
        name
        for name in ClassScores.__struct_fields__
        if name in ("name", "count") or any(getattr(scores, name) is not None for scores in part.classes)
    ]
    rows = [[_written(getattr(scores, name)) for name in used] for scores in part.classes]
    return table(["class", *used[1:]], rows)


def _confusion(part: SplitReport, classes: Sequence[str]) -> str:
    names = [*classes, "background"][: len(part.confusion)]
    return table(["", *names], [(name, *counts) for name, counts in zip(names, part.confusion, strict=True)])


def _written(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
