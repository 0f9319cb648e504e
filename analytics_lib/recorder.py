"""The kernel's side of a run: writes down what the notebook read and what it hands over.

What was read decides whether a page must be rendered again, so it is recorded where it happens: connections as they are
opened, files as Python opens them, and files that a query names.
"""

from __future__ import annotations

import atexit
import glob
import importlib.util
import json
import os
import re
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import InputError
from analytics_lib.model.handover import JOURNAL, RUN_FOLDER, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    import pyarrow as pa

_DATA_ENDINGS: Final = (
    ".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx", ".xls", ".feather", ".arrow",
    ".db", ".sqlite", ".duckdb", ".gz", ".zst", ".zip", ".yml", ".yaml", ".toml",
)  # fmt: skip
_FILE_LIKE: Final = re.compile(r"\.(csv|tsv|txt|parquet|jsonl?|ndjson|xlsx?|arrow|feather)(\.(gz|zst|bz2))?$", re.I)
_WRITING: Final = os.O_WRONLY | os.O_TRUNC
_QUOTED: Final = re.compile(r"'((?:[^']|'')+)'")


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
        self._lock = threading.Lock()
        self._journal = os.open(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._write("recording", True)
        atexit.register(self._modules)
        sys.addaudithook(self._audit)

    def finding(self, sentence: str) -> None:
        """Record the page's answer."""
        self._write("finding", sentence)

    def connection(self, name: str) -> None:
        """Record that a connection is opened."""
        self._write("connection", name)

    def query(self, query: str, values: Mapping[str, object]) -> None:
        """Record the files that a query reads by itself, which Python does not see."""
        texts = [text.replace("''", "'") for text in _QUOTED.findall(query)]
        texts += [value for value in values.values() if isinstance(value, str)]
        for text in texts:
            if not _FILE_LIKE.search(text):
                continue
            if "://" in text:
                self._write("untraceable", f"a query reads {text}")
                continue
            self._pattern(text)
            for path in glob.glob(text, recursive=True):  # noqa: PTH207 - the query's own patterns, absolute or not
                self._file(path)

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

    def _modules(self) -> None:
        """Record modules of the workspace that were imported from memory or a cache."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.startswith(self._root) and not file.startswith(self._own):
                self._write("file", file)

    def _write(self, kind: str, value: object) -> None:
        line = json.dumps({kind: value}) + "\n"
        with self._lock:
            os.write(self._journal, line.encode())


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
