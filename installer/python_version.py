"""Whether this Python will do. Runs on Python 3.6, so that an old one gets a sentence, not a syntax error."""

import subprocess

OLDEST, NEWEST = (3, 11), (3, 14)


def starts(name):  # type: ignore[no-untyped-def]
    """Whether a command of this name is here and runs; version managers leave names behind that do not."""
    try:
        return subprocess.call([name, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def python_refusal(version, executable, starts=starts):  # type: ignore[no-untyped-def]
    """One sentence if Lensmith cannot run on this Python, else nothing."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    known = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = next((name for name in known if starts(name)), None)
    remedy = f"start it with {found}, which is on this machine" if found else "install one of those from python.org"
    return (
        f"Lensmith needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, and {executable} "
        f"is {version[0]}.{version[1]}: {remedy}."
    )
