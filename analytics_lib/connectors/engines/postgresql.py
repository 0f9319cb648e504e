"""PostgreSQL through psycopg 3: which tables a query has read, and whether a table is as it was."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.engines.backend import CONNECT_TIMEOUT_S, Reads, joined
from analytics_lib.connectors.engines.columns import postgresql_columns
from analytics_lib.connectors.files.fingerprints import HASHED_UP_TO
from analytics_lib.connectors.reading.rows import CursorRows
from analytics_lib.connectors.statements.volatility import changing
from analytics_lib.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import CursorResult, Engine, Row, TextClause
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.adbc import Sessions
    from analytics_lib.connectors.engines.backend import Connect
    from analytics_lib.connectors.files.fingerprints import Stamps

_POSITION: Final = """
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text else pg_current_wal_insert_lsn()::text end,
  (select system_identifier from pg_control_system())
"""

# A transaction keeps its locks to its end, and the server reads no table without one: also not from within a function,
# a view or a policy. The function behind pg_locks is asked, for the view would add a lock of its own.
LOCKED: Final = """
select distinct relation from pg_lock_status()
where locktype = 'relation' and pid = pg_backend_pid() and granted
"""

_RELATIONS: Final = """
select format('%I.%I', n.nspname, c.relname) as name, n.nspname, c.relkind, c.oid >= 16384 as own,
  c.relpersistence = 't' as temporary, case when c.relkind = 'v' then pg_get_viewdef(c.oid) else '' end as definition,
  (select string_agg(pg_get_expr(p.polqual, p.polrelid), E'\\n') from pg_policy p where p.polrelid = c.oid) as policies
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = any(:relations) and c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
"""

_CALLS_FUNCTIONS: Final = """
select exists (
  select from pg_depend d where d.refclassid = 'pg_proc'::regclass and (
    d.classid = 'pg_rewrite'::regclass
      and d.objid in (select r.oid from pg_rewrite r where r.ev_class = any(:relations))
    or d.classid = 'pg_policy'::regclass
      and d.objid in (select p.oid from pg_policy p where p.polrelid = any(:relations))
  )
)
"""

# All that decides what a name stands for and which rows of it are seen, but the rows. What is told by transaction and
# place (xmin, ctid) is told of a version of a catalogue's row, which changes with any change.
_TABLE: Final = """
select md5(concat_ws('|', c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
  (select string_agg(n.nspname, ',' order by n.nspname) from pg_class o join pg_namespace n on n.oid = o.relnamespace
    where o.relname = c.relname and o.relpersistence <> 't' and o.relkind in ('r', 'v', 'm', 'p', 'f')),
  (select string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, attcollation, attgenerated, attisdropped), ','
    order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0),
  (select string_agg(concat_ws(' ', ctid, xmin), ',' order by oid) from pg_rewrite where ev_class = c.oid),
  (select string_agg(concat_ws(' ', ctid, xmin), ',' order by oid) from pg_policy where polrelid = c.oid),
  (select string_agg(concat_ws(' ', k.oid, pg_get_expr(k.relpartbound, k.oid)), ',' order by k.oid)
    from pg_inherits i join pg_class k on k.oid = i.inhrelid where i.inhparent = c.oid))) as definition,
  format('%I.%I', s.nspname, c.relname) as name, c.relkind, pg_relation_size(c.oid) as size, a.amname
from pg_class c join pg_namespace s on s.oid = c.relnamespace left join pg_am a on a.oid = c.relam
where c.oid = to_regclass(:name)
"""

_DEFINITIONS: Final = """
select lower(viewname), definition from pg_views
where schemaname not in ('pg_catalog', 'information_schema') and lower(viewname) = any(:names)
union all
select lower(p.proname),
  case when l.lanname in ('sql', 'plpgsql') then pg_get_functiondef(p.oid) when p.provolatile <> 'v' then '' end
from pg_proc p join pg_language l on l.oid = p.prolang
where p.oid >= 16384 and p.prokind in ('f', 'w') and lower(p.proname) = any(:calls)
"""

_CATALOGUES: Final = (
    "pg_aggregate", "pg_auth_members", "pg_cast", "pg_collation", "pg_db_role_setting", "pg_enum", "pg_language",
    "pg_operator", "pg_proc", "pg_range", "pg_ts_config", "pg_ts_config_map", "pg_ts_dict",
    "pg_type where typrelid = 0 and typelem = 0", "pg_namespace where nspname !~ '^pg_(toast_)?temp_'",
    "pg_attribute where attrelid in (select oid from pg_class where relkind = 'c')",
)  # fmt: skip
_ROWS: Final = (
    "select count(*) || ':' || coalesce(sum(hashtextextended(ctid::text, xmin::text::bigint)::numeric), 0) from"
)
_SETTINGS: Final = """
select concat_ws('|', current_user, current_schemas(true), version(),
  (select system_identifier from pg_control_system()),
  case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())::text
    else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end,
  (select string_agg(name || '=' || setting, ',' order by name) from pg_settings
    where category like 'Client Connection Defaults%' or category like 'Version and Platform%'))
"""


class PostgreSQL:
    """PostgreSQL servers."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open sessions whose transactions are read-only by default."""
        from sqlalchemy import create_engine

        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise ConnectionFailed(
                "PostgreSQL needs the package psycopg", hint="pip install 'analytics-lib[postgresql]'"
            ) from None
        options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "analytics_lib"}
        options |= url.query
        if read_only:
            options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on".lstrip()
        # In the url, where ADBC's sessions find them too; several hosts are a tuple.
        query = {name: value if isinstance(value, tuple) else str(value) for name, value in options.items()}
        return create_engine(url.set(drivername="postgresql+psycopg", query=query), pool_pre_ping=True)

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> CursorRows:
        """Return rows that psycopg fetches, with the types that the server tells."""
        if batch:
            connection.execution_options(stream_results=True, max_row_buffer=batch)
        result = connection.execute(clause)
        return CursorRows(result, postgresql_columns(result))

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Return the rows with the types that the server tells."""
        return CursorRows(result, postgresql_columns(result)).frame(limit, widen=self.widens)

    def sessions(self, engine: Engine) -> Sessions | None:
        """Return sessions of ADBC, where that is installed, told what psycopg is told."""
        from analytics_lib.connectors.engines import adbc

        if not adbc.INSTALLED:
            return None
        from psycopg.conninfo import make_conninfo

        _, options = engine.dialect.create_connect_args(engine.url)
        options.pop("context", None)  # SQLAlchemy's own
        return adbc.Sessions(make_conninfo(**{**options, "client_encoding": "utf8"}))

    @property
    def widens(self) -> bool:
        """Return True: frames are the same whichever driver reads."""
        return True

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:  # noqa: ARG002
        """Return the write-ahead log's position: it moves with any write to the server, so it is never stale silently.

        None where the server has no such position, or keeps it from this account.
        """
        with connect() as connection:
            position = _first(connection, _POSITION)
        return _hash(*position, url.database) if position is not None else None

    def changed_at(self, url: URL) -> datetime | None:  # noqa: ARG002
        """Return None: PostgreSQL does not tell without `track_commit_timestamp`."""
        return None

    def reads(self, connection: SqlConnection, locked: list[int] | None = None) -> Reads:
        """Return the tables that a transaction holds locks on, which are those that it has read."""
        return _told(connection, _locked(connection) if locked is None else locked)

    def tables_behind(self, connection: SqlConnection, table: str) -> Reads:
        """Let the server plan a query of the table: that locks what is behind a view, too."""
        found = _first(connection, "select to_regclass(:name)::text", name=table)
        if found is None or found[0] is None:
            return Reads()
        # The server itself has written the name, with quotes where it needs them.
        connection.execute(_text(f"explain select * from {found[0]}", escaped=True))  # noqa: S608
        locked = _locked(connection)
        if connection.execute(_text(_CALLS_FUNCTIONS), {"relations": locked}).scalar():
            return Reads()  # what the functions read is known only when they run
        return _told(connection, locked)

    def table_fingerprints(self, connection: SqlConnection, tables: Collection[str]) -> Mapping[str, str | None]:
        """Return a hash of each table's definition and of its rows' versions.

        PostgreSQL changes no row in place: each change writes a new version, with its transaction's number (xmin) and
        its place (ctid). The same set of versions, in the same timeline of the same server, is the same content.
        Larger tables than `HASHED_UP_TO` have no fingerprint: reading them costs more than it saves.
        """
        return {name: _table(connection, name) if name else _surroundings(connection) for name in tables}

    def definitions(
        self, connection: SqlConnection, names: Collection[str], calls: Collection[str]
    ) -> Mapping[str, str | None]:
        """Return the statements of views and functions; None for a volatile function in a language that is not SQL."""
        return joined(connection.execute(_text(_DEFINITIONS), {"names": [*names], "calls": [*calls]}))

    @property
    def has_programs(self) -> bool:
        """Return True: functions may be written in any language."""
        return True

    def is_shared(self, url: URL) -> bool:  # noqa: ARG002
        """Return True: a server shows all its clients the same."""
        return True


def _locked(connection: SqlConnection) -> list[int]:
    return [row[0] for row in connection.exec_driver_sql(LOCKED)]


def _told(connection: SqlConnection, locked: Sequence[int]) -> Reads:
    """Return what was read, from the relations that are locked: asking for them locks others."""
    found = connection.execute(_text(_RELATIONS), {"relations": locked}).all()
    reasons = [reason for each in found if (reason := _untraceable(each))]
    known = all(each.own and not each.temporary for each in found)
    return Reads(frozenset(each.name for each in found) if known else None, reasons[0] if reasons else "")


def _untraceable(relation: Row[Any]) -> str:
    """Return why the log and the rows' versions say nothing of what is read here; empty where they do."""
    if relation.relkind == "f":
        return f"table {relation.name} lies on another server"
    if relation.relkind == "S":
        return f"sequence {relation.name} moves without a trace"
    if relation.relkind == "v" and relation.nspname == "pg_catalog":
        return f"{relation.name} shows the server's own state"
    asked = changing(relation.definition) or changing(relation.policies or "")
    return f"{relation.name} asks for {asked}" if asked else ""


def _table(connection: SqlConnection, name: str) -> str | None:
    found = _first(connection, _TABLE, name=name)
    if found is None:
        return "gone"
    if found.relkind not in {"r", "m"}:
        return str(found.definition)
    if found.amname != "heap" or found.size > HASHED_UP_TO:
        return None
    rows = _first(connection, f"{_ROWS} only {found.name}", escaped=True)
    return _hash(found.definition, rows[0]) if rows is not None else None


def _surroundings(connection: SqlConnection) -> str | None:
    """Return a hash of all that decides what a query says besides its tables; None where the account may not see it."""
    parts = [_first(connection, _SETTINGS)]
    parts += [_first(connection, f"{_ROWS} {catalogue}") for catalogue in _CATALOGUES]
    return _hash(*(part[0] for part in parts if part is not None)) if None not in parts else None


def _first(connection: SqlConnection, query: str, *, escaped: bool = False, **values: object) -> Row[Any] | None:
    """Return a query's only row; None where there is none or the server refuses, the transaction going on."""
    from sqlalchemy.exc import DBAPIError

    try:
        with connection.begin_nested():
            return connection.execute(_text(query, escaped=escaped), values).one_or_none()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return None


def _text(query: str, *, escaped: bool = False) -> Any:
    """Return SQL as SQLAlchemy takes it; casts are no placeholders, nor is anything in a name (`escaped`)."""
    from sqlalchemy import text

    return text(query.replace(":", "\\:") if escaped else query.replace("::", "\\:\\:"))


def _hash(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
