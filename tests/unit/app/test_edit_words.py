"""A sentence for everything that the diary of a project can say."""

import re
from pathlib import Path

import pytest

from app.edit_words import VERBS, sentence

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("verb", "detail", "said"),
    [
        ("draw", ("gear",), "Draw a box of gear"),
        ("change_class", ("gear", "nut"), "Change gear to nut"),
        ("delete", ("gear", "gear", "nut"), "gear, nut"),
        ("merge_classes", ("kept", "one", "two"), "Merge one, two into kept"),
        ("class_key", ("gear", ""), "No key for gear"),
        ("rename_class", ("a", "b"), "Rename a to b"),
    ],
)
def test_that_an_edit_is_said_with_the_names_that_it_concerns(verb, detail, said):
    assert said in sentence(verb, detail)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_that_no_verb_fails_for_want_of_detail(verb):
    assert sentence(verb)
    assert sentence(verb, ("a", "b", "c"))


def test_that_a_verb_of_a_later_version_is_shown_as_it_is():
    assert sentence("split_box", ("2",)) == "split box"


def test_that_every_verb_that_the_store_and_the_window_write_has_a_sentence():
    written = set()
    for file in [*(ROOT / "core" / "store").glob("*.py"), *(ROOT / "app" / "widgets" / "canvas").glob("*.py")]:
        text = file.read_text("utf-8")
        written |= set(re.findall(r'journal\.change\(db, "(\w+)"', text))
        written |= set(re.findall(r'_(?:commit|change|accept|add_beside)\((?:boxes, )?"(\w+)"', text))
    assert written >= {"draw", "nudge", "merge_classes"}
    assert written - VERBS == set()
