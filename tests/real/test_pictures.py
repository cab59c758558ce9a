"""Pictures that were not made for this project; skipped where they are not at hand."""

from collections import Counter
from pathlib import Path

import pytest

from core.data import images
from core.data.images import UnreadableImage

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")


def test_that_the_placeholder_among_the_ants_is_refused_and_nothing_else() -> None:
    refused = Counter()
    facts = []
    for path in sorted((DATA / "hymenoptera").rglob("*.*")):
        try:
            facts.append(images.inspect(path))
        except UnreadableImage as error:
            refused[path.name, error.kind] += 1
    assert refused == {("imageNotFound.gif", "gif"): 1}
    assert len({fact.hash for fact in facts}) == len(facts) == 244 + 153


def test_that_every_blood_picture_is_read_at_the_size_its_header_says() -> None:
    paths = sorted((DATA / "bccd" / "JPEGImages").glob("*.jpg"))
    assert len(paths) == 364
    for path in paths:
        facts = images.inspect(path)
        assert (facts.width, facts.height, facts.format) == (640, 480, "jpeg")
    assert images.read(paths[0]).shape == (480, 640, 3)
    assert images.thumbnail(paths[0], 64).shape == (48, 64, 3)
