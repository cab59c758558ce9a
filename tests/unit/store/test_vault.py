import hashlib
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.home import home
from core.store.vault import Vault
from tests.unit.store.helpers import posix_only, start_child


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "weights")


def weights(tmp_path, number=1, size=10):
    file = tmp_path / f"weights-{number}.safetensors"
    save_file({"head.weight": np.full((size, 10), number, np.float32)}, file)
    return file


def add(vault, file, name="parts"):
    return vault.add(
        file, name=name, architecture="resnet18", task=Task.CLASSIFICATION, licence="MIT", classes=["a", "b"]
    )


def test_that_an_added_file_is_kept_under_its_hash_with_what_is_known(vault, tmp_path):
    file = weights(tmp_path)
    entry = add(vault, file)
    assert entry.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (entry.size, entry.classes, entry.licence) == (file.stat().st_size, ("a", "b"), "MIT")
    file.unlink()
    assert vault.path(entry.sha256).name == f"{entry.sha256}.safetensors"
    assert Vault(vault.directory).list() == [entry]


def test_that_the_same_bytes_are_kept_once(vault, tmp_path):
    add(vault, weights(tmp_path), "first name")
    add(vault, weights(tmp_path), "second name")
    assert [entry.name for entry in vault.list()] == ["second name"]


def test_that_two_files_do_not_share_a_name(vault, tmp_path):
    add(vault, weights(tmp_path, 1))
    with pytest.raises(LensmithError, match="another file named “parts”"):
        add(vault, weights(tmp_path, 2))
    assert len(vault.list()) == 1


def test_that_weights_are_found_by_name_or_hash_and_never_guessed(vault, tmp_path):
    one, two = add(vault, weights(tmp_path, 1), "one"), add(vault, weights(tmp_path, 2), "two")
    assert vault.find("two") == two
    assert vault.find(one.sha256[:8].upper()) == one
    for wrong in ("on", one.sha256[:5], "", "../one", "0" * 8):
        with pytest.raises(LensmithError, match="There are no weights"):
            vault.find(wrong)


def test_that_changed_bytes_are_noticed(vault, tmp_path):
    entry = add(vault, weights(tmp_path))
    file = vault.path(entry.sha256)
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(LensmithError, match="its bytes have changed"):
        vault.path(entry.sha256)
    add(vault, weights(tmp_path))
    assert vault.path(entry.sha256).read_bytes() == data
    with pytest.raises(LensmithError, match="not in the vault"):
        vault.path("0" * 64)


def huge_header():
    return struct.pack("<Q", 1 << 40) + b"{}"


def outside_offsets():
    header = json.dumps({"x": {"dtype": "F32", "shape": [4], "data_offsets": [0, 9999]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a pickle", huge_header(), outside_offsets()])
def test_that_what_is_no_safetensors_file_is_refused(vault, tmp_path, content):
    file = tmp_path / "model.pt"
    file.write_bytes(content)
    with pytest.raises(LensmithError, match=r"model\.pt is not a whole safetensors file"):
        add(vault, file)
    assert vault.list() == []
    with pytest.raises(LensmithError, match="does not exist"):
        add(vault, tmp_path / "absent.safetensors")


def test_that_a_cut_file_is_refused(vault, tmp_path):
    file = weights(tmp_path)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(LensmithError, match="not a whole safetensors file"):
        add(vault, file)


@posix_only
def test_that_a_full_disk_leaves_the_vault_as_it_was(vault, tmp_path):
    add(vault, weights(tmp_path, 1), "small")
    large = weights(tmp_path, 2, size=10_000)
    script = """
import resource, sys
from pathlib import Path
from core.store.vault import Vault
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
Vault(Path(sys.argv[1])).add(Path(sys.argv[2]), name="large", architecture="x", task=None)
"""
    with start_child(script, vault.directory, large) as child:
        _, errors = child.communicate(timeout=60)
    assert "The disk is full" in errors
    assert [entry.name for entry in vault.list()] == ["small"]
    assert len(list(vault.directory.iterdir())) == 2


def test_that_the_vault_lives_in_the_users_data_folder_or_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    assert home() == tmp_path / "home"
    assert Vault().directory == tmp_path / "home" / "weights"
    assert Vault().list() == []
    monkeypatch.delenv("LENSMITH_HOME")
    assert home().name == "lensmith"
    assert home().is_absolute()
