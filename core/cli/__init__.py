"""The ``lensmith`` command: the verbs of the window, for a terminal and for scripts."""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed with a sentence, 2 wrong use."""
    from core.runs.environment import shield

    shield()
    from core.cli.main import run

    return run(sys.argv[1:] if arguments is None else arguments)
