"""What an act of the user makes of an image's labels; pure, and each returns its verb and detail for the diary."""

from typing import TypeAlias

from msgspec.structs import replace

from core.domain.labels import ImageLabels, Origin

Act: TypeAlias = tuple[str, tuple[str, ...], ImageLabels]


def finished(labels: ImageLabels) -> Act | None:
    """Going on says that a picture in progress is done, unless a proposal waits or nothing was drawn."""
    if labels.boxes and not labels.done and not labels.proposals:
        return "done", (), replace(labels, done=True)
    return None


def done_or_not(labels: ImageLabels) -> Act | None:
    """The other of the two; what nobody looked at is neither."""
    if labels.boxes is None:
        return None
    return "reopen" if labels.done else "done", (), replace(labels, done=not labels.done)


def nothing_here(labels: ImageLabels) -> Act | None:
    """Background, and done."""
    background = ImageLabels(boxes=())
    return None if labels == background else ("background", (), background)


def labelled(class_id: int, name: str) -> Act:
    """The picture is of one class, and done."""
    return "label", (name,), ImageLabels(label=class_id, origin=Origin("drawn"))


def accepted(labels: ImageLabels) -> Act | None:
    """The most certain class that was proposed for the picture."""
    if not labels.proposals:
        return None
    best = max(labels.proposals, key=lambda one: one.score)
    return "accept_all", ("1",), ImageLabels(label=best.box.class_id, origin=Origin("accepted", best.source))


def taken_away(labels: ImageLabels) -> Act | None:
    """The classes that are proposed; where none is, the class of the picture."""
    if labels.proposals:
        return "refuse", (str(len(labels.proposals)),), replace(labels, proposals=())
    return None if labels.label is None else ("unlabel", (), ImageLabels())
