"""doubts."""

import argparse
from pathlib import Path

from core.actions import doubting
from core.cli import console
from core.labelling.doubts import Doubt
from core.store.project_store import ProjectStore

SHOWN = 40  # lines; all of them are in the JSON
_REASONS = {
    "trained": "the run trained on them",
    "missing": "their files are gone",
    "unreadable": "they cannot be read",
    "unknown_class": "the run does not know a class of theirs",
}


def doubts(options: argparse.Namespace) -> int:
    with ProjectStore.open(Path(options.project), for_writing=False) as store:
        with console.progress_bar() as progress:
            report = doubting.find_doubts(
                store, options.run, progress, image_size=options.image_size, epochs=options.epochs
            )
        names = {image_class.id: image_class.name for image_class in store.classes()}
        paths = {image.hash: image.path for image in store.images()}
    if options.json:
        console.print_json(report)
        return 0
    console.out.print(f"{report.judged} images judged by {report.source}, {len(report.images)} with doubtful labels")
    for reason, count in report.unjudged.items():
        console.out.print(f"{count} not judged: {_REASONS[reason]}")
    rows = [(one, doubt) for one in report.images for doubt in one.doubts]
    console.print_table(
        ["picture", "doubt", "sure"],
        [(paths[one.hash], _say(doubt, names), f"{doubt.certainty:.2f}") for one, doubt in rows[:SHOWN]],
        numbers_from=2,
    )
    if len(rows) > SHOWN:
        console.out.print(f"… and {len(rows) - SHOWN} more; all of them with --json")
    return 0


def _say(doubt: Doubt, names: dict[int, str]) -> str:
    given, answer = (names.get(one, "?") if one is not None else "nothing" for one in (doubt.given, doubt.answer))
    return {
        "wrong_class": f"{given}, rather {answer}",
        "missing_box": f"a box of {answer} is missing",
        "loose_box": f"the box of {given} lies badly",
        "extra_box": f"nothing is seen in the box of {given}",
    }[doubt.kind]
