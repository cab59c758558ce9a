"""Support bundles of a real project with real runs, and of broken ones."""

import getpass
import json
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core import __version__
from core.actions import support
from core.actions.redaction import Private, Redactor
from core.actions.support import LATEST_RUNS, LOG_LINES, support_bundle
from core.cli.main import run as lensmith
from core.data.images import inspect
from core.domain.annotation import ClassLabel
from core.domain.dataset import Snapshot
from core.domain.errors import Cancelled, LensmithError
from core.domain.event import Warned
from core.domain.machine import MachineLine, MachineReport
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.runs import supervisor
from core.runs.event_log import EVENTS, EventLog, read_events
from core.runs.worker import work
from core.store.codec import read_json, write_json
from core.store.project_store import DATABASE, ProjectStore
from tests.simulated_runs import CLASSES, make_run, project_without_leaks

SECRET = "Zyklop-Türblatt ż 部品"  # in names of pictures, folders, class and project, and in none of ours
USER = "jadwiga.q"


class World:
    """A user called ``USER`` with a project whose every name holds ``SECRET``, and one finished run in it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.user_home = folder / "people" / USER
        self.project = self.user_home / f"{SECRET} project"
        self.logs = self.user_home / "lensmith" / "logs"
        self.logs.mkdir(parents=True)
        for variable in ("HOME", "USERPROFILE"):
            patch.setenv(variable, str(self.user_home))
        for variable in ("LOGNAME", "USER", "USERNAME"):
            patch.setenv(variable, USER)
        patch.setenv("LENSMITH_HOME", str(self.logs.parent))
        assert (Path.home(), getpass.getuser()) == (self.user_home, USER)
        ProjectStore.create(self.project, task=Task.CLASSIFICATION).close()
        self.run = make_run(self.project, task=Task.CLASSIFICATION, epochs=2)
        self._keep_secrets()
        assert work(self.run, resume=False) == 0
        self.pictures = [image.path for image in read_json(self.run / "snapshot.json", Snapshot).images]
        (self.logs / "errors.log").write_text(f"No such file: '{self.pictures[0]}'\n", "utf-8")

    def _keep_secrets(self) -> None:
        """Rename every picture and class of the run, and put them into the database too."""
        snapshot = read_json(self.run / "snapshot.json", Snapshot)
        folder = self.user_home / f"{SECRET} folder"
        folder.mkdir()
        images = []
        for number, image in enumerate(snapshot.images):
            path = folder / f"{SECRET} {number}.png"
            Path(image.path).rename(path)
            images.append(msgspec.structs.replace(image, path=str(path)))
        classes = tuple(msgspec.structs.replace(one, name=f"{SECRET} {one.name}") for one in CLASSES)
        changed = msgspec.structs.replace(snapshot, images=tuple(images), classes=classes, project=self.project.name)
        write_json(self.run / "snapshot.json", changed)
        with ProjectStore.open(self.project) as store:
            ids = store.add_classes([one.name for one in classes])
            store.import_images(
                ImportedImage(
                    facts=inspect(Path(image.path)),
                    path=image.path,
                    mtime_ns=0,
                    annotation=ClassLabel(ids[classes[0].name]),
                    split=Split.TRAIN,
                )
                for image in images
            )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("support")
        with project_without_leaks(folder, patch):
            yield World(folder, patch)


@pytest.fixture(autouse=True)
def quick_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one imports PyTorch in a child process, which takes seconds; it has tests of its own."""
    line = MachineLine(name="Lensmith's folder", state="bad", text=f"{Path.home()} cannot be written.", remedy="Do so.")
    monkeypatch.setattr(support, "doctor", lambda: MachineReport(lines=(line,)))


def members(bundle: Path) -> dict[str, str]:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_that_a_bundle_tells_versions_machine_logs_counts_and_runs(world: World, tmp_path: Path) -> None:
    found = members(support_bundle(tmp_path / "bundle.zip", world.project))
    run = f"runs/{world.run.name}"
    assert {"README.txt", "versions.txt", "doctor.txt", "machine.json", "logs/errors.log", "project.json"} <= set(found)
    assert {f"{run}/{name}" for name in ("spec.json", "events.jsonl", "report.json")} <= set(found)
    assert f"lensmith {__version__}" in found["versions.txt"]
    assert f"numpy {sys.modules['numpy'].__version__}" in found["versions.txt"]
    assert found["doctor.txt"] == "bad     Lensmith's folder: ~ cannot be written. Do so.\n"
    assert json.loads(found["machine.json"])["processors"] > 0
    counts = json.loads(found["project.json"])
    assert (counts["images"], counts["classes"], counts["runs"]) == (18, 2, 1)
    assert counts["database_format"] > 0
    assert json.loads(found[f"{run}/report.json"])["val"]["metrics"]["accuracy"] == 1.0
    kinds = [json.loads(line)["type"] for line in found[f"{run}/events.jsonl"].splitlines()]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert kinds.count("epoch") == 2
    assert "progress" not in kinds


def test_that_no_byte_of_a_secret_name_or_of_the_user_is_in_any_member(world: World, tmp_path: Path) -> None:
    with EventLog(world.run / EVENTS) as log:
        log.append(
            Warned(cause=f"{world.pictures[3]} cannot be read.", remedy=f"Look at {Path(world.pictures[4]).name}")
        )
    name = Path(world.pictures[5]).name
    (world.run / "worker.log").write_text(
        "\n".join(
            [
                f"UserWarning: {world.pictures[5]!r}",
                json.dumps({"picture": world.pictures[6], "class": f"{SECRET} blue"}),
                unicodedata.normalize("NFD", name),
                name.encode("ascii", "backslashreplace").decode(),
                f"in {world.project} by {USER.upper()}, cache/{Path(name).stem}.npy",
                f"{Path(world.pictures[0]).parent} is read-only",
            ]
        ),
        "utf-8",
    )
    (world.logs / "crash.log").write_text(f'File "{world.user_home}/code.py", line 1\n', "utf-8")
    found = members(support_bundle(tmp_path / "bundle.zip", world.project))
    word = "Zyklop"
    assert word in world.project.name
    for member, text in found.items():
        told = member + text
        for secret in (word, "部品", "\\u90e8", "rblatt", USER, USER.upper(), str(world.user_home), world.project.name):
            assert secret not in told, member
    output = found[f"runs/{world.run.name}/worker.log"]
    assert output.splitlines()[0] == "UserWarning: '<picture>'"
    assert "class-0" in output
    assert "<folder> is read-only" in output
    assert found["logs/crash.log"] == 'File "~/code.py", line 1\n'
    assert "<picture> cannot be read." in found[f"runs/{world.run.name}/events.jsonl"]


def test_that_nothing_but_texts_of_known_kinds_is_in_it(world: World, tmp_path: Path) -> None:
    names = members(support_bundle(tmp_path / "bundle.zip", world.project))
    assert {Path(name).suffix for name in names} == {".txt", ".json", ".jsonl", ".log"}
    kept = {Path(name).name for name in names if name.startswith("runs/")}
    assert kept <= {"spec.json", "events.jsonl", "worker.log", "report.json"}


def test_that_a_worker_that_could_not_start_tells_its_last_words(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(world.project, "simulated?library=libmissing.so.7")
    supervisor.launch(run)
    assert list(supervisor.follow(run))
    broken = make_run(world.project)
    shadow = tmp_path / "shadow"  # a Python that finds another msgspec first does not even begin
    shadow.mkdir()
    (shadow / "msgspec.py").write_text("raise ImportError('libbroken.so.3: cannot open shared object file')\n")
    monkeypatch.setenv("PYTHONPATH", str(shadow))
    supervisor.launch(broken)
    assert list(supervisor.follow(broken))
    found = members(support_bundle(tmp_path / "bundle.zip", world.project))
    assert "OSError: libmissing.so.7" in found[f"runs/{run.name}/worker.log"]
    assert "libbroken.so.3: cannot open shared object file" in found[f"runs/{broken.name}/worker.log"]
    assert "libbroken.so.3" in found[f"runs/{broken.name}/events.jsonl"]


def test_that_only_the_end_of_a_long_log_and_only_the_latest_runs_are_taken(world: World, tmp_path: Path) -> None:
    runs = [make_run(world.project) for _ in range(LATEST_RUNS)]
    (runs[-1] / "worker.log").write_bytes(b"a line that is not new\n" * 200_000 + b"the last words")
    found = members(support_bundle(tmp_path / "bundle.zip", world.project))
    lines = found[f"runs/{runs[-1].name}/worker.log"].splitlines()
    assert len(lines) == LOG_LINES
    assert lines[-1] == "the last words"
    assert {name.split("/")[1] for name in found if name.startswith("runs/")} == {run.name for run in runs}


def test_that_a_damaged_project_still_gives_a_bundle_that_says_so(world: World, tmp_path: Path) -> None:
    project = tmp_path / "damaged"
    run = make_run(project)
    (project / DATABASE).write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 16)
    (run / "spec.json").write_bytes(b'{"task":')
    (run / EVENTS).write_bytes(b'{"type":"started","run":"x"}\n\xff\xfe torn\n{"type":"sta')
    found = members(support_bundle(tmp_path / "bundle.zip", project))
    assert "database" in json.loads(found["project.json"])["trouble"]
    assert "could not be gathered" in found[f"runs/{run.name}/spec.json"]
    assert "[2 lines were no events]" in found[f"runs/{run.name}/events.jsonl"]


def test_that_a_run_whose_names_cannot_be_known_is_left_out(world: World, tmp_path: Path) -> None:
    project = tmp_path / "damaged"
    run = make_run(project)
    (project / DATABASE).write_bytes(b"no database")
    (run / "snapshot.json").write_bytes(b"no snapshot")
    (run / "worker.log").write_text(f"{SECRET}\n", "utf-8")
    found = members(support_bundle(tmp_path / "bundle.zip", project))
    assert [name for name in found if name.startswith("runs/")] == [f"runs/{run.name}/LEFT-OUT.txt"]


def test_that_a_bundle_without_a_project_is_made_by_the_command(
    world: World, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert lensmith(["support", str(tmp_path / "bundle"), "--json"]) == 0
    bundle = Path(json.loads(capsysbinary.readouterr().out)["bundle"])
    assert bundle == tmp_path / "bundle.zip"
    assert not any(name.startswith(("runs/", "project")) for name in members(bundle))


def test_that_a_folder_that_is_no_project_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(LensmithError, match="no Lensmith project"):
        support_bundle(tmp_path / "bundle.zip", tmp_path)
    assert not list(tmp_path.iterdir())


def test_that_cancelling_leaves_nothing_and_an_earlier_bundle_as_it_was(world: World, tmp_path: Path) -> None:
    target = tmp_path / "bundle.zip"
    target.write_bytes(b"earlier")

    def cancel(done: int, total: int, what: str) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        support_bundle(target, world.project, cancel)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"earlier"]


def test_that_reading_a_project_for_a_bundle_changes_nothing_in_it(world: World, tmp_path: Path) -> None:
    def state() -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in sorted(world.project.rglob("*")) if file.is_file()}

    before = state()
    events = read_events(world.run / EVENTS)
    support_bundle(tmp_path / "bundle.zip", world.project)
    assert state() == before
    assert read_events(world.run / EVENTS) == events


def test_that_words_are_taken_out_whole_and_numbers_are_left() -> None:
    classes = {"cat": "class-0", "7": "class-1", "ok": "class-2"}
    redactor = Redactor(Private(name="plant", pictures={"/data/a/0001.png", "/data/a/x.png"}, classes=classes))
    text = "cat and catalogue: epoch 7 is ok, loss 0.0001, plants of plant; /data/a/0001.png x.png y.jpeg"
    assert redactor.text(text) == (
        "class-0 and catalogue: epoch 7 is ok, loss 0.0001, plants of <project>; <picture> <picture> <picture>"
    )
    value = {"type": "cat", "name": "ok", "classes": ["cat", "7"], "count": 7}
    assert redactor.value(value) == {"type": "cat", "name": "class-2", "classes": ["class-0", "class-1"], "count": 7}
