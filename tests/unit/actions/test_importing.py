"""Importing: what an archive leaves behind, and what becomes of a project that was made for nothing."""

import shutil
import zipfile
from pathlib import Path

import pytest

from core.actions.importing import ImportChoices, decided, open_for_preview, opened, run_import
from core.actions.projects import project_to_import_into
from core.domain.annotation import Boxes
from core.domain.errors import Cancelled, LensmithError
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw_classes, draw_yolo


def archive_of(folder: Path, count: int = 3) -> Path:
    source = draw_classes(folder / "set", {"cat": count, "dog": count})
    target = folder / "set.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(source.rglob("*.png")):
            archive.write(path, path.relative_to(source))
    return target


def pictures_in(project: Path) -> list[Path]:
    return sorted(project.rglob("*.png"))


def cancel_at(step: str):
    def progress(done: int, total: int, what: str) -> None:
        if what == step:
            raise Cancelled

    return progress


@pytest.mark.parametrize("step", ["Unpacking", "Reading pictures"])
def test_that_a_cancelled_archive_leaves_neither_pictures_nor_project(tmp_path: Path, step: str) -> None:
    archive, project = archive_of(tmp_path), tmp_path / "p"
    with (
        pytest.raises(Cancelled),
        project_to_import_into(project) as store,
        opened(store, archive, progress=cancel_at(step)) as dataset,
    ):
        run_import(store, dataset, cancel_at(step))
    assert not project.exists()


def test_that_a_cancelled_archive_leaves_an_earlier_project_and_its_pictures_alone(tmp_path: Path) -> None:
    archive, project = archive_of(tmp_path), tmp_path / "p"
    with project_to_import_into(project) as store, opened(store, archive) as dataset:
        run_import(store, dataset)
    before = pictures_in(project)
    with (
        pytest.raises(Cancelled),
        project_to_import_into(project) as store,
        opened(store, archive) as dataset,
    ):
        run_import(store, dataset, cancel_at("Reading pictures"))
    assert pictures_in(project) == before
    assert len(before) == 6


def test_that_what_a_killed_import_unpacked_is_removed_by_the_next_preview(tmp_path: Path) -> None:
    archive = archive_of(tmp_path)
    with ProjectStore.create(tmp_path / "p") as store:
        with opened(store, archive) as dataset:
            left = Path(dataset.images[0].path)
            copy = left.read_bytes()
        assert not left.exists()
        left.parent.mkdir(parents=True)
        left.write_bytes(copy)
        with opened(store, archive):
            pass
    assert pictures_in(tmp_path / "p") == []


def test_that_an_empty_folder_given_for_a_project_stays_as_empty_as_it_was(tmp_path: Path) -> None:
    project = tmp_path / "p"
    project.mkdir()
    with pytest.raises(LensmithError), project_to_import_into(project) as store, opened(store, tmp_path / "nothing"):
        pass
    assert list(project.iterdir()) == []


def test_that_a_damaged_archive_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with (
        pytest.raises(LensmithError, match="damaged"),
        project_to_import_into(tmp_path / "p") as store,
        opened(store, tmp_path / "bad.zip"),
    ):
        pass
    assert not (tmp_path / "p").exists()


def test_that_unreadable_pictures_are_counted_and_the_rest_is_written(tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "set", {"cat": 300, "dog": 300})
    (source / "cat" / "x.png").write_bytes(b"")
    with ProjectStore.create(tmp_path / "p") as store:
        with opened(store, source) as dataset:
            result = run_import(store, dataset)
        assert [image.path for image in store.images()] == sorted(str(path) for path in source.rglob("[0-9]*.png"))
    assert (result.images_added, result.skipped) == (600, 1)
    assert [finding.kind for finding in result.findings] == ["empty_file"]


def test_that_a_source_opened_for_preview_shows_its_pictures_and_changes_nothing(tmp_path: Path) -> None:
    source = draw_yolo(tmp_path / "set", ["0 0.5 0.5 0.5 0.5\n"] * 20 + [None] * 20)
    (source / "images" / "000.png").write_bytes(b"no picture")
    with ProjectStore.create(tmp_path / "p") as store:
        opened_source = open_for_preview(store, source)
        assert len(opened_source.samples) == 12
        assert len({image.hash for image in opened_source.samples}) == 12
        assert all(isinstance(image.annotation, Boxes) and image.annotation.boxes for image in opened_source.samples)
        opened_source.close()
        assert store.images() == []
        assert store.info.task is None


def test_that_an_archive_put_away_after_its_preview_leaves_nothing(tmp_path: Path) -> None:
    draw_classes(tmp_path / "set", {"cat": 3, "dog": 3})
    archive = Path(shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set"))
    with ProjectStore.create(tmp_path / "p") as store:
        first = open_for_preview(store, archive)
        assert any((store.path / "images").iterdir())
        first.close()
        assert not any((store.path / "images").iterdir())
        second = open_for_preview(store, archive)
        run_import(store, second.dataset)
        second.close()
        assert all(Path(image.path).exists() for image in store.images())


def test_that_missing_and_empty_labels_are_each_taken_as_the_user_says(tmp_path: Path) -> None:
    source = draw_yolo(tmp_path / "set", ["0 0.5 0.5 0.5 0.5\n", "", None])
    with ProjectStore.create(tmp_path / "p") as store, opened(store, source) as dataset:

        def boxes(**choices: bool) -> list[int | None]:
            edited = decided(dataset, ImportChoices(**choices))
            return [None if image.boxes is None else len(image.boxes) for image in edited.images]

        assert boxes() == [1, 0, None]
        assert boxes(missing_is_background=True) == [1, 0, 0]
        assert boxes(empty_is_unlabelled=True) == [1, None, None]
        assert boxes(missing_is_background=True, empty_is_unlabelled=True) == [1, None, 0]
