"""How long rows take from a server to a frame and back, against pandas over SQLAlchemy and the bare ADBC driver.

Six columns of mixed types: whole numbers, floats, text, timestamps with a time zone, booleans, missing values. The
server is PostgreSQL at ANALYTICS_BENCHMARK_URL, by default postgresql://postgres@127.0.0.1:5432/test. Tables are made
for the run and dropped at its end.

    python benchmarks/connections.py [--runs 5] [--quick]
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import measuring
from measuring import Options, Row

from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = os.environ.get("ANALYTICS_BENCHMARK_URL", "postgresql://postgres@127.0.0.1:5432/test")
READ, WRITTEN, STREAMED = 1_000_000, 1_000_000, 10_000_000
NAME = "analytics_benchmark"
MAKE = f"""
create table {NAME} as select i as id, random() * 1000 as amount, 'customer ' || mod(i, 5000) as customer,
    timestamptz '2025-01-01' + i * interval '1 second' as placed, mod(i, 3) = 0 as paid,
    case when mod(i, 7) > 0 then i::bigint * 1000 end as reference
from generate_series(1, {{rows}}) i
"""
QUERY = f"select * from {NAME}"
BOUND = f"{QUERY} where id > :x"
STREAM = """
import re
from pathlib import Path
from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec
import pandas, pyarrow
query = "select i, i * 0.5 as half, 'text ' || i as word from generate_series(1, {rows}) i"
with open_connection(ConnectionSpec("lab", {url!r})) as lab:
    count = sum(batch.num_rows for batch in lab.stream(query))
assert count == {rows}, count
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def measure(options: Options, root: Path) -> Iterator[Row]:  # noqa: ARG001 - nothing is kept in files
    """Yield the rows."""
    import sqlalchemy as sa

    engine = sa.create_engine(URL.replace("postgresql:", "postgresql+psycopg:"))
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        measuring.note("no PostgreSQL is there: connections are not measured")
        return
    rows = READ if options.runs >= 3 else READ // 5
    with _table(engine, rows), open_connection(ConnectionSpec("lab", URL, False, "the benchmark")) as lab:
        yield from _reads(options, engine, lab, rows)
        yield _writes(options, engine, lab)
    yield _streams(options)


@contextmanager
def _table(engine: Any, rows: int) -> Iterator[None]:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop table if exists {NAME}")
        connection.exec_driver_sql(MAKE.format(rows=rows))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"vacuum analyze {NAME}")
    try:
        yield
    finally:
        with engine.begin() as connection:
            for name in (NAME, f"{NAME}_ours", f"{NAME}_theirs"):
                connection.exec_driver_sql(f"drop table if exists {name}")


def _reads(options: Options, engine: Any, lab: Any, rows: int) -> Iterator[Row]:
    import pandas as pd
    import sqlalchemy as sa
    from adbc_driver_postgresql import dbapi

    with engine.connect() as connection, dbapi.connect(URL) as session:

        def bare() -> Any:
            with session.cursor() as cursor:
                cursor.execute(QUERY)
                return cursor.fetch_df()

        sides = [lambda: lab.sql(QUERY), lambda: pd.read_sql(sa.text(QUERY), connection), bare]
        times = measuring.turns(options, "connections", sides)
    ours, _, adbc = measuring.medians(times)
    work = f"PostgreSQL, {rows:,} rows of 6 columns: `.sql()`"
    yield measuring.faster(work, "`pandas.read_sql`", [(each[0], each[1]) for each in times], 10)
    ratio = ours / adbc
    yield Row(
        work, "bare ADBC, to a frame", f"{ours:.2f} s", f"{adbc:.2f} s", f"{ratio:.2f} × as long", "≤ 1.15 × as long",
        ratio <= 1.15,
    )  # fmt: skip
    with engine.connect() as connection:
        times = measuring.turns(
            options,
            "connections",
            [lambda: lab.sql(BOUND, x=0), lambda: pd.read_sql(sa.text(BOUND), connection, params={"x": 0})],
        )
    yield measuring.faster(f"{work} with a value", "`pandas.read_sql`", [(each[0], each[1]) for each in times], None)


def _writes(options: Options, engine: Any, lab: Any) -> Row:
    frame = lab.sql(f"{QUERY} limit {WRITTEN}")

    def theirs() -> None:
        frame.to_sql(f"{NAME}_theirs", engine, if_exists="append", index=False)

    def ours() -> None:
        lab.write(f"{NAME}_ours", frame)

    times = measuring.turns(options, "connections", [ours, theirs])
    work = f"PostgreSQL, {WRITTEN:,} rows of 6 columns appended: `.write()`"
    return measuring.faster(work, "`DataFrame.to_sql`", times, 10)


def _streams(options: Options) -> Row:
    rows = STREAMED if options.runs >= 3 else STREAMED // 10
    told = subprocess.run(
        [sys.executable, "-c", STREAM.format(rows=rows, url=URL)], capture_output=True, text=True, check=True
    )
    peak = int(told.stdout) // 1024
    work = f"`.stream()` over {rows:,} rows, whole process"
    return Row(work, "–", f"{peak} MiB", "–", f"{peak} MiB", "≤ 300 MB", peak * 1.048576 <= 300)


if __name__ == "__main__":
    measuring.main(__doc__, measure)
