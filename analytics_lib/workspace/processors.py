"""How many processors this process may use: the machine's, less what its user, its scheduler or its container took."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN: Final = Path("/proc/self/cgroup")


def usable_processors(own: Path = _OWN, groups: Path = CGROUPS) -> int:
    """Return how many processors this process may use; one at least.

    Parameters
    ----------
    own
        The file that names this process's control group.
    groups
        Where the system shows control groups.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_quotas(own, groups)]))


def _quotas(own: Path, groups: Path) -> list[int]:
    """Return the limits of this process's control group and of those above it, in whole processors, rounded up."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    place = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if place is None:  # the first version of control groups
        return []
    here = groups / place
    found = (_quota(folder / "cpu.max") for folder in (here, *here.parents) if folder.is_relative_to(groups))
    return [quota for quota in found if quota is not None]


def _quota(path: Path) -> int | None:
    """Return the limit that a file ``cpu.max`` states as ``QUOTA PERIOD`` in microseconds; None where it is ``max``."""
    try:
        quota, period = path.read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None
