import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.project import Holder
from core.domain.run import RunSpec
from core.store.codec import read_json, write_json
from tests.unit.store.helpers import spec

ROOT = Path(__file__).resolve().parents[3]


def test_that_what_is_written_reads_back_equal(tmp_path):
    write_json(tmp_path / "spec.json", spec("mobilenetv3_large_100", epochs=7))
    assert read_json(tmp_path / "spec.json", RunSpec) == spec("mobilenetv3_large_100", epochs=7)


def test_that_a_file_of_a_newer_lensmith_is_refused_even_if_it_could_be_decoded(tmp_path):
    write_json(tmp_path / "spec.json", spec(schema_version=2))
    with pytest.raises(LensmithError, match="newer Lensmith") as refusal:
        read_json(tmp_path / "spec.json", RunSpec)
    assert str(tmp_path / "spec.json") in refusal.value.cause
    assert refusal.value.remedy == "Update Lensmith to open it."


def test_that_a_newer_file_is_called_newer_also_where_its_fields_changed(tmp_path):
    (tmp_path / "spec.json").write_bytes(b'{"schema_version": 5, "goal": "unknown"}')
    with pytest.raises(LensmithError, match="newer Lensmith"):
        read_json(tmp_path / "spec.json", RunSpec)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "seven"}', b"\xff\xfe\x00", b'{"pid": 1}'])
def test_that_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "holder.json").write_bytes(content)
    with pytest.raises(LensmithError, match=r"holder\.json is damaged"):
        read_json(tmp_path / "holder.json", Holder)


def test_that_a_missing_file_is_named(tmp_path):
    with pytest.raises(LensmithError, match=r"holder\.json is missing"):
        read_json(tmp_path / "holder.json", Holder)


def test_that_a_type_without_versions_does_not_care_about_them(tmp_path):
    class Plain(Struct):
        number: int

    (tmp_path / "plain.json").write_bytes(b'{"number": 3, "schema_version": 9}')
    assert read_json(tmp_path / "plain.json", Plain).number == 3


RACE = """
import sys, threading
from pathlib import Path
from core.domain.run import RunSpec
from core.store.codec import read_json

sys.setswitchinterval(1e-6)
start = threading.Barrier(8)

def read():
    start.wait()
    read_json(Path(sys.argv[1]), RunSpec)

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_that_threads_which_meet_a_type_at_the_same_moment_all_read_it(tmp_path):
    path = tmp_path / "spec.json"
    write_json(path, spec("mobilenetv3_large_100", epochs=7))
    # Only the first meeting in a process is dangerous; without the lock, one process in three died of it.
    children = [subprocess.Popen([sys.executable, "-c", RACE, str(path)], cwd=ROOT) for _ in range(12)]
    assert [child.wait(timeout=60) for child in children] == [0] * 12
