"""Where parents listen: a private folder of the user, and a name for each environment and list of modules."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIBRARY: Final = str(Path(__file__).parents[1])
SUPPORTED: Final = sys.platform == "linux"

FOLDER_VARIABLE: Final = "ANALYTICS_RUNTIME_FOLDER"
"""Environment variable: the folder of sockets, where the system's own place does not serve."""

SWITCH_VARIABLE: Final = "ANALYTICS_DAEMON"
"""Environment variable: ``off`` to use no resident processes."""

_READ_AT_IMPORT: Final = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "ARROW_", "NPY_", "NUMPY_", "OPENBLAS_", "MKL_")
"""Variables that Python and libraries read as they are loaded: children with other values need another parent."""


STALE: Final = "stale"
"""A parent's refusal that says: ask the next one."""


class NoPlace(Exception):
    """There is no folder that is the user's alone."""


@dataclass(frozen=True)
class Recipe:
    """What a parent is made for.

    Parameters
    ----------
    job
        What its children run: ``module:function``; the function takes the request's arguments.
    preload
        Modules that it imports before the first child, in order.
    """

    job: str
    preload: tuple[str, ...]


def private_folder() -> Path:
    """Return the user's folder for sockets, made if need be; nobody else may enter it.

    Raises
    ------
    NoPlace
        The folder is somebody else's, or open to others.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if given:
        folder = Path(given)
    elif runtime and os.access(runtime, os.W_OK | os.X_OK):
        folder = Path(runtime) / "analytics-lib"
    else:
        folder = Path(tempfile.gettempdir()) / f"analytics-lib-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise NoPlace(f"{folder} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoPlace(f"{folder} is not this user's alone")
    return folder


def socket_path(recipe: Recipe, environment: Mapping[str, str]) -> Path:
    """Return where the parent for a recipe listens, given the environment its children will have.

    The name changes with the Python that runs, with what is installed, with this library's own code, and with the
    variables that libraries read as they are imported: a stale parent is never asked.
    """
    parts = [sys.executable, sys.version, recipe.job, *recipe.preload, environment_stamp(), *import_time(environment)]
    name = hashlib.sha256("\x1f".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]
    return private_folder() / f"{name}.sock"


def import_time(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that count when modules are imported, as ``NAME=value``."""
    return sorted(f"{name}={value}" for name, value in environment.items() if name.startswith(_READ_AT_IMPORT))


def environment_stamp() -> str:
    """Return text that changes when a package is installed, upgraded or removed, or this library's code changes.

    Every installer adds or removes an entry in a folder of packages, and so touches its time of change.
    """
    total = hashlib.sha256()
    for path in _watched():
        try:
            found = os.stat(path)  # noqa: PTH116 - some three hundred files, each time a kernel starts
        except OSError:
            continue
        total.update(f"{path}\x1f{found.st_mtime_ns}\x1f{found.st_size}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def source_files() -> dict[str, float]:
    """Return when the imported modules changed that lie neither among installed packages nor with Python itself.

    These are packages under development, and folders named in ``PYTHONPATH``.
    """
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and "-packages" not in path and not path.startswith((sys.base_prefix, _LIBRARY)):
            with suppress(OSError):
                found[path] = os.stat(path).st_mtime  # noqa: PTH116 - a caller waits
    return found


def changed(files: Mapping[str, float]) -> bool:
    """Return whether a file is gone or has another time of change than is given."""
    try:
        return any(os.stat(path).st_mtime != moment for path, moment in files.items())  # noqa: PTH116 - a caller waits
    except OSError:
        return True


def _watched() -> Iterator[str]:
    yield from sorted({entry for entry in sys.path if entry.endswith("-packages")})
    for folder, _, names in os.walk(_LIBRARY):
        if not folder.endswith("__pycache__"):
            yield from (f"{folder}/{name}" for name in sorted(names))
