"""The state database's schema: made by migrations that say what the tables say, by several processes at once too."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from analytics_lib.errors import PublishError, WorkspaceError
from analytics_lib.registry import LOADED, Load, database, open_loads, open_registry
from analytics_lib.registry.tables import metadata


@pytest.fixture
def engine(url):
    engine = database.open_database(url)
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_tables_say(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_there_is_one_newest_schema_and_the_library_knows_it(engine):
    assert ScriptDirectory(str(database._MIGRATIONS)).get_heads() == [database.HEAD]
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalars().all() == [database.HEAD]


def test_every_migration_has_a_way_back(engine):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_opening_again_changes_nothing(url, engine):
    before = inspect(engine).get_table_names()
    database.open_database(url).dispose()
    assert inspect(engine).get_table_names() == before


def test_sqlite_is_set_up_for_several_processes(engine):
    with engine.connect() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == 30_000


def test_a_newer_schema_is_left_alone(url, engine):
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(WorkspaceError, match="schema 9999, newer than this library knows"):
        open_registry(url)
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == "9999"


@pytest.mark.parametrize("url", ["no url", "nosuchengine://host/db"])
def test_an_address_that_cannot_be_read(url):
    with pytest.raises(WorkspaceError):
        open_registry(url)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(PublishError):
        open_registry(f"sqlite:///{tmp_path}/state/state.db")


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "state.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(PublishError):
        open_registry(f"sqlite:///{tmp_path}/state.db")


WORKER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from analytics_lib.registry import NewVersion, open_registry
from analytics_lib.registry.registry import Change

url, start, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
Path(f"{start}-{name}").touch()
while not start.exists():
    time.sleep(0.001)
registry = open_registry(url)
for number in range(1, 21):
    version = registry.add_version(NewVersion(
        report=name, page="index", number=number, key=f"{name}-{number}", base_key="b", parameters={}, sources={},
        facts={}, badge="passed", folder="f", rendered_at=datetime.now(UTC), seconds=0.0,
    ))
    registry.switch(name, [Change("index", version=version.id)])
    assert registry.pages(name)[0].version == version
registry.close()
"""


def _together(url, tmp_path, names=("a", "b")):
    """Let processes begin at the same moment on a database that is not there yet."""
    import time

    start = tmp_path / "start"
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, url, str(start), name], stderr=subprocess.PIPE, text=True)
        for name in names
    ]
    while not all((tmp_path / f"start-{name}").exists() for name in names):
        assert all(worker.poll() is None for worker in workers), workers[0].stderr.read()
        time.sleep(0.01)
    start.touch()
    assert [(worker.communicate(timeout=120)[1], worker.returncode) for worker in workers] == [("", 0)] * len(names)
    registry = open_registry(url)
    assert {each.report: each.version.number for each in registry.pages()} == dict.fromkeys(names, 20)
    registry.close()


def test_two_processes_at_once(url, tmp_path):
    _together(url, tmp_path)


def test_a_new_database_that_somebody_else_is_just_setting_up(url, tmp_path):
    """SQLite refuses to turn on the log then, at once; opening waits."""
    path = tmp_path / "state/state.db"
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("create table theirs (x)")
        other.execute("begin immediate")
        done = threading.Timer(0.3, other.execute, args=("commit",))
        done.start()
        open_registry(url).close()
        done.join()


@pytest.mark.services
def test_two_processes_at_once_on_a_server(services, tmp_path):
    server = create_engine(services.postgresql().replace("postgresql:", "postgresql+psycopg:"))
    schema = f"state_{tmp_path.name[-8:].replace('-', '_')}_{id(tmp_path)}"
    with server.begin() as connection:
        connection.execute(text(f"create schema {schema}"))
    try:
        _together(f"{services.postgresql()}?options=-csearch_path%3D{schema}", tmp_path)
    finally:
        with server.begin() as connection:
            connection.execute(text(f"drop schema {schema} cascade"))
        server.dispose()


def test_loads_that_were_recorded_before_rows_were_counted_stay(url, engine):
    from alembic import command
    from alembic.config import Config

    loads = open_loads(url)
    began = datetime(2026, 3, 1, tzinfo=UTC)
    loads.add(Load("crm", "1", "load", LOADED, "warehouse: contacts", began, 0.5, rows=3, updated=2))
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    again = open_loads(url)
    (load,) = again.history("crm", 5)
    assert (load.rows, load.updated) == (3, None)
    loads.close()
    again.close()
