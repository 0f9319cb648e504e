"""How long experiments take: from a table in DuckDB to decisions, and from moments to decisions.

The peer is the bare aggregate, written by hand: one SELECT with the engine's own AVG, VAR_SAMP and COVAR_SAMP of the
same groups, whose rows are fetched and thrown away. Where `tea-tasting` and `ibis-framework[duckdb]` are installed,
tea-tasting takes its turn as well, on the same file.

    python benchmarks/experiments_speed.py [--runs 5] [--quick]
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import measuring
import numpy as np
from measuring import Options, Row

from analytics_lib.connectors import open_connection
from analytics_lib.experiments import Mean, Proportion, Ratio, analyze
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import Question, estimate
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.model.moment_table import MomentTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UNITS, FEW_UNITS = 10_000_000, 1_000_000
METRICS = {
    "revenue": Mean("revenue", covariate="revenue_before"),
    "paid": Proportion("paid"),
    "order rate": Ratio("orders", "sessions"),
    "clicks": Mean("clicks"),
}
WIDE_UNITS, COLUMNS, SEGMENTS, DAYS = 1_000_000, 100, 10, 28
COMPARISONS = 10_000
UNIT_TABLE = """
create table units as select case when random() < 0.5 then 'A' else 'B' end as variant,
    (-ln(random() + 1e-9) * 20)::double as revenue, (-ln(random() + 1e-9) * 20)::double as revenue_before,
    (random() < 0.3)::integer as paid, (random() * 5)::integer as orders, 1 + (random() * 9)::integer as sessions,
    (random() * 30)::integer as clicks
from range({rows})
"""
BARE = """
select variant, count(*), avg(revenue), var_samp(revenue), avg(revenue_before), var_samp(revenue_before),
    covar_samp(revenue, revenue_before), avg(paid), var_samp(paid), avg(orders), var_samp(orders), avg(sessions),
    var_samp(sessions), covar_samp(orders, sessions), avg(clicks), var_samp(clicks)
from units group by variant
"""


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the rows."""
    yield from _units(options, root)
    yield from _wide(options, root)
    for name, roles, given in (
        ("Welch", {"y": "y"}, {}), ("covariate-adjusted", {"y": "y", "x": "x"}, {}),
        ("ratios, relative by Fieller", {"y": "y", "d": "x"}, {"relative": "fieller"}),
    ):  # fmt: skip
        yield _engine(options, name, roles, given)


def _units(options: Options, root: Path) -> Iterator[Row]:
    rows = UNITS if options.runs >= 5 else FEW_UNITS
    path = root / "units.duckdb"
    _make(path, UNIT_TABLE.format(rows=rows))
    with _opened(path) as lab:
        sides: list[Callable[[], Any]] = [
            lambda: analyze(lab.table("units"), METRICS).to_frame(),
            lambda: _rows(lab, BARE),
        ]
        theirs = _tea_tasting(path)
        times = measuring.turns(options, "experiments", [*sides, *([theirs] if theirs else [])])
    work = f"{rows:,} units in DuckDB: 4 metrics and the sample ratio"
    ours, bare, *peers = measuring.medians(times)
    yield _at_most(work, "the bare aggregate", (ours, bare), 1.3)
    if peers:
        yield measuring.faster(work, "tea-tasting", [(each[0], each[2]) for each in times], 1)
    else:
        measuring.note("tea-tasting is not installed: it is not compared")


def _wide(options: Options, root: Path) -> Iterator[Row]:
    rows = WIDE_UNITS if options.runs >= 5 else WIDE_UNITS // 5
    names = [f"m{at}" for at in range(COLUMNS)]
    columns = ", ".join(f"(random() * {5 + at % 20})::integer as {name}" for at, name in enumerate(names))
    path = root / "wide.duckdb"
    _make(
        path,
        "create table units as select case when random() < 0.5 then 'A' else 'B' end as variant, "
        f"(random() * {SEGMENTS} - 0.5)::integer as segment, "
        f"date '2026-01-01' + (random() * {DAYS} - 0.5)::integer as day, {columns} from range({rows})",
    )
    sums = ", ".join(f"avg({name}), var_samp({name})" for name in names)
    bare = f"select variant, segment, day, count(*), {sums} from units group by variant, segment, day"
    metrics = [Mean(name) for name in names]
    with _opened(path) as lab:

        def ours() -> Any:
            results = analyze(lab.table("units"), metrics, segments=["segment"], by_day="day")
            return results.to_frame(), results.history()

        times = measuring.turns(options, "experiments", [ours, lambda: _rows(lab, bare)])
    work = f"{COLUMNS} metrics × {SEGMENTS} segments × {DAYS} days of {rows:,} units in DuckDB, with the history"
    yield _at_most(work, "the bare aggregate", measuring.medians(times), 2)


def _engine(options: Options, name: str, roles: dict[str, str], given: dict[str, Any]) -> Row:
    control, treatment = _moments(0), _moments(1)

    def decide() -> Any:
        arms = make_arms(Samples.from_table(control, roles), Samples.from_table(treatment, roles))
        return estimate(*arms, Question(**given))

    decide()  # SciPy is imported
    times = [measuring.taken(decide) for _ in range(options.runs)]
    median = 1000 * statistics.median(times)
    work = f"{COMPARISONS:,} comparisons from moments: {name}"
    return Row(work, "–", f"{median:.1f} ms", "–", f"{median:.1f} ms", "≤ 50 ms", median <= 50)


def _moments(seed: int) -> MomentTable:
    draws = np.random.default_rng(seed)
    n = draws.integers(500, 50_000, COMPARISONS).astype(float)
    mean = np.stack([draws.normal(10, 0.1, COMPARISONS), draws.normal(5, 0.1, COMPARISONS)], axis=1)
    products = n[:, None, None] * np.array([[4.0, 1.5], [1.5, 2.0]])
    return MomentTable({"place": range(COMPARISONS)}, n, ("y", "x"), mean, products)


def _at_most(work: str, peer: str, seconds: tuple[float, ...], goal: float) -> Row:
    ours, theirs = seconds[:2]
    times = ours / theirs
    return Row(
        work, peer, f"{ours:.2f} s", f"{theirs:.2f} s", f"{times:.2f} × as long", f"≤ {goal:g} × as long", times <= goal
    )


def _make(path: Path, statement: str) -> None:
    import duckdb

    with duckdb.connect(str(path)) as database:
        database.execute("select setseed(0.5)")
        database.execute(statement)


def _opened(path: Path) -> Any:
    return open_connection(ConnectionSpec("lab", f"duckdb:///{path}", True, "the benchmark"))


def _rows(lab: Any, statement: str) -> Any:
    import sqlalchemy as sa

    return lab.run(sa.text(statement), statement, {}, lambda result: result.all())


def _tea_tasting(path: Path) -> Callable[[], Any] | None:
    try:
        import ibis
        import tea_tasting as tt
    except ImportError:
        return None
    other = path.with_name("peer.duckdb")  # in one process DuckDB opens a path with one configuration only
    other.hardlink_to(path)
    table = ibis.duckdb.connect(str(other), read_only=True).table("units")
    experiment = tt.Experiment(
        revenue=tt.Mean("revenue", "revenue_before"), paid=tt.Mean("paid"), rate=tt.RatioOfMeans("orders", "sessions"),
        clicks=tt.Mean("clicks"), ratio=tt.SampleRatio(),
    )  # fmt: skip
    return lambda: experiment.analyze(table)


if __name__ == "__main__":
    measuring.main(__doc__, measure)
