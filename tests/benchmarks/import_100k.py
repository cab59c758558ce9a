"""Import of 100,000 small pictures with boxes, beside supervision's YOLO reader on the same files.

``python -m tests.benchmarks.import_100k [COUNT]``. Both run as whole processes, one after the other, after one
reading of all files, so that neither pays for a cold disk. They do not do the same: supervision reads labels and each
picture's size and keeps the boxes in memory; Lensmith also decodes every picture to its end, hashes it, checks the
boxes and writes all of it into a database.
"""

import sys
import tempfile
import time
from pathlib import Path

from core.data.sample import draw_bulk
from tests.benchmarks.child import measure, measure_python

COUNT = 100_000
TARGET_SECONDS, TARGET_BYTES = 60.0, 1e9
SUPERVISION = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import supervision
root = sys.argv[1]
data = supervision.DetectionDataset.from_yolo(f"{root}/images", f"{root}/labels", f"{root}/data.yaml")
print(json.dumps({"images": len(data), "boxes": sum(len(found) for found in data.annotations.values())}))
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        source = draw_bulk(Path(folder) / "bulk", count)
        print(f"{count:,} pictures drawn in {time.perf_counter() - began:.0f} s")
        for path in source.rglob("*.*"):
            path.read_bytes()
        ours = measure("import", f"{folder}/p", source, "--json")
        flat = _flat(source, Path(folder) / "flat")
        theirs = measure_python("-c", SUPERVISION, flat)
    assert ours.result["images_added"] + ours.result["images_known"] == count
    print(f"Lensmith    {ours.seconds:6.1f} s  peak {ours.peak / 1e6:5.0f} MB  {ours.result['boxes_added']:,} boxes")
    print(f"supervision {theirs.seconds:6.1f} s  peak {theirs.peak / 1e6:5.0f} MB  {theirs.result['boxes']:,} boxes")
    print(f"ratio of time {ours.seconds / theirs.seconds:.2f}, of memory {ours.peak / theirs.peak:.2f}")
    print("(Lensmith decodes, hashes, checks and stores every picture; supervision reads labels and sizes only.)")
    if count == COUNT:
        print(f"targets: {TARGET_SECONDS:.0f} s and {TARGET_BYTES / 1e6:.0f} MB")


def _flat(source: Path, target: Path) -> Path:
    """The same files under links in one folder each, since supervision does not look into folders below."""
    for kind in ("images", "labels"):
        (target / kind).mkdir(parents=True)
        for path in (source / kind).rglob("*.*"):
            (target / kind / path.name).hardlink_to(path)
    (target / "data.yaml").write_bytes((source / "data.yaml").read_bytes())
    return target


if __name__ == "__main__":
    main()
