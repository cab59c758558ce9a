"""The folder ``.venv`` of a project folder: made, repaired, updated, recognised."""

import contextlib
import csv
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from installer.machine import WINDOWS, Refusal, has_room_for_a_cache, refuse_if_full, sudo
from installer.packages import Wanted, default_build, pip_commands, requirements, why_pip_failed
from installer.python_version import NEWEST, OLDEST


@dataclass(frozen=True)
class Stamp:
    """What a set-up leaves in the environment; one that was cut off leaves ``locks`` empty."""

    kind: str
    build: str
    locks: str  # digest of both lock files, once all is installed
    root: str
    base: str  # the real Python program below the environment's


class Environment:
    """The folder ``.venv`` of one project folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / ".venv"
        self.scripts = self.path / ("Scripts" if WINDOWS else "bin")
        self.python = self.scripts / ("python.exe" if WINDOWS else "python")
        self.stamp_file = self.path / "lensmith.json"

    def stamp(self) -> Stamp | None:
        try:
            return Stamp(**json.loads(self.stamp_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def lock_file(self, kind: str) -> Path:
        return self.root / "installer" / ("requirements-dev.lock" if kind == "dev" else "requirements.lock")

    def locks(self) -> str:
        return hashlib.sha256(b"\0".join(self.lock_file(kind).read_bytes() for kind in ("runtime", "dev"))).hexdigest()

    def base(self) -> str:
        """The Python below: on Windows the environment's own is a copy, so its home is taken instead."""
        if not WINDOWS:
            return os.path.realpath(self.python)
        lines = (self.path / "pyvenv.cfg").read_text("utf-8").splitlines()
        return next((line.partition("=")[2].strip() for line in lines if line.startswith("home")), "")

    def is_ready(self, wanted: Wanted) -> bool:
        """Whether the environment can be used as it is; reads a few small files and starts nothing."""
        stamp = self.stamp()
        return (
            stamp is not None
            and stamp.kind in (wanted.kind, "dev")
            and wanted.build in (None, stamp.build)
            and stamp.root == str(self.root)
            and self.python.exists()
            and stamp.base == self.base()
            and Path(stamp.base).exists()
            and stamp.locks == self.locks()
        )

    def works(self) -> bool:
        """Whether its Python starts, is one that Lensmith runs on, and has pip."""
        try:
            found = self.ask("'%d %d' % sys.version_info[:2]")
            whole_pip = any(is_whole(info) for info in self.site_packages().glob("pip-*.dist-info"))
        except (OSError, subprocess.SubprocessError):
            return False
        return OLDEST <= tuple(map(int, found.split())) <= NEWEST and whole_pip

    def ask(self, expression: str) -> str:
        code = f"import sys, sysconfig; print({expression})"
        command = [str(self.python), "-I", "-X", "utf8", "-c", code]
        return subprocess.check_output(command, encoding="utf-8", stderr=subprocess.DEVNULL, timeout=120).strip()

    def site_packages(self) -> Path:
        return Path(self.ask("sysconfig.get_path('purelib')"))

    def leave(self, stamp: Stamp) -> None:
        beside = self.stamp_file.with_suffix(".new")
        beside.write_text(json.dumps(asdict(stamp), indent=1), "utf-8")
        beside.replace(self.stamp_file)


def set_up(environment: Environment, wanted: Wanted, say: Callable[[str], None]) -> None:
    """Make, repair or update the environment; returns at once when it is whole."""
    if environment.is_ready(wanted):
        return
    with only_one(environment.root / ".venv.lock", say) as held:
        if environment.is_ready(wanted):
            return
        before = environment.stamp()
        kind = "dev" if before is not None and before.kind == "dev" else wanted.kind
        build = wanted.build or (before.build if before is not None else default_build())
        if environment.path.exists() and not environment.works():
            say("Removing an environment that does not work")
            remove(environment.path)
        refuse_if_full(environment.root, build, downloads=wanted.wheelhouse is None)
        if not environment.path.exists():
            say(f"Making the environment {environment.path}")
            make(environment.path)
        stamp = Stamp(kind, build, "", str(environment.root), environment.base())
        environment.leave(stamp)
        if broken := forget_broken(environment.site_packages()):
            say(f"Repairing {len(broken)} packages of a set-up that was cut off")
        say(f"Installing up to {environment.lock_file(kind).read_text('utf-8').count('==')} pinned packages")
        install(environment, replace(wanted, kind=kind, build=build), held)
        link(environment)
        environment.leave(replace(stamp, locks=environment.locks()))
        say("The environment is ready")


def make(path: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Refusal(f"This Python came without venv and pip: install them with: {sudo()}apt-get install {name}.")
    done = subprocess.run([sys.executable, "-m", "venv", path], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refusal(f"The environment {path} could not be made: {last_line(done.stdout + done.stderr)}")


def remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        cause = f"{path} could not be removed ({error.strerror})"
        raise Refusal(f"{cause}: close Lensmith and delete that folder.") from None


def forget_broken(site_packages: Path) -> list[str]:
    """Make pip forget distributions that are not whole on disk, so that it installs them again.

    pip believes any folder that holds a METADATA file; one that was killed half-way leaves such folders behind.
    """
    for leftover in site_packages.glob("~*"):
        shutil.rmtree(leftover, ignore_errors=True)
    broken = [info for info in sorted(site_packages.glob("*.dist-info")) if not is_whole(info)]
    for info in broken:
        shutil.rmtree(info)
    return [info.name for info in broken]


def is_whole(info: Path) -> bool:
    """Whether each file that a distribution's RECORD lists is there in its full size."""
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as record:
            rows = [row for row in csv.reader(record) if row and row[2] and not row[0].endswith(".pyc")]
        return bool(rows) and all((info.parent / row[0]).stat().st_size == int(row[2]) for row in rows)
    except (OSError, ValueError, IndexError):
        return False


def link(environment: Environment) -> None:
    """Make the environment use the project's source, and give it the ``lensmith`` command."""
    # Python reads .pth files in the system's encoding, which need not be able to spell the folder.
    line = f"import sys; sys.path.append({str(environment.root)!a})\n"
    (environment.site_packages() / "lensmith.pth").write_text(line, "ascii")
    if WINDOWS:
        (environment.scripts / "lensmith.cmd").write_text('@"%~dp0python.exe" -P -m core.cli %*\n', "ascii")
    else:
        command = environment.scripts / "lensmith"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(str(environment.python))} -P -m core.cli "$@"\n', "utf-8")
        command.chmod(0o755)


@contextlib.contextmanager
def only_one(path: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the set-up lock. pip inherits it, so that a pip whose parent was killed still keeps others waiting."""
    with path.open("a+b") as file:
        if not try_lock(file):
            say("Waiting for another set-up of this folder")
            while not try_lock(file):
                time.sleep(0.2)
        yield file.fileno()


def try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def install(environment: Environment, wanted: Wanted, held: int) -> None:
    lock = environment.lock_file(wanted.kind).read_text("utf-8")
    scratch = environment.path / "setup"  # pip unpacks gigabytes: on the disk that was checked, not in a small /tmp
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    filtered = scratch / "requirements.txt"
    filtered.write_text(requirements(lock, wanted.build or "pypi"), "utf-8")
    variables = clean_environment() | {"PIP_USER": "0"} | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    if not has_room_for_a_cache(environment.root, wanted.build or "pypi"):
        variables["PIP_NO_CACHE_DIR"] = "1"  # else what an interrupted download has finished is not fetched again
    quiet = [] if sys.stdout.isatty() else ["-qq", "--progress-bar", "off"]
    inherited = () if WINDOWS else (held,)
    for command in pip_commands(environment.python, lock, wanted, filtered):
        done = subprocess.run(command + quiet, env=variables, stdin=subprocess.DEVNULL, pass_fds=inherited)
        if done.returncode != 0:
            raise Refusal(why_pip_failed(environment.root, wanted))
    shutil.rmtree(scratch, ignore_errors=True)


def clean_environment() -> dict[str, str]:
    """This process's variables without those that would mix packages of another Python into ours."""
    foreign = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in foreign} | {"PYTHONNOUSERSITE": "1"}


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason was given.")
