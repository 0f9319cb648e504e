"""Which modules a parent of kernels imports before its first child."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from analytics_lib.forking.places import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JOB: Final = "analytics_lib.kernels.child:run"

PRELOAD_VARIABLE: Final = "ANALYTICS_KERNEL_PRELOAD"
"""Environment variable: modules to import besides, separated by commas."""

_KERNEL: Final = (
    "ipykernel_launcher",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "tornado.gen",
    "pdb",
    "psutil",
)
REPORTING: Final = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.feather",
    "duckdb",
    "altair",
    "scipy",
    "scipy.stats",
    "sqlalchemy",
    "sqlalchemy.dialects.sqlite",
    "duckdb_sqlalchemy",
    "analytics_lib.session",
    "analytics_lib.recorder",
    "analytics_lib.charts",
    "analytics_lib.connectors.connection",
    "analytics_lib.rendering.remains",
)
"""What reports import, in the order in which it is imported."""

NEVER: Final = ("polars", "grpc", "torch", "jax", "tensorflow", "ipywidgets")
"""Modules that do not survive a fork, or do their work as they are imported within a kernel: a notebook does that."""


def kernel_recipe(preload: Iterable[str] | None = None, environment: Mapping[str, str] | None = None) -> Recipe:
    """Return the recipe of the parent that forks kernels.

    Parameters
    ----------
    preload
        Modules to import instead of what reports need.
    environment
        Environment variables; the process's own by default.
    """
    given = os.environ if environment is None else environment
    more = [name.strip() for name in given.get(PRELOAD_VARIABLE, "").split(",") if name.strip()]
    wanted = [*(REPORTING if preload is None else preload), *more]
    return Recipe(JOB, (*_KERNEL, *dict.fromkeys(name for name in wanted if name.split(".")[0] not in NEVER)))
