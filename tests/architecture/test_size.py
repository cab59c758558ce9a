"""The module budget: small files, small functions, each module with a sentence about itself."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "app", "installer", "resources")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
WRITTEN = [path for path in MODULES if path.stat().st_size > 0]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_that_the_median_module_has_at_most_150_lines() -> None:
    assert median(map(lines, WRITTEN)) <= 150


def test_that_no_module_or_test_has_more_than_500_lines() -> None:
    tests = (ROOT / "tests").rglob("*.py")
    assert {str(path.relative_to(ROOT)): lines(path) for path in [*MODULES, *tests] if lines(path) > 500} == {}


def test_that_no_function_has_more_than_80_lines() -> None:
    too_long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= 80
    }
    assert too_long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_that_every_module_says_what_it_is(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in WRITTEN
        if path.is_relative_to(ROOT / package) and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
