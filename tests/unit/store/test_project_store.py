import sqlite3
import threading
from contextlib import closing

import pytest

from core.domain.annotation import Unlabelled
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.task import Split, Task
from core.store import classes
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.unit.store.helpers import annotate, boxes, empty_snapshot, label, row, spec


@pytest.fixture
def store(tmp_path):
    with ProjectStore.create(tmp_path / "project", "Parts", Task.CLASSIFICATION) as opened:
        yield opened


def hash_of(number):
    return f"{number:032x}"


def test_that_a_new_project_is_empty_and_says_what_it_is(tmp_path):
    with ProjectStore.create(tmp_path / "Šrouby 一", "Šrouby") as store:
        assert not store.read_only
        assert store.holder is None
        assert (store.info.name, store.info.task, len(store.info.id)) == ("Šrouby", None, 32)
        assert (store.images(), store.files(), store.classes(), store.problems()) == ([], [], (), ())
        info = store.info
    with ProjectStore.open(tmp_path / "Šrouby 一") as again:
        assert again.info == info


def test_that_a_closed_project_is_one_database_file_and_its_folders(store):
    store.add_classes(["bolt"])
    store.close()
    store.close()
    assert {entry.name for entry in store.path.iterdir()} == {"lensmith.db", "lensmith.lock", "runs", "cache"}


def test_that_a_project_without_a_name_is_called_like_its_folder(tmp_path):
    with ProjectStore.create(tmp_path / "valves", "  ") as store:
        assert store.info.name == "valves"


def test_that_no_project_is_made_beside_pictures(tmp_path):
    (tmp_path / "first.jpg").write_bytes(b"a picture")
    with pytest.raises(LensmithError, match="is not empty"):
        ProjectStore.create(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["first.jpg"]


def test_that_a_project_is_not_made_over_another(store):
    with pytest.raises(LensmithError, match="is a Lensmith project already"):
        ProjectStore.create(store.path)


def test_that_a_create_that_was_killed_half_way_can_be_repeated(tmp_path):
    (tmp_path / "lensmith.lock").touch()
    (tmp_path / "lensmith.db.new").write_bytes(b"half")
    (tmp_path / "runs").mkdir()
    with ProjectStore.create(tmp_path, "p") as store:
        assert store.info.name == "p"


def test_that_a_folder_that_is_no_project_is_refused_and_left_alone(tmp_path):
    with pytest.raises(LensmithError, match="is not a Lensmith project"):
        ProjectStore.open(tmp_path)
    with pytest.raises(LensmithError, match="is not a Lensmith project"):
        ProjectStore.open(tmp_path / "absent")
    (tmp_path / "lensmith.db").touch()
    with pytest.raises(LensmithError, match="its database is empty"):
        ProjectStore.open(tmp_path)


def test_that_a_database_of_garbage_is_called_damaged_and_kept(tmp_path):
    (tmp_path / "lensmith.db").write_bytes(b"garbage" * 2000)
    with pytest.raises(LensmithError, match="damaged"):
        ProjectStore.open(tmp_path)
    assert (tmp_path / "lensmith.db").read_bytes() == b"garbage" * 2000


def test_that_a_damaged_page_is_found_on_opening(store, tmp_path):
    store.import_images(row(number, tmp_path / f"{number}.jpg") for number in range(3000))
    store.close()
    file = store.path / "lensmith.db"
    data = bytearray(file.read_bytes())
    data[20 * 4096 : 21 * 4096] = b"\xff" * 4096
    file.write_bytes(data)
    with pytest.raises(LensmithError, match="is damaged"):
        ProjectStore.open(store.path)


def test_that_classes_keep_their_ids_and_no_id_is_used_twice(store):
    assert store.add_classes(["bolt", "nut", "bolt"]) == {"bolt": 1, "nut": 2}
    assert store.add_classes(["washer", "nut"]) == {"washer": 3, "nut": 2}
    classes.rename(store, 2, "matka")
    assert store.classes() == (ImageClass(1, "bolt"), ImageClass(2, "matka"), ImageClass(3, "washer"))
    assert store.add_classes(["nut"]) == {"nut": 4}


def test_that_the_task_is_changed_only_while_no_label_contradicts_it(store, tmp_path):
    store.set_task(Task.DETECTION)
    store.set_task(Task.CLASSIFICATION)
    store.add_classes(["bolt"])
    store.import_images([row(1, tmp_path / "a.jpg", label(1))])
    with pytest.raises(LensmithError, match="labelled for another task"):
        store.set_task(Task.DETECTION)
    assert store.info.task is Task.CLASSIFICATION


def test_that_an_annotation_replaces_the_one_before(store, tmp_path):
    store.add_classes(["bolt", "nut"])
    store.import_images([row(1, tmp_path / "a.jpg", boxes((1, 2, 3, 4, 1), (5, 6, 7, 8, 2)))])
    for annotation in (boxes((0.5, 0.25, 9, 9, 2)), boxes(), label(2), Unlabelled()):
        annotate(store, 1, annotation)
        assert store.images()[0].annotation == annotation
    with pytest.raises(LensmithError, match="There is no image"):
        annotate(store, 7, label(1))


def test_that_a_failed_annotation_leaves_the_one_before(store, tmp_path):
    store.add_classes(["bolt"])
    store.import_images([row(1, tmp_path / "a.jpg", boxes((1, 2, 3, 4, 1)))])
    with pytest.raises(LensmithError):
        annotate(store, 1, boxes((1, 2, 3, 4, 1), (1, 2, 3, 4, 99)))
    assert store.images()[0].annotation == boxes((1, 2, 3, 4, 1))


def test_that_splits_are_set_and_moves_counted(store, tmp_path):
    store.import_images([row(1, tmp_path / "a.jpg"), row(2, tmp_path / "b.jpg", split=Split.VAL)])
    splits = {hash_of(1): Split.TEST, hash_of(2): Split.VAL, hash_of(3): Split.TRAIN}
    assert store.set_splits(splits) == 1
    assert [image.split for image in store.images()] == [Split.TEST, Split.VAL]
    assert store.set_splits({hash_of(2): None}) == 1
    assert store.images()[1].split is None


def test_that_the_test_part_is_locked_once_a_run_exists(store, tmp_path):
    splits = [Split.TRAIN, Split.VAL, Split.TEST, None]
    store.import_images(row(number, tmp_path / f"{number}", split=split) for number, split in enumerate(splits))
    store.set_splits({hash_of(0): Split.TEST})
    store.set_splits({hash_of(0): Split.TRAIN})
    RunStore(store.path).create(spec(), empty_snapshot())
    for number, split in ((0, Split.TEST), (3, Split.TEST), (2, Split.TRAIN), (2, None)):
        with pytest.raises(LensmithError, match="test part is locked"):
            store.set_splits({hash_of(1): Split.TRAIN, hash_of(number): split})
    assert [image.split for image in store.images()] == splits
    assert store.set_splits({hash_of(0): Split.VAL, hash_of(2): Split.TEST, hash_of(3): Split.TRAIN}) == 2
    assert store.set_splits({hash_of(2): Split.TRAIN}, unlock=True) == 1


def test_that_a_snapshot_holds_what_can_train_sorted_by_hash(store, tmp_path):
    store.add_classes(["nut", "bolt"])
    rows = [
        row(3, tmp_path / "c.jpg", label(1), Split.TRAIN),
        row(1, tmp_path / "a.jpg", label(2), Split.TEST),
        row(2, tmp_path / "b.jpg", label(2), None),
        row(4, tmp_path / "d.jpg", Unlabelled(), Split.VAL),
        row(5, tmp_path / "e.jpg", boxes((0, 0, 1, 1, 1)), Split.VAL),
    ]
    store.import_images(rows)
    snapshot = store.snapshot()
    assert [image.hash for image in snapshot.images] == [hash_of(1), hash_of(3)]
    assert snapshot.classes == (ImageClass(1, "nut"), ImageClass(2, "bolt"))
    assert snapshot.images[0].path == str(tmp_path / "a.jpg")
    before = snapshot.data_hash()
    classes.rename(store, 1, "matka")
    assert store.snapshot().data_hash() != before
    classes.rename(store, 1, "nut")
    assert store.snapshot().data_hash() == before


def test_that_a_project_without_task_or_classes_has_no_snapshot(tmp_path):
    with ProjectStore.create(tmp_path / "p") as store:
        with pytest.raises(LensmithError, match="no labelled images yet"):
            store.snapshot()
        store.set_task(Task.DETECTION)
        with pytest.raises(LensmithError, match="no labelled images yet"):
            store.snapshot()


def test_that_a_path_that_exists_is_preferred_over_one_that_does_not(store, tmp_path):
    here = tmp_path / "z-here.jpg"
    here.touch()
    store.import_images([row(1, tmp_path / "a-gone.jpg"), row(1, here), row(1, tmp_path / "zz-gone.jpg")])
    assert store.images()[0].path == str(here)


def test_that_pictures_are_found_after_project_and_pictures_moved_together(tmp_path):
    pictures = tmp_path / "before" / "pictures"
    pictures.mkdir(parents=True)
    (pictures / "a.jpg").touch()
    with ProjectStore.create(tmp_path / "before" / "project") as store:
        store.import_images([row(1, pictures / "a.jpg")])
    (tmp_path / "before").rename(tmp_path / "after")
    with ProjectStore.open(tmp_path / "after" / "project") as store:
        assert store.images()[0].path == str(tmp_path / "after" / "pictures" / "a.jpg")


def test_that_pictures_are_found_after_the_project_alone_moved(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.jpg").touch()
    with ProjectStore.create(tmp_path / "project") as store:
        store.import_images([row(1, pictures / "a.jpg"), row(2, tmp_path / "project" / "inside.jpg")])
        (tmp_path / "project" / "inside.jpg").touch()
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    moved = (tmp_path / "project").rename(tmp_path / "elsewhere" / "deep" / "project")
    for _ in range(2):
        with ProjectStore.open(moved) as store:
            assert [path for path, _ in store.files()] == [str(pictures / "a.jpg"), str(moved / "inside.jpg")]


def test_that_edits_in_a_transaction_are_one_and_a_failed_inner_one_is_undone_alone(store):
    with store.transaction():
        store.add_classes(["bolt"])
        with pytest.raises(LensmithError):
            store.add_classes(["nut", ""])
        assert [c.name for c in store.classes()] == ["bolt"]
        store.set_task(Task.DETECTION)
        assert store.info.task is Task.DETECTION
    assert [c.name for c in store.classes()] == ["bolt"]
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.add_classes([str(1 / len(store.add_classes(["nut"]))), str(1 // 0)])
    assert [c.name for c in store.classes()] == ["bolt"]


def test_that_reading_goes_on_beside_a_long_import_and_sees_nothing_of_it(store, tmp_path):
    reached, go_on = threading.Event(), threading.Event()

    def rows():
        for number in range(2500):
            yield row(number, tmp_path / f"{number}.jpg")
        reached.set()
        assert go_on.wait(30)

    importing = threading.Thread(target=lambda: store.import_images(rows()))
    importing.start()
    assert reached.wait(30)
    assert store.images() == []
    assert store.info.name == "Parts"
    go_on.set()
    importing.join()
    assert len(store.images()) == 2500


def test_that_edits_from_many_threads_are_all_kept(store):
    names = [f"class {number}" for number in range(40)]
    threads = [threading.Thread(target=store.add_classes, args=([name],)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(c.name for c in store.classes()) == sorted(names)
    assert len({c.id for c in store.classes()}) == len(names)


def test_that_a_closed_project_refuses_edits_in_words(store):
    store.close()
    with pytest.raises(LensmithError, match="is closed"):
        store.add_classes(["bolt"])


def test_that_the_database_runs_in_wal_mode_with_full_sync(store):
    with store.editing() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_that_a_project_of_a_newer_lensmith_is_refused_and_untouched(store):
    store.close()
    file = store.path / "lensmith.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version=99")
    before = file.read_bytes()
    with pytest.raises(LensmithError, match="newer Lensmith"):
        ProjectStore.open(store.path)
    assert file.read_bytes() == before
