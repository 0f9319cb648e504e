"""Rows from a source, or from its quarantine, to the disk."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.files.rows import file_rows, notation_of
from analytics_lib.connectors.landing.queries import query_rows
from analytics_lib.connectors.rest.paths import MISSING, find
from analytics_lib.workspace.sources import file_spec, filled_rest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics_lib.model.files import FileSpec, Notation
    from analytics_lib.model.source_parts import Kind
    from analytics_lib.pipeline.loading.spool import Head, Spool
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.sources import SourceFile

_TOLD: Final = 100_000  # rows of a file from one line of progress to the next


def definition_of(file: SourceFile) -> str:
    """Return a hash of what is asked: a load that was begun with another question is not gone on with."""
    asked = file.source.model_dump(mode="json", exclude={"title", "owner", "description", "checks"})
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def begun(file: SourceFile, spool: Spool, kind: str, since: Any) -> Head:
    """Return the load that is gone on with, a new one where none can be.

    Parameters
    ----------
    file
        The source; only a web service is gone on with, after the last page that is on the disk.
    spool
        What is there.
    kind
        ``load`` or ``full``.
    since
        The mark that a new load begins from.
    """
    head, definition = spool.head(), definition_of(file)
    if file.source.rest is not None and head is not None and spool.is_of(head, definition, kind):
        return head
    return spool.begin(definition, kind, since)


def fetch(workspace: Workspace, file: SourceFile, spool: Spool, head: Head, progress: Progress) -> None:
    """Fetch what is not on the disk yet.

    Parameters
    ----------
    workspace, file
        The source.
    spool, head
        Where to, and what has begun.
    progress
        Told of each page.

    Raises
    ------
    AnalyticsError
        The source cannot be read, or the disk not be written.
    """
    if file.source.rest is not None:
        _fetch_rest(file, spool, head.since, progress)
    elif file.source.file is not None:
        _fetch_file(file, spool, file_spec(file, workspace.root), progress)
    else:
        _fetch_query(workspace, file, spool, head.since)


def refill(spool: Spool, workspace: Workspace, file: SourceFile, records: Iterable[Sequence[str]]) -> Head:
    """Put quarantined rows on the disk, as they came."""
    head, notation = spool.begin(definition_of(file), "replay", None), notation_in(workspace, file)
    for batch in records:
        spool.add([json.loads(each) for each in batch], {}, {}, notation)
    return head


def notation_in(workspace: Workspace, file: SourceFile) -> Notation | None:
    """Return how numbers and days are written, where all values of a source are text."""
    return None if file.source.file is None else notation_of(file_spec(file, workspace.root))


def _fetch_rest(file: SourceFile, spool: Spool, since: Any, progress: Progress) -> None:
    from analytics_lib.connectors.rest import Client, RestPages

    heads = spool.heads()
    if heads and heads[-1]["next"] is None:
        return
    rest, secrets = filled_rest(file)
    mark = file.source.into.incremental
    params = {mark.param: since} if mark is not None and mark.param is not None and since is not None else {}
    rows = sum(head["rows"] for head in heads)
    if heads:
        progress.say(f"{file.name}: going on after page {len(heads)}, {rows:,} rows")
    before = [head["next"] for head in heads]
    with Client(rest, secrets, say=lambda text: progress.say(f"{file.name}: {text}")) as client:
        pages = RestPages(rest, client, params).pages(before[-1] if before else None, before)
        for number, page in enumerate(pages, len(heads) + 1):
            _add(file, spool, page.rows, page.next)
            rows += len(page.rows)
            progress.say(f"{file.name}: fetched page {number}, {rows:,} rows")


def _fetch_file(file: SourceFile, spool: Spool, spec: FileSpec, progress: Progress) -> None:
    notation, rows = notation_of(spec), 0
    with closing(file_rows(spec)) as batches:
        for batch, told in batches:
            _add(file, spool, batch, {}, told, notation)
            rows += len(batch)
            if rows % _TOLD == 0:
                progress.say(f"{file.name}: read {rows:,} rows")


def _fetch_query(workspace: Workspace, file: SourceFile, spool: Spool, since: Any) -> None:
    source = file.source
    values = {"since": since} if source.into.incremental is not None else {}
    spec = workspace.connection(str(source.connection), where=file.where("connection"))
    with open_connection(spec) as connection:
        query_rows(connection, str(source.query), values, lambda batch: _add(file, spool, batch, {}))


def _add(
    file: SourceFile, spool: Spool, rows: Sequence[Mapping[str, Any]], following: Any,
    told: Mapping[str, Kind] | None = None, notation: Notation | None = None,
) -> None:  # fmt: skip
    fields, told = file.source.fields, told or {}
    if fields:
        rows = [{name: _at(row, path) for name, path in fields.items()} for row in rows]
        told = {name: told[path] for name, path in fields.items() if path in told}
    spool.add(rows, following, told, notation)


def _at(row: Mapping[str, Any], path: str) -> Any:
    found = find(row, path)
    return None if found is MISSING else found
