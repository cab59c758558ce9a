"""Disagreements of models in words, for a list and for a sentence."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from app.widgets.compare.answers import LETTERS
from app.widgets.gallery.overlay import ClassLook
from core.domain.task import Split

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    from core.actions.disagreeing import Disagreements
    from core.metrics.disagreement import ImageDisagreement, Place

translate = QCoreApplication.translate
_TOLD = 2  # places that are told in a row; more are counted
Looks = Mapping[int, ClassLook]


def kind_words(kind: str, models: int) -> str:
    """Of ``ImageDisagreement.kind``: who is right."""
    if kind.startswith("only_"):
        return translate("Disagreements", "Only {} right").format(LETTERS[int(kind[5:])])
    if models == 2:
        words = {"all": translate("Disagreements", "Both right"), "none": translate("Disagreements", "Both wrong")}
        return words[kind]
    return {
        "all": translate("Disagreements", "All right"),
        "none": translate("Disagreements", "All wrong"),
        "some": translate("Disagreements", "Several right"),
    }[kind]


def kinds_of(models: int) -> list[str]:
    """All that there can be, in the order of a list."""
    return [*(f"only_{number}" for number in range(models)), *(["some"] if models > 2 else []), "none", "all"]


def row_words(row: "ImageDisagreement", looks: Looks) -> str:
    """What the models say where they disagree."""
    if row.top:
        return _class_words(row, looks)
    places = [place for place in row.places if place.differs]
    if not places:
        return translate("Disagreements", "No difference worth a look")
    told = [_place_words(place, looks) for place in places[:_TOLD]]
    more = len(places) - len(told)
    return "; ".join(told) + (f" +{more}" if more else "")


def summary(told: "Disagreements") -> str:
    """How often they disagree, and who is right then."""
    counts, differing = told.count(), sum(row.differs for row in told.rows)
    pictures = _pictures(told)
    if not differing:
        return translate("Disagreements", "These models agree on all {}.").format(pictures)
    sentence = translate("Disagreements", "They disagree on {0} of {1}.").format(f"{differing:,}", pictures)
    if not any(kind.startswith("only_") for kind in counts):
        return sentence
    alone = [(LETTERS[number], counts.get(f"only_{number}", 0)) for number in range(len(told.runs))]
    only = ", ".join(f"{letter} {count:,}" for letter, count in alone)
    return f"{sentence} {translate('Disagreements', 'Only one is right: {}.').format(only)}"


def remarks(told: "Disagreements") -> list[str]:
    """What is not quite comparable."""
    found = []
    if told.relabelled:
        found.append(
            translate(
                "Disagreements",
                "%n picture(s) had other labels in another run; those of the newest run count.",
                "",
                told.relabelled,
            )
        )
    if told.left_out:
        found.append(
            translate(
                "Disagreements",
                "%n picture(s) left out: not all of these runs were judged on them.",
                "",
                told.left_out,
            )
        )
    return found


def _pictures(told: "Disagreements") -> str:
    if told.split is Split.TEST:
        return translate("Disagreements", "%n test picture(s)", "", len(told.rows))
    return translate("Disagreements", "%n validation picture(s)", "", len(told.rows))


def _class_words(row: "ImageDisagreement", looks: Looks) -> str:
    named = [top[0].class_id for top in row.top]
    if len(set(named)) > 1:
        return _grouped(named, looks)
    shares = [f"{letter} {100 * top[0].probability:.0f} %" for letter, top in zip(LETTERS, row.top, strict=False)]
    return f"{_name(named[0], looks)}: {', '.join(shares)}"


def _place_words(place: "Place", looks: Looks) -> str:
    classes = [None if one is None else one.box.class_id for one in place.seen]
    kinds = {one for one in classes if one is not None}
    if len(kinds) > 1:
        return _grouped(classes, looks)
    name = _name(kinds.pop(), looks)
    if None not in classes:
        return translate("Disagreements", "{} lies otherwise").format(name)
    letters = "".join(letter for letter, one in zip(LETTERS, classes, strict=False) if one is not None)
    return translate("Disagreements", "{0} only in {1}").format(name, letters)


def _grouped(classes: Iterable[int | None], looks: Looks) -> str:
    """``AC cat, B dog``."""
    letters: dict[int, str] = {}
    for letter, one in zip(LETTERS, classes, strict=False):
        if one is not None:
            letters[one] = letters.get(one, "") + letter
    return ", ".join(f"{who} {_name(one, looks)}" for one, who in letters.items())


def _name(class_id: int, looks: Looks) -> str:
    return looks[class_id].name if class_id in looks else "?"
