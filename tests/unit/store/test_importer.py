import pytest

from core.domain.annotation import ClassLabel, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.source import Problem
from core.domain.task import Split, Task
from core.store.importer import BATCH, same_annotation
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, label, row


@pytest.fixture
def store(tmp_path):
    with ProjectStore.create(tmp_path / "project", "Parts", Task.DETECTION) as opened:
        opened.add_classes(["bolt", "nut"])  # ids 1 and 2
        yield opened


def pictures(tmp_path, *names):
    return [str(tmp_path / "pictures" / name) for name in names]


def everything(store):
    return store.images(), store.files(), store.problems(), store.classes(), store.info


def test_that_importing_twice_adds_nothing(store, tmp_path):
    one, two = pictures(tmp_path, "a/same.jpg", "b/same.jpg")
    rows = [row(1, one, boxes((1, 2, 30.25, 40, 1), (0, 0, 5, 5, 2)), Split.TRAIN), row(2, two, boxes(), Split.VAL)]
    first = store.import_images(rows, [Problem("unreadable", "c.jpg", "no picture")])
    assert (first.images_added, first.files_added, first.labels_added, first.boxes_added) == (2, 2, 2, 2)
    before = everything(store)
    again = store.import_images(rows, [Problem("unreadable", "c.jpg", "no picture")])
    assert (again.images_added, again.files_added, again.labels_added, again.boxes_added) == (0, 0, 0, 0)
    assert again.images_known == 2
    assert everything(store) == before


def test_that_equal_names_in_two_folders_stay_two_images(store, tmp_path):
    one, two = pictures(tmp_path, "a/same.jpg", "b/same.jpg")
    store.import_images([row(1, one), row(2, two)])
    assert [image.path for image in store.images()] == [one, two]


@pytest.mark.parametrize("together", [True, False])
def test_that_a_picture_under_another_path_is_the_same_image(store, tmp_path, together):
    one, two = pictures(tmp_path, "a.jpg", "copy of a.jpg")
    imports = [[row(1, one), row(1, two)]] if together else [[row(1, one)], [row(1, two)]]
    for rows in imports:
        counts = store.import_images(rows)
    assert counts.images_known == 1
    assert len(store.images()) == 1
    assert store.files() == [(one, f"{1:032x}"), (two, f"{1:032x}")]
    assert store.problems() == ()


@pytest.mark.parametrize("together", [True, False])
def test_that_a_label_is_added_to_an_image_that_had_none(store, tmp_path, together):
    one, two = pictures(tmp_path, "a.jpg", "b.jpg")
    unlabelled, labelled = row(1, one), row(1, two, boxes((1, 2, 3, 4, 1)), Split.TEST)
    imports = [[unlabelled, labelled]] if together else [[unlabelled], [labelled]]
    for rows in imports:
        counts = store.import_images(rows)
    assert (counts.labels_added, counts.boxes_added) == (1, 1)
    (image,) = store.images()
    assert image.annotation == boxes((1, 2, 3, 4, 1))
    assert image.split is Split.TEST
    assert store.problems() == ()


def test_that_an_unlabelled_copy_takes_no_label_away(store, tmp_path):
    one, two = pictures(tmp_path, "a.jpg", "b.jpg")
    store.import_images([row(1, one, boxes((1, 2, 3, 4, 1)))])
    store.import_images([row(1, two)])
    assert store.images()[0].annotation == boxes((1, 2, 3, 4, 1))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (boxes((1, 2, 3, 4, 1)), boxes((1, 2, 3, 4, 2))),
        (boxes((1, 2, 3, 4, 1)), boxes((1, 2, 3, 4.1, 1))),
        (boxes((1, 2, 3, 4, 1)), boxes()),
        (boxes(), boxes((1, 2, 3, 4, 1))),
        (label(1), label(2)),
    ],
)
def test_that_a_contradicting_label_is_reported_with_both_files_and_ours_is_kept(
    store, tmp_path, ours, theirs, together
):
    one, two = pictures(tmp_path, "a.jpg", "b.jpg")
    imports = [[row(1, one, ours), row(1, two, theirs)]]
    if not together:
        imports = [[imports[0][0]], [imports[0][1]]]
    for rows in imports:
        counts = store.import_images(rows)
    assert counts.problems == (Problem("conflicting_labels", two, one),)
    assert store.problems() == counts.problems
    assert [image.annotation for image in store.images()] == [ours]


@pytest.mark.parametrize("together", [True, False])
def test_that_a_copy_in_another_split_is_reported_and_the_first_split_kept(store, tmp_path, together):
    one, two = pictures(tmp_path, "train/a.jpg", "test/a.jpg")
    imports = [[row(1, one, split=Split.TRAIN), row(1, two, split=Split.TEST)]]
    if not together:
        imports = [[imports[0][0]], [imports[0][1]]]
    for rows in imports:
        counts = store.import_images(rows)
    assert counts.problems == (Problem("duplicate_across_splits", two, one),)
    assert [image.split for image in store.images()] == [Split.TRAIN]


def test_that_boxes_in_another_order_or_rounded_by_a_text_file_are_no_contradiction():
    ours = boxes((1, 2, 3, 4, 1), (10, 20, 30, 40, 2), (1, 2, 3, 4, 1))
    theirs = boxes((10.0004, 20, 30, 39.9996, 2), (1, 2, 3, 4, 1), (1, 2, 3, 4, 1))
    assert same_annotation(ours, theirs)
    assert not same_annotation(ours, boxes((1, 2, 3, 4, 1), (10, 20, 30, 40, 2), (10, 20, 30, 40, 2)))
    assert not same_annotation(boxes(), Unlabelled())


def test_that_a_replaced_file_becomes_another_image_and_the_old_label_is_not_lost(store, tmp_path):
    (path,) = pictures(tmp_path, "a.jpg")
    (copy,) = pictures(tmp_path, "copy.jpg")
    store.import_images([row(1, path, boxes((1, 2, 3, 4, 1)))])
    counts = store.import_images([row(2, path, mtime_ns=2)])
    assert counts.problems == (Problem("file_replaced", path),)
    assert counts.files_added == 0
    assert [(image.hash, image.annotation) for image in store.images()] == [(f"{2:032x}", Unlabelled())]
    store.import_images([row(1, copy)])
    assert store.images()[0].annotation == boxes((1, 2, 3, 4, 1))


def test_that_a_complaint_about_a_file_goes_when_the_file_could_be_taken(store, tmp_path):
    good, bad = pictures(tmp_path, "good.jpg", "bad.jpg")
    store.import_images([row(1, good)], [Problem("truncated", bad, "ends early")])
    store.import_images([row(1, good)], [Problem("truncated", bad, "ends early")])
    assert store.problems() == (Problem("truncated", bad, "ends early"),)
    store.import_images([row(1, good), row(2, bad)])
    assert store.problems() == ()


def test_that_problems_found_while_the_rows_stream_are_kept(store, tmp_path):
    problems = []

    def rows():
        yield row(1, tmp_path / "a.jpg")
        problems.append(Problem("unreadable", "b.jpg"))

    store.import_images(rows(), problems)
    assert store.problems() == (Problem("unreadable", "b.jpg"),)


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt(), RuntimeError("reader broke")])
def test_that_a_cancelled_or_broken_import_leaves_the_project_as_it_was(store, tmp_path, error):
    (first,) = pictures(tmp_path, "first.jpg")
    store.import_images([row(1, first, boxes((1, 2, 3, 4, 1)), Split.TRAIN)])
    before = everything(store)

    def rows():
        for number in range(2, 3 * BATCH):
            yield row(number, tmp_path / f"{number}.jpg", boxes((1, 2, 3, 4, 2)), Split.VAL)
        raise error

    def whole_import():
        with store.transaction():
            store.add_classes(["washer"])
            store.import_images(rows(), [Problem("unreadable", "c.jpg")])

    with pytest.raises(type(error)):
        whole_import()
    assert everything(store) == before
    store.import_images([row(5, tmp_path / "5.jpg")])
    assert len(store.images()) == 2


def test_that_a_label_of_an_unknown_class_is_refused_and_nothing_is_saved(store, tmp_path):
    with pytest.raises(LensmithError):
        store.import_images([row(1, tmp_path / "a.jpg"), row(2, tmp_path / "b.jpg", ClassLabel(99))])
    assert store.images() == []


def test_that_rows_over_many_batches_arrive_in_order_each_with_its_boxes(store, tmp_path):
    count = 2 * BATCH + 7
    numbers = [number % (count - 5) for number in range(count)]  # the last five are copies of the first five
    rows = (row(n, tmp_path / f"{i}.jpg", boxes((n, 0, n + 1.5, 9, 1))) for i, n in enumerate(numbers))
    counts = store.import_images(rows)
    assert (counts.images_added, counts.images_known, counts.files_added) == (count - 5, 5, count)
    for number, image in enumerate(store.images()):
        assert image.hash == f"{number:032x}"
        assert image.annotation == boxes((number, 0, number + 1.5, 9, 1))


@pytest.mark.parametrize(
    "name",
    ["čeština ěščř.jpg", "zażółć.jpg", "Привет мир.png", "写真 一.jpg", "🍅 %41 #1.jpg", "line\nbreak.jpg", "it's.jpg"],
)
def test_that_any_file_name_comes_back_as_it_was(store, tmp_path, name):
    path = str(tmp_path / "složka s mezerou" / name)
    store.import_images([row(1, path)], [Problem("unreadable", path)])
    assert [image.path for image in store.images()] == [path]
    store.import_images([], [Problem("unreadable", path)])
    assert store.problems() == (Problem("unreadable", path),)


def test_that_a_name_in_no_known_encoding_is_a_problem_and_the_rest_is_imported(store, tmp_path):
    strange = f"{tmp_path}/jablko-\udce9.jpg"
    counts = store.import_images([row(1, strange), row(2, tmp_path / "b.jpg")])
    assert counts.images_added == 1
    assert [problem.kind for problem in store.problems()] == ["undecodable_name"]
    assert store.problems()[0].where.endswith(r"jablko-\udce9.jpg")
