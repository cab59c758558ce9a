"""The closed vocabularies of a project."""

from enum import StrEnum


class Task(StrEnum):
    """What a project's models answer."""

    CLASSIFICATION = "classification"  # one class per image
    DETECTION = "detection"  # boxes, each with a class


class Split(StrEnum):
    """The part of the data an image belongs to: val chooses, test judges and is locked."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Effort(StrEnum):
    """One dial that sets epochs, size, batch, rate and patience."""

    QUICK = "quick"
    BALANCED = "balanced"
    THOROUGH = "thorough"
