"""Import of 10,000 small pictures in class folders, the whole command: ``python -m tests.benchmarks.import_digits``.

On ``digits`` of the shared data where it is there, else on as many drawn pictures. Target: 10 s on two cores.
"""

import tempfile
from pathlib import Path

from tests.benchmarks.child import measure
from tests.e2e.pictures import draw_classes

DIGITS = Path(__file__).resolve().parents[3] / "shared" / "data" / "digits"
COUNT = 10_000
TARGET = 10.0  # seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = DIGITS
        if not source.is_dir():
            print("The digits are not here: pictures are drawn in their place.")
            source = draw_classes(Path(folder) / "digits", {str(digit): COUNT // 10 for digit in range(10)})
        first = measure("import", f"{folder}/p", source, "--json")
        again = measure("import", f"{folder}/p", source, "--json")
    assert first.result["images_added"] + first.result["images_known"] == COUNT
    assert again.result["images_added"] == 0
    print(
        f"import of {COUNT:,} pictures: {first.seconds:.1f} s (target {TARGET:.0f} s), peak {first.peak / 1e6:.0f} MB"
    )
    print(f"the same once more, nothing new: {again.seconds:.1f} s")


if __name__ == "__main__":
    main()
