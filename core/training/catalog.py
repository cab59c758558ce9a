"""The models that Lensmith knows, read from ``resources/catalog.toml``."""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.task import Task


class Entry(Struct, frozen=True, kw_only=True):
    """One architecture. ``flops`` in units of 10⁹ multiply-adds × 2, for one image at ``image_size``."""

    name: str  # what the user types and what the engine calls it
    title: str
    task: Task
    engine: str
    parameters: int | None  # with a head of 1,000 (classification) or 80 (detection) classes
    flops: float | None
    image_size: int  # pixels, square; what the published weights were trained at
    fixed_size: bool = False  # True: takes no other image size
    licence: str = ""
    weights: str = ""  # "packaged", a Hugging Face repository, a URL, or "" when nothing is published
    sentence: str = ""


@cache
def catalogue() -> tuple[Entry, ...]:
    """All entries in the file's order: small before large within a task."""
    table = tomllib.loads(files("resources").joinpath("catalog.toml").read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["model"], list[Entry], strict=False))


def find(name: str, task: Task | None = None) -> Entry:
    """The entry called ``name``, upper and lower case alike.

    Every other name is taken for a timm model: which names exist only the worker can tell, since timm imports torch.
    """
    for entry in catalogue():
        if entry.name.lower() == name.lower():
            return _checked(entry, task)
    if task is Task.DETECTION:
        raise LensmithError(
            f"There is no detection model called “{name}”.",
            "Choose one of: " + ", ".join(e.name for e in catalogue() if e.task is Task.DETECTION) + ".",
        )
    return Entry(
        name=name,
        title=name,
        task=Task.CLASSIFICATION,
        engine="timm",
        parameters=None,
        flops=None,
        image_size=224,
        weights="",
        sentence="A timm model that is not in the catalogue; its weights have to be imported.",
    )


def _checked(entry: Entry, task: Task | None) -> Entry:
    if task is not None and entry.task is not task:
        raise LensmithError(
            f"{entry.title} is made for {entry.task}, this project is for {task}.",
            "Choose one of: " + ", ".join(e.name for e in catalogue() if e.task is task) + ".",
        )
    return entry
