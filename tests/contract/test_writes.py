"""What `.write` keeps on every engine: all of it or nothing, types as the table has them, rows told apart by key."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from support.databases import ALL, database

from analytics_lib.errors import DataError, InputError, QueryError, ReadOnlyError

PLANS = pd.DataFrame({"id": [1, 2, 3], "plan": ["free", "pro", 'it\'s, "odd"\n'], "seats": [1.5, None, 3.0]})


@pytest.fixture(params=ALL)
def lab(request, tmp_path, services):
    """A writing connection to an empty database."""
    with database(request.param, tmp_path, services) as made:
        yield made.open()


def rows(lab, name="plans"):
    frame = lab.sql(f"select * from {name} order by id")
    return [tuple(None if pd.isna(each) else each for each in row) for row in frame.itertuples(index=False)]


BEFORE = [(1, "free", 1.5), (2, "pro", None), (3, 'it\'s, "odd"\n', 3.0)]


def test_a_new_table_is_made(lab):
    assert lab.write("plans", PLANS) == 3
    assert rows(lab) == BEFORE
    assert [name for name in lab.tables() if "." not in name] == ["plans"]


def test_rows_are_appended(lab):
    lab.write("plans", PLANS)
    assert lab.write("plans", pd.DataFrame({"plan": ["team"], "id": [4]})) == 1
    assert rows(lab) == [*BEFORE, (4, "team", None)]


def test_rows_are_replaced(lab):
    lab.write("plans", PLANS)
    lab.write("plans", PLANS.tail(1), mode="replace")
    assert rows(lab) == BEFORE[2:]


def test_a_replaced_table_keeps_its_definition(lab):
    lab.execute("create table plans (id integer not null primary key, plan varchar(40), seats double precision)")
    lab.write("plans", PLANS, mode="replace")
    with pytest.raises(DataError):
        lab.execute("insert into plans (id) values (1)")


def test_rows_are_merged_by_key(lab):
    lab.write("plans", PLANS)
    news = pd.DataFrame({"id": [3, 4], "plan": ["team", "new"]})
    assert lab.write("plans", news, mode="upsert", key="id") == 2
    assert rows(lab) == [*BEFORE[:2], (3, "team", 3.0), (4, "new", None)]


def test_rows_are_merged_by_two_columns(lab):
    lab.write("days", pd.DataFrame({"id": [1, 1], "day": ["a", "b"], "n": [1, 2]}), mode="upsert", key=["id", "day"])
    lab.write("days", pd.DataFrame({"id": [1, 2], "day": ["b", "b"], "n": [3, 4]}), mode="upsert", key=["id", "day"])
    assert sorted(rows(lab, "days")) == [(1, "a", 1), (1, "b", 3), (2, "b", 4)]


def test_a_key_that_is_all_there_is(lab):
    for _ in range(2):
        lab.write("ids", pd.DataFrame({"id": [1, 2]}), mode="upsert", key="id")
    assert rows(lab, "ids") == [(1,), (2,)]


def test_batches_are_never_together(lab):
    lab.write("plans", PLANS)
    schema = pa.schema([("id", pa.int64()), ("plan", pa.string())])

    def batches():
        for start in range(4, 10):
            yield pa.RecordBatch.from_pydict({"id": [start], "plan": [str(start)]}, schema)

    assert lab.write("plans", batches()) == 6
    assert len(rows(lab)) == 9


@pytest.mark.parametrize("mode", ["append", "replace", "upsert"])
def test_a_failure_leaves_the_table_as_it_was(lab, mode):
    lab.write("plans", PLANS)

    def breaking():
        yield pa.RecordBatch.from_pydict({"id": [1, 9], "plan": ["changed", "new"], "seats": [0.0, 0.0]})
        raise RuntimeError("the source ended")

    with pytest.raises(RuntimeError, match="the source ended"):
        lab.write("plans", breaking(), mode=mode, key="id" if mode == "upsert" else None)
    assert rows(lab) == BEFORE
    with pytest.raises(RuntimeError, match="the source ended"):
        lab.write("fresh", breaking())
    assert [name for name in lab.tables() if "." not in name] == ["plans"]


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_a_refused_row_leaves_the_table_as_it_was(lab, mode):
    lab.execute("create table plans (id integer not null primary key, plan varchar(40))")
    lab.write("plans", pd.DataFrame({"id": [1, 2], "plan": ["a", "b"]}))
    with pytest.raises(QueryError, match="the database refuses the query"):
        lab.write("plans", pd.DataFrame({"id": [3, 4, 4], "plan": ["c", "d", "e"]}), mode=mode)
    assert rows(lab) == [(1, "a"), (2, "b")]


def test_replacing_with_other_columns(lab):
    lab.write("plans", PLANS)
    other = pd.DataFrame({"id": [7], "colour": ["red"]})
    if lab._engine.dialect.name in {"mysql", "mariadb"}:
        with pytest.raises(InputError, match="has other columns than the rows; MariaDB cannot change"):
            lab.write("plans", other, mode="replace")
        assert rows(lab) == BEFORE
    else:
        lab.write("plans", other, mode="replace")
        assert rows(lab) == [(7, "red")]


@pytest.mark.parametrize(
    ("frame", "options", "sentence"),
    [
        (PLANS, {"mode": "apend"}, "the mode is 'apend'; did you mean 'append'?"),
        (PLANS, {"mode": "upsert"}, "mode 'upsert' needs a key"),
        (PLANS, {"key": "id"}, "mode 'append' takes no key"),
        (PLANS, {"mode": "upsert", "key": "idd"}, "the rows have no column 'idd'; did you mean 'id'?"),
        (PLANS.rename(columns={"plan": "plans"}), {}, "no column 'plans'; did you mean 'plan'?"),
        (pd.concat([PLANS, PLANS]), {"mode": "upsert", "key": "id"}, "several rows have the same 'id': '"),
        (PLANS, {"mode": "upsert", "key": "seats"}, "1 rows have no 'seats'"),
        (pd.DataFrame({"id": [1, "x"]}), {}, "column 'id' cannot be written"),
        (pd.DataFrame({0: [1]}), {}, "column 0 has no name of text"),
        (pd.DataFrame([[1, 2]], columns=["id", "id"]), {}, "two columns of the frame share a name"),
        (pd.DataFrame(), {}, "has no columns"),
        ("text", {}, "a stream of str cannot be written"),
        (7, {}, "a int cannot be written"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(lab, frame, options, sentence):
    lab.write("plans", PLANS)
    with pytest.raises(InputError) as caught:
        lab.write("plans", frame, **options)
    assert sentence in str(caught.value)
    assert rows(lab) == BEFORE


def test_a_read_only_connection_does_not_write(tmp_path, services):
    with (
        database("sqlite", tmp_path, services) as made,
        pytest.raises(ReadOnlyError, match="the connection is read-only"),
    ):
        made.open(read_only=True).write("plans", PLANS)


def test_nothing_to_write_is_no_error(lab):
    lab.write("plans", PLANS)
    assert lab.write("plans", PLANS.head(0)) == 0
    assert lab.write("plans", PLANS.head(0), mode="replace") == 0
    assert rows(lab) == []
