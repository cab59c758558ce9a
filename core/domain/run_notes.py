"""What people say about a run; nothing of it changes what the run is. ``about.json`` is one ``RunNotes``."""

from collections.abc import Iterable

from msgspec import Struct

LONGEST_TAG = 40  # characters


class RunNotes(Struct, frozen=True, kw_only=True):
    """``archived``: put aside, and not listed unless somebody asks for it."""

    schema_version: int = 1
    note: str = ""
    tags: tuple[str, ...] = ()
    star: bool = False
    archived: bool = False


def as_tags(words: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, in the order given, capitals no matter; without ``#``, line breaks, commas and empty ones."""
    found: dict[str, str] = {}
    for word in words:
        for part in word.split(","):
            tag = " ".join(part.split()).lstrip("#").strip()[:LONGEST_TAG]
            if tag:
                found.setdefault(tag.casefold(), tag)
    return tuple(found.values())
