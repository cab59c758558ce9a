"""What the truth about an image looks like."""

from app.widgets.gallery.overlay import Overlay, OverlayBox, looks, overlay_of
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, ImageClass

LOOKS = looks([ImageClass(7, "cat"), ImageClass(3, "dog")])


def image(annotation: Annotation) -> Image:
    return Image(hash="0" * 32, path="a.png", width=100, height=80, annotation=annotation)


def test_that_a_class_stands_below_its_picture() -> None:
    assert overlay_of(image(ClassLabel(3)), LOOKS) == Overlay(caption="dog")


def test_that_boxes_have_the_colour_of_their_class_and_are_counted_below() -> None:
    found = overlay_of(image(Boxes((Box(1, 2, 3, 4, 3), Box(5, 6, 7, 8, 7), Box(9, 9, 20, 20, 3)))), LOOKS)

    assert found.caption == "dog ×2, cat"
    assert found.boxes[:2] == (OverlayBox(1, 2, 3, 4, 2, text="dog"), OverlayBox(5, 6, 7, 8, 6, text="cat"))
    assert not any(box.dashed for box in found.boxes)


def test_that_unlabelled_pictures_backgrounds_and_classes_gone_meanwhile_show_nothing() -> None:
    for annotation in (Unlabelled(), Boxes(()), ClassLabel(99), Boxes((Box(1, 2, 3, 4, 99),))):
        assert overlay_of(image(annotation), LOOKS) == Overlay()
