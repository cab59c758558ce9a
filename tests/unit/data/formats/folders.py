"""Folders for format tests. Readers open no picture, so a picture here is any file with a picture's suffix."""

from pathlib import Path

from core.data.findings import findings_from
from core.domain.source import SourceDataset, SourceImage


def lay(root: Path, *pictures: str) -> Path:
    for name in pictures:
        put(root, name, b"picture " + name.encode())
    return root


def put(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def kinds(dataset: SourceDataset) -> dict[str, int]:
    """How many problems of each kind; a kind that the table of findings lacks is an error."""
    return {finding.kind: finding.count for finding in findings_from(dataset.problems)}


def where(dataset: SourceDataset, kind: str) -> list[str]:
    """Places of one kind of problem, relative to the data set's folder."""
    root = Path(dataset.root)
    root = root if root.is_dir() else root.parent
    return [problem.where.removeprefix(f"{root}/") for problem in dataset.problems if problem.kind == kind]


def by_name(dataset: SourceDataset) -> dict[str, SourceImage]:
    return {Path(image.path).name: image for image in dataset.images}


def corners(image: SourceImage) -> list[tuple[float, ...]]:
    return [(box.x_min, box.y_min, box.x_max, box.y_max, box.label) for box in image.boxes or ()]
