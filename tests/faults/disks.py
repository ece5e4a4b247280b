"""A disk that is small enough to be filled: a file system in memory, where one may be mounted."""

import errno
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 64 * 1024


class NoSmallDisk(Exception):
    """None can be mounted here; the message is why."""


class SmallDisk:
    """The disk; `folder` is where files on it are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves no byte free."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (PIECE, 1):
                with suppress(_Full):
                    while True:
                        _write(ballast.fileno(), size)

    def free(self) -> None:
        """Frees what was filled."""
        self._ballast.unlink(missing_ok=True)


class _Full(Exception):
    pass


def _write(file: int, size: int) -> None:
    try:
        os.write(file, bytes(size))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _Full from error


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[SmallDisk]:
    """Mounts one in the folder, for as long as it is needed. Raises NoSmallDisk."""
    options = f"size={megabytes}m,mode=0777"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "small-disk", folder],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NoSmallDisk(f"a small disk can't be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
