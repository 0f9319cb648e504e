"""A small trial in each database engine and frame, and its moments by exact fractions."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec

TYPES = {
    "unit": sa.Integer, "variant": sa.String(10), "seen": sa.DateTime, "day": sa.Date, "country": sa.String(10),
    "tier": sa.Integer, "stratum": sa.String(10), "village": sa.Integer, "orders": sa.Integer, "paid": sa.Boolean,
    "price": sa.Numeric(12, 2), "level": sa.Double, "balance": sa.Double, "gaps": sa.Double, "note": sa.String(10),
}  # fmt: skip


def make_trial(rows=400, seed=3):
    """Return a frame with what goes wrong easily: an offset of 10⁹, negative numbers, nulls, missing segments."""
    rng = np.random.default_rng(seed)
    villages = rng.integers(0, 25, rows)
    frame = pd.DataFrame(
        {
            "unit": np.arange(rows),
            "variant": np.where(villages % 2 == 0, "A", "B"),
            "seen": pd.Timestamp("2026-03-01") + pd.to_timedelta(rng.integers(0, 4 * 86_400, rows), unit="s"),
            "country": pd.Series(rng.choice(["DE", "FR", "O'Hara; --"], rows)).where(rng.random(rows) > 0.1, None),
            "tier": pd.array(rng.integers(1, 4, rows), dtype="Int64"),
            "stratum": rng.choice(["low", "high"], rows),
            "village": villages,
            "orders": rng.poisson(2, rows),
            "paid": rng.random(rows) < 0.3,
            "price": [Decimal(int(cents)) / 100 for cents in rng.integers(0, 10_000, rows)],
            "level": 1e9 + rng.normal(size=rows),
            "balance": -5 + rng.normal(size=rows) * 3,
            "gaps": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
            "note": "text",
        }
    )
    frame.loc[frame["tier"] == 3, "tier"] = pd.NA
    frame.loc[frame["variant"].eq("B") & frame["country"].eq("FR"), "gaps"] = np.nan  # a group without any value
    frame.insert(3, "day", frame["seen"].dt.date)
    return frame


def exact(frame, keys, columns):
    """Return label → (n, missing, mean, comoment) by fractions; None stands for what has no value."""
    rows = [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame[[*keys, *columns]].itertuples(index=False)
    ]
    width = len(keys)
    by_key = sorted(rows, key=lambda row: repr(row[:width]))
    return {key: _moments(list(group), width) for key, group in groupby(by_key, key=lambda row: row[:width])}


def _moments(group, width):
    columns = [_fractions(column) for column in list(zip(*group, strict=True))[width:]]
    mean = [_mean(column) for column in columns]
    missing = [sum(value is None for value in column) for column in columns]
    product = [[_product(a, b) for b in columns] for a in columns]
    return len(group), missing, mean, product


def _fractions(column):
    return [None if value is None else Fraction(value) for value in column]


def _mean(column):
    there = [value for value in column if value is not None]
    return float(sum(there) / len(there)) if there else None


def _product(a, b):
    if a is not b and (None in a or None in b):
        return None
    there = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    if not there:
        return None
    mean_a, mean_b = (sum(column) / len(there) for column in zip(*there, strict=True))
    return float(sum((x - mean_a) * (y - mean_b) for x, y in there))


def plain_url(url):
    """Return a URL as SQLAlchemy opens it without the library."""
    return url.replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def database(kind, folder, services, frame):
    """Load a frame as table ``trial`` into a database of its kind; yield a read-only connection."""
    if kind in {"postgresql", "mariadb"}:
        server = getattr(services, kind)()
        name = f"trial_{uuid.uuid4().hex[:10]}"
        engine = sa.create_engine(plain_url(server), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(name))
        url = (
            f"{server}?options=-csearch_path%3D{name}"
            if kind == "postgresql"
            else server.rsplit("/", 1)[0] + f"/{name}"
        )
    else:
        url = f"{kind}:///{folder}/trial.db"
    own = sa.create_engine(plain_url(url), poolclass=sa.NullPool)
    table = sa.Table("trial", sa.MetaData(), *(sa.Column(column, each) for column, each in TYPES.items()))
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for row in rows:
        row["seen"] = row["seen"].to_pydatetime()
    with own.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), rows)
    own.dispose()
    opened = open_connection(ConnectionSpec("lab", url, True, "analytics.toml:5"))
    try:
        yield opened
    finally:
        opened.close()
        if kind in {"postgresql", "mariadb"}:
            with engine.begin() as connection:
                connection.execute(sa.schema.DropSchema(name, cascade=kind == "postgresql"))


def arrow(frame):
    """Return the frame as an Arrow table whose missing values are nulls, its texts a dictionary."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    at = table.column_names.index("country")
    return table.set_column(at, "country", table["country"].combine_chunks().dictionary_encode())


def labels_of(answer, *names):
    """Return each row's labels."""
    return list(zip(*(answer.table.labels[name] for name in names), strict=True))


DAYS = [date(2026, 3, day) for day in (1, 2, 3, 4)]


def load_tables(connection, tables, kinds):
    """Write tables of rows, past the library, into the database of a connection."""
    engine = sa.create_engine(plain_url(connection._spec.url), poolclass=sa.NullPool)
    with engine.begin() as own:
        for name, rows in tables.items():
            table = sa.Table(name, sa.MetaData(), *(sa.Column(column, kinds[column]) for column in rows[0]))
            table.create(own)
            own.execute(table.insert(), rows)
    engine.dispose()
