"""The kernel's side of a run: writes down what the notebook read and what it hands over.

What was read decides whether a page must be rendered again, so it is recorded where it happens: connections as they are
opened, files as Python opens them, and files that a query names. What libraries open without Python is taken from the
names of files in the notebook's own text.
"""

from __future__ import annotations

import ast
import atexit
import glob
import importlib.util
import json
import os
import re
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.statements.volatility import changing, quoted
from analytics_lib.errors import InputError
from analytics_lib.model.handover import JOURNAL, RUN_FOLDER, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

    from analytics_lib.connectors.engines.backend import Reads

_LONGEST_NAME: Final = 1000
_DATA_ENDINGS: Final = (
    ".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx", ".xls", ".feather", ".arrow",
    ".db", ".sqlite", ".duckdb", ".gz", ".zst", ".zip", ".yml", ".yaml", ".toml",
)  # fmt: skip
_FILE_LIKE: Final = re.compile(r"\.(csv|tsv|txt|parquet|jsonl?|ndjson|xlsx?|arrow|feather)(\.(gz|zst|bz2))?$", re.I)
_WRITING: Final = os.O_WRONLY | os.O_TRUNC
_NATIVE: Final = frozenset(
    {
        "duckdb",
        "polars",
        "pyarrow",
        "ibis",
        "datafusion",
        "h5py",
        "netCDF4",
        "xarray",
        "zarr",
        "pyogrio",
        "fiona",
        "rasterio",
    }
)
"""Libraries that open files by themselves: Python's own hooks do not see it."""


@lru_cache(maxsize=1)
def recorder() -> Recorder | None:
    """Return this process's recorder; None outside of a run."""
    folder = os.environ.get(RUN_FOLDER)
    return Recorder(Path(folder), Path(os.environ[WORKSPACE])) if folder else None


class Recorder:
    """Appends one line of JSON for each thing that the runner must know.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The workspace's folder: files below it count as input whatever their ending.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = str(root.resolve()) + os.sep
        self._own = tuple(self._root + each + os.sep for each in (".analytics", "site", ".venv"))
        self._seen: set[str] = set()
        self._begun = time.time()
        self._lock = threading.Lock()
        self._journal = os.open(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._write("recording", True)
        atexit.register(self._finish)
        sys.addaudithook(self._audit)

    def finding(self, sentence: str) -> None:
        """Record the page's answer."""
        self._write("finding", sentence)

    def connection(self, name: str) -> None:
        """Record that a connection is opened."""
        self._write("connection", name)

    def experiment(self, name: str, mark: str) -> None:
        """Record that a registered experiment is read, and as of which step and look."""
        self._write("experiment", {"name": name, "mark": mark})

    def query(self, query: str, values: Mapping[str, object]) -> None:
        """Record the files that a query reads by itself, which Python does not see, and whether it asks the clock."""
        asked = changing(query, values)
        if asked:
            self._write("untraceable", f"a query asks for {asked}, whose answer changes by itself")
        for text in [*quoted(query), *(value for value in values.values() if isinstance(value, str))]:
            if not _FILE_LIKE.search(text):
                continue
            if "://" in text:
                self._write("untraceable", f"a query reads {text}")
                continue
            self._pattern(text)
            for path in glob.glob(text, recursive=True):  # noqa: PTH207 - the query's own patterns, absolute or not
                self._file(path)

    def reads(self, connection: str, reads: Reads) -> None:
        """Record the tables that a query has read."""
        self._write("tables", {"connection": connection, "tables": None if reads.tables is None else [*reads.tables]})
        if reads.untraceable:
            self._write("untraceable", reads.untraceable)

    def output(self, name: str, frame: pd.DataFrame | pa.Table) -> None:
        """Lay a frame aside for the checks."""
        import pandas as pd
        import pyarrow as pa
        from pyarrow import feather

        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise InputError(f"'{name}' cannot be an output's name", hint="use letters, digits and _")
        if isinstance(frame, pd.DataFrame):
            try:
                table = pa.Table.from_pandas(frame, preserve_index=False)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise InputError(
                    f"output '{name}' cannot be handed over: {error.args[0]}", hint="give each column one type"
                ) from None
        elif isinstance(frame, pa.Table):
            table = frame
        else:
            raise InputError(f"output '{name}' is a {type(frame).__name__}", hint="hand over a DataFrame")
        file = self._folder / f"{name}.arrow"
        feather.write_feather(table, file)
        self._write("output", {"name": name, "file": file.name})

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if isinstance(arguments[0] if arguments else None, str) and (
            (event == "open" and not arguments[2] & _WRITING) or event == "sqlite3.connect"
        ):
            self._file(arguments[0])
        elif event == "glob.glob":
            self._pattern(str(arguments[0]))
        elif event in {"pathlib.Path.glob", "pathlib.Path.rglob"}:
            between = "**" if event.endswith("rglob") else ""
            self._pattern(os.path.join(str(arguments[0]), between, str(arguments[1])))  # noqa: PTH118 - as above

    def _pattern(self, pattern: str) -> None:
        """Record a pattern besides the files that it matches: another file may come to match it."""
        if glob.has_magic(pattern):
            self._file(pattern)

    def _file(self, name: str) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        path = os.path.abspath(name)  # noqa: PTH100 - an audit hook is called thousands of times
        if "__pycache__" in path:
            path = _source_of(path)
        data = path.endswith(_DATA_ENDINGS) and not path.startswith(_MACHINE)
        if (data or path.startswith(self._root)) and not path.startswith(self._own):
            self._write("file", path)

    def _finish(self) -> None:
        """Record what is known only in the end."""
        main = vars(sys.modules["__main__"])
        modules = [*self._modules()]
        if any(_is_native(value) for space in (main, *map(vars, modules)) for value in list(space.values())):
            sources = [str(cell) for cell in main.get("In", ())]
            sources += [source for module in modules if (source := _source_text(str(module.__file__)))]
            for text in {text for source in sources for text in _literals(source)}:
                self._named(text)

    def _modules(self) -> Iterator[ModuleType]:
        """Record and yield modules of the workspace, also those that were imported from memory or a cache."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.startswith(self._root) and not file.startswith(self._own):
                self._write("file", file)
                yield module

    def _named(self, text: str) -> None:
        """Record the files that a text of the notebook names; what the notebook wrote itself is none of its sources."""
        if len(text) > _LONGEST_NAME or not text.lower().endswith(_DATA_ENDINGS):
            return
        self._pattern(text)
        for path in glob.glob(text, recursive=True):  # noqa: PTH207 - as people write it
            with suppress(OSError):
                if os.stat(path).st_mtime < self._begun:  # noqa: PTH116 - as above
                    self._file(path)

    def _write(self, kind: str, value: object) -> None:
        line = json.dumps({kind: value}) + "\n"
        with self._lock:
            os.write(self._journal, line.encode())


def _is_native(value: object) -> bool:
    """Return whether a name of the notebook stands for a library that opens files by itself, or for a part of one."""
    if isinstance(value, ModuleType):
        module: object = value.__name__
    else:
        module = (value if isinstance(value, (type, FunctionType, BuiltinFunctionType)) else type(value)).__module__
    return isinstance(module, str) and module.partition(".")[0].lstrip("_") in _NATIVE


def _source_text(path: str) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return Path(path).read_text(encoding="utf-8")
    return ""


def _literals(source: str) -> Iterator[str]:
    """Yield the texts in a cell or module, and what stands in quotes within them; what is filled in becomes a star."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (node.value, *quoted(node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
            text = "".join(parts)
            yield from (text, *quoted(text))


def _source_of(cached: str) -> str:
    try:
        return importlib.util.source_from_cache(cached)
    except ValueError:
        return cached


def _machine_folders() -> Iterable[str]:
    """Folders whose files belong to the environment, which the key holds already, or to the system."""
    yield from {sys.prefix + os.sep, sys.base_prefix + os.sep}
    yield from ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/tmp/ipykernel")  # noqa: S108 - names to leave out
    for hidden in (".ipython", ".jupyter", ".local", ".cache", ".config", ".matplotlib"):
        yield str(Path.home() / hidden) + os.sep


_MACHINE: Final = tuple(_machine_folders())
