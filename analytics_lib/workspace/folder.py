"""``analytics.toml`` and the folders beside it."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from analytics_lib.errors import AnalyticsError, ConnectionFailed, WorkspaceError, nearest
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.model.files import FILE_KEYS
from analytics_lib.settings import read_settings, section_names, shown
from analytics_lib.workspace.processors import usable_processors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG_NAME: Final = "analytics.toml"
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_CONNECTION_KEYS: Final = {
    "url": str, "read_only": bool, "time_limit": int, "row_limit": int, **dict.fromkeys(FILE_KEYS, str),
}  # fmt: skip
_WORDS: Final = {str: "text in quotes", bool: "true or false", int: "a whole number, 1 or more"}


@dataclass(frozen=True)
class Workspace:
    """A workspace: its folder, settings and connections.

    Parameters
    ----------
    root
        The folder that holds ``analytics.toml``, absolute.
    settings
        A value for every name in `analytics_lib.settings.SETTINGS`.
    declared
        Connection name → its table in ``analytics.toml``, environment variables not yet filled in.
    lines
        ``section.key`` → ``analytics.toml:line``.
    """

    root: Path
    settings: Mapping[str, str | int | bool]
    declared: Mapping[str, Mapping[str, Any]]
    lines: Mapping[str, str]

    @property
    def site(self) -> Path:
        """The folder of the published site."""
        return self.root / str(self.settings["site.folder"])

    @property
    def state(self) -> Path:
        """The folder of the state: database, stored versions, caches."""
        return self.root / ".analytics"

    @property
    def state_where(self) -> str:
        """Where the state database's URL is given, for errors."""
        return self.lines.get("state.url", "setting 'state.url'")

    @property
    def state_url(self) -> str:
        """SQLAlchemy URL of the state database, paths absolute and variables filled in."""
        return _absolute(filled(str(self.settings["state.url"]), self.state_where), self.root)

    @property
    def jobs(self) -> int:
        """How many notebooks run at the same time."""
        return int(self.settings["rendering.jobs"]) or usable_processors()

    @contextmanager
    def places(self) -> Iterator[None]:
        """Let errors name files from the workspace's folder, as a person would: ``expectations/orders.json:4``."""
        try:
            yield
        except AnalyticsError as error:
            error.where = error.where.replace(f"{self.root}{os.sep}", "") if error.where else None
            raise

    def connection(self, name: str, *, where: str | None = None) -> ConnectionSpec:
        """Return the connection called `name`, its environment variables filled in.

        Raises
        ------
        ConnectionFailed
            There is none of that name.
        WorkspaceError
            Its url names an environment variable that is not set.
        """
        if name not in self.declared:
            raise ConnectionFailed(f"unknown connection '{name}'", where=where, hint=nearest(name, self.declared))
        line = self.lines.get(f"connections.{name}.url", self.lines.get(f"connections.{name}", CONFIG_NAME))
        table = self.declared[name]
        url = _absolute(filled(str(table["url"]), line), self.root)
        return ConnectionSpec(
            name=name,
            url=url,
            read_only=bool(table.get("read_only", True)),
            where=line,
            time_limit=table.get("time_limit"),
            row_limit=table.get("row_limit"),
            options={key: table[key] for key in FILE_KEYS if key in table},
        )


def find_workspace(start: Path | None = None) -> Workspace:
    """Return the workspace that `start` (by default the working directory) lies in.

    Raises
    ------
    WorkspaceError
        Neither the folder nor one above it holds ``analytics.toml``.
    """
    folder = (start or Path.cwd()).absolute()
    for candidate in (folder, *folder.parents):
        if (candidate / CONFIG_NAME).is_file():
            return load_workspace(candidate)
    raise WorkspaceError(
        f"there is no {CONFIG_NAME} in {folder} or above it",
        hint="go to a workspace, name it with `--workspace DIR`, or make one with `analytics init DIR`",
    )


def load_workspace(root: Path) -> Workspace:
    """Return the workspace whose ``analytics.toml`` lies in `root`.

    Raises
    ------
    WorkspaceError
        The file is missing or invalid, or has an unknown key or a value of the wrong type.
    """
    path = root / CONFIG_NAME
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        raise WorkspaceError(
            f"there is no {CONFIG_NAME} in {root}",
            hint="name a workspace's folder, or make one with `analytics init DIR`",
        ) from None
    except UnicodeDecodeError:
        raise WorkspaceError("the file is not UTF-8 text", where=CONFIG_NAME, hint="save it as UTF-8") from None
    except OSError as error:
        raise WorkspaceError(f"the file cannot be read: {error.strerror}", where=CONFIG_NAME) from None
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error) from None
    lines = _lines(text)
    sections = section_names() | {"connections"}
    for name, table in tables.items():
        if name not in sections:
            what = f"section [{name}]" if isinstance(table, dict) else f"key '{name}'"
            raise WorkspaceError(f"unknown {what}", where=lines.get(name), hint=nearest(name, sections))
        if not isinstance(table, dict):
            raise WorkspaceError(f"'{name}' must be a section", where=lines.get(name), hint=f"write [{name}]")
    connections = tables.pop("connections", {})
    _check_connections(connections, lines)
    return Workspace(root.absolute(), read_settings(tables, lines), connections, lines)


def _check_connections(connections: Mapping[str, Any], lines: Mapping[str, str]) -> None:
    for name, table in connections.items():
        where = lines.get(f"connections.{name}", CONFIG_NAME)
        if not isinstance(table, dict) or "url" not in table:
            raise WorkspaceError(
                f"connection '{name}' has no url", where=where, hint='write url = "duckdb:///data/warehouse.duckdb"'
            )
        for key, value in table.items():
            place = lines.get(f"connections.{name}.{key}", where)
            if key not in _CONNECTION_KEYS:
                raise WorkspaceError(
                    f"unknown key '{key}' in [connections.{name}]", where=place, hint=nearest(key, _CONNECTION_KEYS)
                )
            kind = _CONNECTION_KEYS[key]
            if type(value) is not kind or (isinstance(value, int) and kind is int and value < 1):
                raise WorkspaceError(
                    f"{key} of connection '{name}' is {shown(value)}", where=place, hint=f"give it {_WORDS[kind]}"
                )


def _not_toml(error: tomllib.TOMLDecodeError) -> WorkspaceError:
    """Put the parser's complaint into our words: it writes ``Cannot declare ('site',) twice (at line 4, column 6)``."""
    line = re.search(r"at line (\d+)", str(error))
    what = re.sub(r" \(at .*\)$", "", str(error)).rstrip(".")
    what = re.sub(r"\(('[^()]*'),?\)", lambda match: f"[{match[1].replace(chr(39), '').replace(', ', '.')}]", what)
    return WorkspaceError(
        f"the file is not valid TOML: {what[0].lower()}{what[1:]}",
        where=f"{CONFIG_NAME}:{line[1]}" if line else CONFIG_NAME,
    )


def _lines(text: str) -> dict[str, str]:
    """Return where each section and key of a TOML text stands; tomllib does not tell."""
    found: dict[str, str] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        key = re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line)
        if header:
            section = re.sub(r"""["'\s]""", "", header[1])
            found.setdefault(section, f"{CONFIG_NAME}:{number}")
            found.setdefault(section.split(".")[0], f"{CONFIG_NAME}:{number}")
        elif key:
            found[f"{section}.{key[1]}" if section else key[1]] = f"{CONFIG_NAME}:{number}"
    return found


def filled(text: str, where: str) -> str:
    """Return a text with the environment's variables in place of ``${NAME}``.

    Raises
    ------
    WorkspaceError
        A variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise WorkspaceError(
                f"environment variable {match[1]} is not set", where=where, hint=f"set it: export {match[1]}=…"
            )
        return _encoded(os.environ[match[1]], text[: match.start()], text[match.end() :])

    return _VARIABLE.sub(value, text)


def _encoded(value: str, before: str, after: str) -> str:
    """Percent-encode an account or password that a URL cannot hold as it is; one without such characters stays."""
    within_account = re.search(r"://[^/@?]*$", before) and "@" in after
    return quote(value, safe="") if within_account and re.search(r"[@/:?#\[\]\s]", value) else value


def _absolute(url: str, root: Path) -> str:
    """Make the path of a file URL absolute, whatever folder the process works in."""
    if url.startswith("file:") and "://" not in url:
        return f"file:{root.absolute() / url.removeprefix('file:')}"
    match = re.match(r"(?P<head>(?:duckdb|sqlite)(?:\+\w+)?:///)(?P<path>[^/:?][^?]*)(?P<tail>\?.*)?$", url)
    return f"{match['head']}{root.absolute() / match['path']}{match['tail'] or ''}" if match else url
