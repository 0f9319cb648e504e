"""Equal queries of several kernels reach the database once; what may answer differently reaches it each time."""

from __future__ import annotations

import pytest
from support.asking import answer, heard, start

pytestmark = pytest.mark.slow

QUERY = "select id, customer, amount, paid, day, placed from orders where amount > :least or amount is null order by id"
KERNELS = 3


@pytest.fixture
def ask(engine, tmp_path):
    """Let several kernels ask at the same time; return what each got."""
    engine.close()

    def ask(*queries, kernels=KERNELS, **more):
        started = [start(tmp_path, engine.url, *queries, **more) for _ in range(kernels)]
        return [answer(each) for each in started]

    ask.folder = tmp_path
    return ask


def test_equal_queries_reach_the_database_once(ask, engine):
    answers = ask(QUERY, QUERY, values={"least": 5})
    direct = engine.open().sql(QUERY, least=5)
    assert len(heard(ask.folder, "amount is null")) == 1
    assert all(got == answers[0] for got in answers)
    for got in answers[0]:
        assert len(got["rows"]) == 3
        assert got["types"] == [str(each) for each in direct.dtypes]


def test_other_values_are_another_query(ask):
    first, second = ask(QUERY, values={"least": 5}, kernels=1), ask(QUERY, values={"least": 15}, kernels=1)
    assert [len(got[0][0]["rows"]) for got in (first, second)] == [3, 2]
    assert len(heard(ask.folder, "amount is null")) == 2
    ask(QUERY, values={"least": 5.0}, kernels=1)  # the same number of another type
    assert len(heard(ask.folder, "amount is null")) == 3


@pytest.mark.parametrize(
    "query",
    [
        "select id, current_timestamp as at from orders",
        "select id, {random} as x from orders",
        "select * from changing",
    ],
)
def test_what_changes_by_itself_is_asked_for_each_time(ask, engine, query):
    random = "random()"
    engine.write(f"create view changing as select id, {random} as x from orders")
    answers = ask(query.format(random=random), kernels=2)
    assert len(heard(ask.folder, " from orders" if "changing" not in query else "select * from changing")) == 2
    assert len(answers[0][0]["rows"]) == 3


def test_a_view_that_stays_is_shared(ask):
    ask("select * from large", kernels=2)
    assert len(heard(ask.folder, "select * from large")) == 1


@pytest.mark.parametrize(
    "how", [{"read_only": False}, {"limit_mb": 0}, {"engine": True}], ids=lambda how: next(iter(how))
)
def test_what_a_kernel_keeps_to_itself(ask, how):
    """A connection that may write, an answer above the limit, and a session that the notebook has in hand."""
    for _ in range(2):
        ask("select count(*) as n from orders", kernels=1, **how)
    assert len(heard(ask.folder, "count(*)")) == 2


def test_errors_are_each_kernels_own(ask, engine):
    """Nobody waits for the next one to fail as well."""
    started = [start(ask.folder, engine.url, "select nothing from orders") for _ in range(2)]
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "nothing" in said.splitlines()[-1]
    assert len(heard(ask.folder, "select nothing")) == 2
    assert {path.suffix for path in (ask.folder / "shared").iterdir()} == {".lock", ".alone"}


def test_the_password_is_nowhere_to_be_read(ask, engine, tmp_path):
    if engine.kind != "postgresql":
        return
    url = engine.url.replace("postgres@", "postgres:s3cret@")
    answer(start(tmp_path, url, "select count(*) from orders"))
    (kept,) = (tmp_path / "shared").glob("*.arrow")
    assert b"s3cret" not in b"".join(path.read_bytes() for path in (tmp_path / "shared").iterdir())
    answer(start(tmp_path, engine.url.replace("postgres@", "postgres:other@"), "select count(*) from orders"))
    assert list((tmp_path / "shared").glob("*.arrow")) == [kept]
