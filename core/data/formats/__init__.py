"""Readers and writers of labelled folders, one module a format; ``detect.py`` chooses.

Readers never open a picture. Paths are strings here: pathlib costs seconds on 100,000 files.
"""
