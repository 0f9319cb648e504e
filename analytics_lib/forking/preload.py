"""What a parent imports, and how libraries are kept fit to be forked.

A fork takes along the memory of a process but only one of its threads. Libraries that start threads as they are
imported are told not to, and their threads are given back in the child; one that starts threads all the same is named,
and its parent forks nothing.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_TASKS: Final = Path("/proc/self/task")

SINGLE: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_THREAD_TIMEOUT": "20",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""The environment in which a parent imports: no library starts threads of its own, none complains of its start."""

PREPARATION: Final = "preparing"
"""How the step after the imports is named in messages."""

_THREAD_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass
class Preloaded:
    """What was imported.

    Parameters
    ----------
    missing
        Module → why it could not be imported; its users import it themselves, and see why.
    threaded
        The module that started threads, and how many; empty when there are none.
    """

    missing: dict[str, str] = field(default_factory=dict)
    threaded: str = ""
    blas: Any = None


def preload(modules: Iterable[str], prepare: Callable[[], None] = lambda: None) -> Preloaded:
    """Import modules one by one, then call `prepare`, watching for threads; stop where some are started."""
    done = Preloaded()
    steps: list[tuple[str, Callable[[], object]]] = [(name, partial(importlib.import_module, name)) for name in modules]
    for name, step in [*steps, (PREPARATION, prepare)]:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a library may raise anything as it is imported
            done.missing[name] = f"{type(error).__name__}: {error}"
        if name == "duckdb":
            _quieten_duckdb()
        if (count := threads()) > 1:
            what = name if name == PREPARATION else f"importing {name}"
            done.threaded = f"{what} started {count - 1} thread{'s' if count > 2 else ''}"  # noqa: PLR2004
            return done
    done.blas = _blas()
    gc.collect()
    gc.freeze()  # a child's collector leaves these objects alone, so their memory stays shared
    return done


def threads() -> int:
    """Return how many threads this process has, native ones included."""
    return len(os.listdir(_TASKS))  # noqa: PTH208 - a fork waits for it


def refresh(done: Preloaded, environment: Mapping[str, str]) -> None:
    """Make libraries in a child what they are in a process of its own: their threads, a seed of their own."""
    processors = len(os.sched_getaffinity(0))
    time.tzset()
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # the others reseed themselves: random does, default_rng asks the system
    if done.blas is not None:
        asked = next((environment[name] for name in _THREAD_VARIABLES if environment.get(name, "").isdigit()), None)
        done.blas.limit(limits=int(asked or processors))
    if "pyarrow" in sys.modules:
        asked = environment.get("OMP_NUM_THREADS", "")
        sys.modules["pyarrow"].set_cpu_count(int(asked) if asked.isdigit() and int(asked) else processors)
    _wake_duckdb(processors)


def _blas() -> Any:
    if "numpy" not in sys.modules:
        return None
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _quieten_duckdb() -> None:
    """Take the default connection's threads away, where this release opened one as it was imported."""
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and threads() > 1:
        duckdb.execute("set threads = 1")
        _DUCKDB.append(duckdb)


def _wake_duckdb(processors: int) -> None:
    for duckdb in _DUCKDB:
        duckdb.execute(f"set threads = {processors}")


_DUCKDB: list[Any] = []
