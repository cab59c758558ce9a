"""Takes out of texts what a user may not want to show: who they are, where their files are, what is in their data."""

import getpass
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import msgspec
from msgspec import Struct

PICTURE, FOLDER, PROJECT, USER = "<picture>", "<folder>", "<project>", "~"
_GRAM = 8  # characters by which names are looked up: texts are gone through once, however many names there are
_SHORTEST_STEM = 6  # "0001" may be a picture's name, and is a number much more often
_SHORTEST_WORD = 3
# A second net: whatever still looks like the path of a picture, such as one that never came into the project.
_PICTURE_LIKE = re.compile(r"[^\s\"'“”‘’<>|]+\.(?:jpe?g|png|bmp|tiff?|webp|gif)\b", re.IGNORECASE)


class Private(Struct, kw_only=True):
    """What a project holds that nobody else need know."""

    folder: Path | None = None  # of the project
    name: str = ""  # of the project
    pictures: set[str]  # paths, as the project and its runs know them
    classes: dict[str, str]  # name -> what stands in its place


class Redactor:
    """``text``, ``value`` and ``json`` return copies without ``private``, the user's name and the user's home folder.

    Names are found in every form in which programs print them: composed and decomposed letters, JSON and Python
    escapes. A name of one or two letters, or a number, is taken out only where it is all that a JSON text holds:
    elsewhere that would lose more than it hides.
    """

    def __init__(self, private: Private) -> None:
        self._classes = private.classes
        self._names: dict[str, str] = {}
        for name, shown in _picture_names(private.pictures):
            self._names |= dict.fromkeys(_forms(name), shown)
        self._by_end: dict[str, list[str]] = {}
        for name in self._names:
            self._by_end.setdefault(name[-_GRAM:], []).append(name)
        self._lengths = {len(end) for end in self._by_end}
        words = {name: shown for name, shown in private.classes.items() if _is_telling(name)}
        if _is_telling(private.name):
            words[private.name] = PROJECT
        if private.folder is not None:
            words |= {str(private.folder): PROJECT, str(private.folder.resolve()): PROJECT}
        self._replace_words = _replacer(words)
        self._replace_user = _replacer(dict.fromkeys(_user_words(), USER), re.IGNORECASE)

    def text(self, text: str) -> str:
        """Pictures go first: their paths hold all the others."""
        kept, end = [], 0
        for start, stop, shown in sorted(self._pictures_in(text), key=lambda span: (span[0], -span[1])):
            if start >= end:
                kept += [text[end:start], shown]
            end = max(end, stop)
        text = "".join([*kept, text[end:]])
        return self._replace_user(self._replace_words(_PICTURE_LIKE.sub(PICTURE, text)))

    def value(self, value: Any) -> Any:
        """Every text of a JSON value but the ``type`` of an object, which is our own word; numbers stay too."""
        match value:
            case str():
                return self._classes.get(value) or self.text(value)
            case dict():
                return {self.value(key): item if key == "type" else self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case _:
                return value

    def json(self, document: bytes) -> str:
        """A JSON document, indented. Raises ``msgspec.DecodeError``."""
        redacted = self.value(msgspec.json.decode(document))
        return msgspec.json.format(msgspec.json.encode(redacted), indent=1).decode()

    def _pictures_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where names begin and end in ``text``, and what is shown for them."""
        for length in self._lengths:
            for end in range(length, len(text) + 1):
                for name in self._by_end.get(text[end - length : end], ()):
                    start = end - len(name)
                    if start >= 0 and text.startswith(name, start):
                        yield start, end, self._names[name]


def _picture_names(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in map(PurePath, paths):
        if len(path.parts) > 2:  # neither the root nor what lies in it
            yield str(path.parent), FOLDER
        if len(path.stem) >= _SHORTEST_STEM and not path.stem.isdigit():
            yield path.stem, PICTURE
        yield path.name, PICTURE
        yield str(path), PICTURE


def _user_words() -> Iterator[str]:
    for home in {Path.home(), Path.home().resolve()}:
        if len(home.parts) > 1:
            yield from (str(home), home.as_posix())
    with suppress(OSError, KeyError, ImportError):  # the user of a container need not have a name
        yield getpass.getuser()


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST_WORD and not name.isdigit()


def _forms(name: str) -> set[str]:
    """How programs print ``name``."""
    if name.isascii() and name.isprintable() and not {"\\", '"', "'"} & set(name):
        return {name} - {""}
    normal = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    return normal.union(
        *(
            (
                repr(one)[1:-1],
                json.dumps(one)[1:-1],
                json.dumps(one, ensure_ascii=False)[1:-1],
                one.encode("ascii", "backslashreplace").decode(),
                one.encode("utf-8", "backslashreplace").decode(),
            )
            for one in normal
        )
    )


def _replacer(words: Mapping[str, str], flags: re.RegexFlag = re.NOFLAG) -> Callable[[str], str]:
    """Replaces words where they do not stand within a longer one; an underscore ends a word."""
    forms = {form.casefold(): shown for word, shown in words.items() for form in _forms(word)}
    if not forms:
        return lambda text: text
    kept = {form for word in words for form in _forms(word)}
    pattern = re.compile("|".join(map(_bounded, sorted(kept, key=len, reverse=True))), flags)
    return lambda text: pattern.sub(lambda found: forms.get(found.group().casefold(), USER), text)


def _bounded(word: str) -> str:
    before = r"(?<![^\W_])" if word[0].isalnum() else ""
    after = r"(?![^\W_])" if word[-1].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"
