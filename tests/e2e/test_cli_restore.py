"""``lensmith restore``: a damaged project comes back from the command line."""

from pathlib import Path

from tests.e2e.commands import Lensmith
from tests.e2e.pictures import draw_classes


def test_that_a_damaged_project_names_its_backup_and_is_restored(lensmith: Lensmith, place: Path) -> None:
    project = place / "p"
    lensmith.ok("import", project, draw_classes(place / "set", {"cat": 4, "dog": 5}), "--yes")
    file = project / "lensmith.db"
    (one,) = lensmith.json("restore", project, "--list")
    assert one["backup"] == "1"
    file.write_bytes(file.read_bytes()[:5000])
    said = " ".join(lensmith.refused("split", project).split())
    assert "is damaged" in said
    assert "(lensmith restore)" in said
    assert "There is no backup “7”" in lensmith.refused("restore", project, "--backup", "7")
    done = lensmith.json("restore", project)
    assert done["backup"] == "1"
    assert Path(done["kept"]).stat().st_size == 5000
    assert lensmith.json("check", project)["images"] == 9
