"""What the state database is asked and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, Select, create_engine, func, insert, select, update

from analytics_lib.model.pages import Stale
from analytics_lib.registry.database import aware, naive, open_database, transaction
from analytics_lib.registry.tables import metadata, pages, runs, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime


@dataclass(frozen=True)
class NewVersion:
    """A version that lies complete in its folder and is about to be recorded.

    Parameters
    ----------
    key
        Content key: hash of notebook, parameters, library, environment and data.
    base_key
        The same without parameters and data: what the report itself contributes.
    sources
        What it was made from: ``{"connections": {name: fingerprint}, "files": {path: hash}, "untraceable": reason}``.
    facts
        What the site's lists say of it.
    folder
        Its folder, from the state's folder.
    """

    report: str
    page: str
    number: int
    key: str
    base_key: str
    parameters: Mapping[str, Any]
    sources: Mapping[str, Any]
    facts: Mapping[str, Any]
    badge: str
    folder: str
    rendered_at: datetime
    seconds: float


@dataclass(frozen=True)
class StoredVersion(NewVersion):
    """A version as the state database holds it."""

    id: int = 0


@dataclass(frozen=True)
class PageState:
    """One page of the site: its current version, and why that is not the newest it could be."""

    report: str
    page: str
    version: StoredVersion | None
    stale: Stale | None
    refused_key: str | None


@dataclass(frozen=True)
class Change:
    """What a run says of a page: a version to make current, or a reason why the present one stays."""

    page: str
    version: int | None = None
    stale: Stale | None = None


class Registry:
    """The state database. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def next_number(self, report: str) -> int:
        """Return the number that the report's next version gets."""
        with self._transaction() as connection:
            newest = connection.execute(select(func.max(versions.c.number)).where(versions.c.report == report)).scalar()
            return (newest or 0) + 1

    def add_version(self, version: NewVersion) -> StoredVersion:
        """Record a complete version; it is not current yet."""
        values = {name: getattr(version, name) for name in NewVersion.__dataclass_fields__}
        values["rendered_at"] = naive(version.rendered_at)
        with self._transaction() as connection:
            result = connection.execute(insert(versions).values(**values))
            identity = int((result.inserted_primary_key or [0])[0])
        return StoredVersion(**{**values, "rendered_at": version.rendered_at, "id": identity})

    def versions_of(self, report: str, page: str | None = None) -> list[StoredVersion]:
        """Return the versions of a report or of one of its pages, newest first."""
        query = select(versions).where(versions.c.report == report)
        if page is not None:
            query = query.where(versions.c.page == page)
        return self._versions(query.order_by(versions.c.number.desc(), versions.c.id.desc()))

    def newest_versions(self, report: str) -> list[StoredVersion]:
        """Return the newest version of each page of a report."""
        query = select(versions.c.id, versions.c.page).where(versions.c.report == report)
        with self._transaction() as connection:
            found = connection.execute(query.order_by(versions.c.number, versions.c.id))
            newest = {row.page: row.id for row in found}
        return self._versions(select(versions).where(versions.c.id.in_(newest.values())))

    def base_keys(self) -> set[str]:
        """Return what all stored versions are made from, parameters and data apart."""
        with self._transaction() as connection:
            return set(connection.scalars(select(versions.c.base_key).distinct()))

    def pages(self, report: str | None = None) -> list[PageState]:
        """Return the state of all pages, or of one report's."""
        query = select(pages).order_by(pages.c.report, pages.c.page)
        if report is not None:
            query = query.where(pages.c.report == report)
        with self._transaction() as connection:
            found = connection.execute(query).all()
            current = select(versions).where(versions.c.id.in_([row.version for row in found if row.version]))
            by_id = {row.id: _stored(row) for row in connection.execute(current)}
        return [PageState(row.report, row.page, by_id.get(row.version), _stale(row), row.refused_key) for row in found]

    def switch(self, report: str, changes: Iterable[Change]) -> None:
        """Apply all changes of a run at once: this is the moment of publishing.

        A page that is stale already keeps the time since when.
        """
        with self._transaction() as connection:
            known = {row.page: row for row in connection.execute(select(pages).where(pages.c.report == report))}
            for change in changes:
                if change.version is not None:
                    values: dict[str, Any] = {
                        "version": change.version, "refused_key": None,
                        "stale_since": None, "stale_kind": None, "stale_reason": None,
                    }  # fmt: skip
                elif change.stale is not None:
                    row = known.get(change.page)
                    since = row.stale_since if row is not None and row.stale_since else naive(change.stale.since)
                    values = {
                        "stale_since": since, "stale_kind": change.stale.kind, "stale_reason": change.stale.reason,
                    }  # fmt: skip
                else:
                    values = {"stale_since": None, "stale_kind": None, "stale_reason": None}
                _upsert_page(connection, report, change.page, values, exists=change.page in known)

    def roll_back(self, report: str, targets: Mapping[str, int], refused: Mapping[str, str]) -> None:
        """Make older versions current, all at once.

        Parameters
        ----------
        report
            The report.
        targets
            Page → id of the version to show.
        refused
            Page → key of the version taken down; a build does not bring it back while its inputs are the same.
        """
        with self._transaction() as connection:
            for page, identity in targets.items():
                values = {
                    "version": identity, "refused_key": refused.get(page),
                    "stale_since": None, "stale_kind": None, "stale_reason": None,
                }  # fmt: skip
                _upsert_page(connection, report, page, values, exists=True)

    def add_runs(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Record what was run, for history and for whoever asks why a page looks as it does."""
        if not entries:
            return
        rows = [{**entry, "started_at": naive(entry["started_at"])} for entry in entries]
        with self._transaction() as connection:
            connection.execute(insert(runs), rows)

    def forget(self, versions_gone: Iterable[StoredVersion]) -> None:
        """Remove versions whose folders are about to be deleted; a current one is never removed."""
        from sqlalchemy import delete

        gone = [version.id for version in versions_gone]
        if gone:
            current = select(pages.c.version).where(pages.c.version.is_not(None))
            with self._transaction() as connection:
                connection.execute(delete(versions).where(versions.c.id.in_(gone), versions.c.id.not_in(current)))

    def _versions(self, query: Select[Any]) -> list[StoredVersion]:
        with self._transaction() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine)


def _upsert_page(connection: Connection, report: str, page: str, values: Mapping[str, Any], *, exists: bool) -> None:
    if exists:
        here = (pages.c.report == report) & (pages.c.page == page)
        connection.execute(update(pages).where(here).values(**values))
    else:
        connection.execute(insert(pages).values(report=report, page=page, **values))


def _stored(row: Row[Any]) -> StoredVersion:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
    return StoredVersion(**{**values, "rendered_at": aware(values["rendered_at"])})


def _stale(row: Row[Any]) -> Stale | None:
    if row.stale_since is None:
        return None
    return Stale(aware(row.stale_since), row.stale_reason or "", row.stale_kind or "rendering")


def open_registry(url: str, *, where: str | None = None) -> Registry:
    """Return the registry on the state database at `url`, which was given at `where`.

    Raises
    ------
    WorkspaceError, PublishError
        It cannot be opened.
    """
    return Registry(open_database(url, where=where))


def empty_registry() -> Registry:
    """Return a registry in memory that holds nothing."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return Registry(engine)
