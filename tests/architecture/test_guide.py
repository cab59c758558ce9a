"""The guide speaks of the window as it is: every page, picture, link and button that it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from app.pages import PAGES

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "resources" / "docs" / "guide"
FILES = sorted(GUIDE.glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
BOLD = re.compile(r"\*\*(.+?)\*\*")


def said_in(tree: ast.AST) -> list[str]:
    """The literal texts that go through ``tr()`` or ``translate()``."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    spoken = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in ("tr", "translate")]
    values = [argument.value for call in spoken for argument in call.args if isinstance(argument, ast.Constant)]
    return [value for value in values if isinstance(value, str)]


@cache
def window_texts() -> list[re.Pattern[str]]:
    """What can stand in the window: placeholders match anything, and the mark of a menu's key is left out."""
    texts = [text for file in (ROOT / "app").rglob("*.py") for text in said_in(ast.parse(file.read_text("utf-8")))]
    plain = [re.escape(text.replace("&", "")) for text in texts if text.strip("{}0123456789. ")]
    # A number at the end, as in “Problems 3”, need not be named.
    return [re.compile(re.sub(r"\\{\w*\\}|%n", ".+", re.sub(r"(\\ \\{\w*\\})$", r"(\1)?", text))) for text in plain]


def stands_in_the_window(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in window_texts())


# Words of the contents page that are explained and not pointed at.
TERMS = {"Project"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_that_every_bold_text_stands_in_the_window(file: Path) -> None:
    named = BOLD.findall(file.read_text("utf-8"))
    assert [text for text in named if text not in TERMS and not stands_in_the_window(text)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_that_every_link_and_picture_is_there(file: Path) -> None:
    links = [link for link in LINK.findall(file.read_text("utf-8")) if "://" not in link]
    assert links
    assert [link for link in links if not (file.parent / link.partition("#")[0]).is_file()] == []


def test_that_each_page_of_the_window_has_a_page_with_its_picture() -> None:
    for name in ("welcome", *(page for page, _ in PAGES)):
        assert f"../pictures/{name}-light.png" in (GUIDE / f"{name}.md").read_text("utf-8")


def test_that_every_page_is_reached_from_the_contents() -> None:
    linked = set(LINK.findall((GUIDE / "index.md").read_text("utf-8")))
    assert {file.name for file in FILES} - linked == {"index.md"}


def test_that_the_test_itself_tells_a_button_from_a_wish() -> None:
    assert stands_in_the_window("Start training")
    assert stands_in_the_window("New project…")
    assert stands_in_the_window("Ship run 2")
    assert not stands_in_the_window("Make everything good")
