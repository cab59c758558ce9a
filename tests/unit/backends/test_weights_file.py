import subprocess
import sys
from pathlib import Path

import torch
from safetensors import safe_open

from core.backends.weights_file import write_weights

TENSORS = {"b.weight": torch.arange(6.0).reshape(2, 3), "a": torch.tensor([7])}
METADATA = {"classes": '["žába", "部品"]', "architecture": "x", "licence": "y", "task": "z", "engine": "w"}


def test_that_a_written_file_reads_back(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.safetensors", TENSORS, METADATA)
    with safe_open(tmp_path / "w.safetensors", framework="pt") as file:
        assert file.metadata() == METADATA
        assert {name: file.get_tensor(name).tolist() for name in file.keys()} == {  # noqa: SIM118 - not a mapping
            name: tensor.tolist() for name, tensor in TENSORS.items()
        }


def test_that_every_process_writes_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.unit.backends.test_weights_file import *; "
        "write_weights(Path(sys.argv[1]), TENSORS, METADATA)"
    )
    targets = [tmp_path / f"{number}.safetensors" for number in range(2)]
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(target)], cwd=Path(__file__).parents[3])
        for target in targets
    ]
    assert [child.wait(timeout=300) for child in children] == [0, 0]
    write_weights(tmp_path / "here.safetensors", TENSORS, METADATA)
    assert len({path.read_bytes() for path in [*targets, tmp_path / "here.safetensors"]}) == 1
