"""Kernels forked from a parent that has imported what reports need: the kernelspec ``analytics``."""

from __future__ import annotations

from typing import Final

KERNEL_NAME: Final = "analytics"
"""The kernelspec's name, as `jupyter kernelspec list` shows it."""

OVER_MEMORY: Final = "memory"
"""The reason of a kernel's end that says: it held more than it may."""

NO_HISTORY: Final = ("--HistoryManager.enabled=False", "--HistoryManager.hist_file=:memory:")
"""Arguments of every kernel of ours: kernels in parallel would wait for each other's lock on the history database."""
