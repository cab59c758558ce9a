"""Which of a project's images a run trains on, where it is not all of them, and what came of that."""

from msgspec import Struct


class Share(Struct, frozen=True, tag="share"):
    """This share of the ancestor's training images, of each class alike; 1 takes all, 0 none."""

    share: float


class PerClass(Struct, frozen=True, tag="per_class"):
    """So many images (for boxes: so many boxes) of each class among the ancestor's training images.

    They are chosen to lie as far apart as they can, by how the pictures look.
    """

    count: int


Mix = Share | PerClass
NO_MIX = Share(0.0)


class DataChoice(Struct, frozen=True, kw_only=True):
    """What trains. Boxes are never taken out of an image, and the test split is never thinned.

    ``classes``: ids; only images that show one of them, empty for any. ``new_only``: only images that the earlier run
    it starts from, its ancestor, did not have, or had with other labels. ``mix``: which of the ancestor's training
    images come along all the same.
    """

    classes: tuple[int, ...] = ()
    new_only: bool = False
    mix: Mix = NO_MIX

    @property
    def needs_ancestor(self) -> bool:
        return self.new_only or self.mixes

    @property
    def mixes(self) -> bool:
        return self.mix != NO_MIX


class DataUse(Struct, frozen=True, kw_only=True):
    """A choice and the training images it led to; for information, the frozen snapshot is what counts."""

    choice: DataChoice
    chosen: int  # training images that the choice named
    mixed: int  # the ancestor's, that came along
    left_out: int  # the project's other training images
