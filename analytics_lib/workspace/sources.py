"""Source files: ``sources/NAME.yml`` read, checked and put into sentences with file and line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from analytics_lib.errors import SourceError, nearest
from analytics_lib.model.files import FILE_KEYS, FileSpec, name_of
from analytics_lib.model.source import DataSource
from analytics_lib.workspace.complaints import model_complaint
from analytics_lib.workspace.documents import ENDINGS, documents, line_of, read_document
from analytics_lib.workspace.folder import filled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analytics_lib.model.source_parts import Rest

FOLDER: Final = "sources"
_PLAIN: Final = frozenset({"base", "path", "token_url", "user", "client_id", "scope", "name"})
"""Keys whose value is no secret; errors show addresses."""
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class SourceFile:
    """A source with the place that each of its keys stands at.

    Parameters
    ----------
    name
        The source's name: the file's, without its ending.
    source
        Its content.
    lines
        Path of keys, e.g. ``("into", "table")`` → line number.
    shown
        The file's path as errors name it, from the workspace's folder.
    """

    name: str
    source: DataSource
    lines: Mapping[tuple[str | int, ...], int]
    shown: str

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key, or of the nearest one above it."""
        return line_of(self.shown, self.lines, keys)


def source_names(root: Path) -> list[str]:
    """Return the names of all source files of the workspace at `root`.

    Raises
    ------
    SourceError
        Two files give the same name, or a name cannot stand in an address.
    """
    return sorted(documents(root, FOLDER, "source", SourceError))


def load_source(root: Path, name: str) -> SourceFile:
    """Return the source called `name`.

    Raises
    ------
    SourceError
        There is none, its file is invalid, or another file lands in the same table.
    """
    paths = documents(root, FOLDER, "source", SourceError)
    name = name.rpartition("/")[2]
    name = name.rpartition(".")[0] if name.endswith(ENDINGS) else name
    if name not in paths:
        hint = nearest(name, paths) if paths else "write one: sources/NAME.yml"
        raise SourceError(f"there is no source '{name}'", where=f"{FOLDER}/", hint=hint)
    found = _load(paths[name], name)
    for other, path in paths.items():
        if other != name and _target(path) == (found.source.into.connection, found.source.into.table.lower()):
            raise SourceError(
                f"{FOLDER}/{path.name} lands in the table {found.source.into.table} as well",
                where=found.where("into", "table"), hint="give each source a table of its own",
            )  # fmt: skip
    return found


def file_spec(file: SourceFile, root: Path) -> FileSpec:
    """Return what is to be read; relative paths count from the workspace's folder.

    Parameters
    ----------
    file
        A source whose rows come from a file.
    root
        The workspace's folder.

    Raises
    ------
    WorkspaceError
        The address names an environment variable that is not set.
    """
    written, where = str(file.source.file), file.where("file")
    address, name = filled(written, where), name_of(written)
    options = {key: value for key in FILE_KEYS if (value := getattr(file.source, key)) is not None}
    whole = address if "://" in address else str(root / address)
    return FileSpec(whole, name, name, where, "key file", options)


def filled_rest(file: SourceFile) -> tuple[Rest, tuple[str, ...]]:
    """Return what is to be asked with the environment's variables filled in, and the secrets among them.

    Raises
    ------
    SourceError
        A variable is not set, or is empty.
    """
    rest, secrets = file.source.rest, []
    if rest is None:
        raise SourceError("the source is none on the web", where=file.where(), hint="give it the key rest")

    def filled(value: Any, keys: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: variable(match[1], keys), value)
        if isinstance(value, BaseModel):
            new = {key: filled(getattr(value, key), (*keys, key)) for key in type(value).model_fields}
            return value.model_copy(update=new)
        return {key: filled(each, (*keys, key)) for key, each in value.items()} if isinstance(value, dict) else value

    def variable(name: str, keys: tuple[str | int, ...]) -> str:
        value = os.environ.get(name, "")
        if not value.strip():
            said = "is empty" if name in os.environ else "is not set"
            raise SourceError(
                f"environment variable {name} {said}", where=file.where(*keys), hint=f"set it: export {name}=…"
            )
        if not value.isascii() or not value.isprintable():
            raise SourceError(
                f"environment variable {name} holds a line break, or letters that cannot stand in a request",
                where=file.where(*keys), hint="set it to the key alone",
            )  # fmt: skip
        if keys[-1] not in _PLAIN:
            secrets.append(value)
        return value

    return filled(rest, ("rest",)), tuple(secrets)


def _load(path: Path, name: str) -> SourceFile:
    shown = f"{FOLDER}/{path.name}"
    content, lines = read_document(path, shown, "source", SourceError)
    try:
        source = DataSource.model_validate(content)
    except ValidationError as error:
        raise model_complaint(error, content, shown, lines, DataSource) from None
    return SourceFile(name, source, lines, shown)


def _target(path: Path) -> tuple[str, str] | None:
    """Return where another source lands; what is wrong with its file is said when it is loaded itself."""
    try:
        into = _load(path, path.stem).source.into
    except SourceError:
        return None
    return into.connection, into.table.lower()
