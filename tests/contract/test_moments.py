"""What every source of moments keeps: the same answers from frames and engines, down to the last digits."""

from __future__ import annotations

import numpy as np
import pytest
from support.trial import DAYS, arrow, database, exact, labels_of, make_trial

from analytics_lib.errors import InputError, QueryError, ReadOnlyError
from analytics_lib.experiments import Mean, Ratio, analyze
from analytics_lib.experiments.frames import Frame
from analytics_lib.model.aggregation import MISSING, SIZE, MomentRequest, QuantileRequest, Residual
from analytics_lib.model.orderstatistics import ranks

FRAME = make_trial()
METRICS = ("orders", "paid", "price", "level", "balance", "gaps")
PAIRS = (("orders", "price"), ("level", "balance"), ("gaps", "orders"))
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]
ENGINES = ["duckdb", "sqlite", *SERVERS]


@pytest.fixture(scope="module", params=["pandas", "arrow", *ENGINES])
def source(request, tmp_path_factory, services):
    """One source of the same trial after the other."""
    if request.param == "pandas":
        yield Frame(FRAME)
    elif request.param == "arrow":
        yield Frame(arrow(FRAME))
    else:
        with database(request.param, tmp_path_factory.mktemp("lab"), services, FRAME) as connection:
            yield connection.table("trial")


@pytest.fixture(scope="module", params=ENGINES)
def lab(request, tmp_path_factory, services):
    """A connection to each engine."""
    with database(request.param, tmp_path_factory.mktemp("lab"), services, FRAME) as connection:
        yield connection


def kind(lab):
    return lab.engine.dialect.name


def compare(answer, rows, expected, pairs):
    """Compare rows of an answer with moments by fractions; `rows` are (position, key)."""
    assert {key for _, key in rows} == set(expected)
    assert len(rows) == len(expected)
    for at, key in rows:
        n, missing, mean, product = expected[key]
        assert answer.table.n[at] == n
        assert answer.missing[at].tolist() == missing
        asked = {(a, a) for a in range(len(mean))} | pairs | {(b, a) for a, b in pairs}
        for a in range(len(mean)):
            close(answer.table.mean[at, a], mean[a], key)
            for b in range(len(mean)):
                close(answer.table.comoment[at, a, b], product[a][b] if (a, b) in asked else None, (key, a, b))


def close(found, wanted, what):
    if wanted is None:
        assert np.isnan(found), what
    else:
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9), what


def places(request):
    return set(request.products)


def test_by_variant(source):
    request = MomentRequest("variant", METRICS, PAIRS)
    answer = source.moments(request)
    assert [*answer.table.labels] == ["variant"]
    rows = list(enumerate(labels_of(answer, "variant")))
    compare(answer, rows, exact(FRAME, ["variant"], METRICS), places(request))


@pytest.mark.parametrize("by", ["day", "seen"])
def test_by_day_and_stratum(source, by):
    """Times are cut to days."""
    request = MomentRequest("variant", ("orders", "level"), (("orders", "level"),), by=(by,), strata="stratum")
    answer = source.moments(request)
    assert set(answer.table.labels[by]) == set(DAYS)
    rows = list(enumerate(labels_of(answer, "variant", by, "stratum")))
    compare(answer, rows, exact(FRAME, ["variant", "day", "stratum"], ("orders", "level")), places(request))


def test_segments_and_their_total(source):
    request = MomentRequest("variant", METRICS, PAIRS, by=("day",), segments=("country", "tier", "paid"))
    answer = source.moments(request)
    keys = labels_of(answer, "variant", "day", "segment", "segment_value")
    total = [(at, key[:2]) for at, key in enumerate(keys) if key[2] == ""]
    compare(answer, total, exact(FRAME, ["variant", "day"], METRICS), places(request))
    for segment in request.segments:
        rows = [
            (at, (*key[:2], None if key[3] == MISSING else key[3])) for at, key in enumerate(keys) if key[2] == segment
        ]
        compare(answer, rows, exact(FRAME, ["variant", "day", segment], METRICS), places(request))


def test_clusters(source):
    request = MomentRequest("variant", ("orders", "level"), segments=("stratum",), cluster="village")
    answer = source.moments(request)
    assert answer.table.columns == ("orders", "level", SIZE)
    frame = FRAME.assign(**{SIZE: 1})
    keys = labels_of(answer, "variant", "segment", "segment_value")
    for segment in ("", "stratum"):
        by = ["variant", segment] if segment else ["variant"]
        sums = frame.groupby([*by, "village"], as_index=False)[["orders", "level", SIZE]].sum()
        rows = [(at, (key[0], key[2]) if segment else (key[0],)) for at, key in enumerate(keys) if key[1] == segment]
        compare(answer, rows, exact(sums, by, ("orders", "level", SIZE)), {(0, 2), (1, 2)})


def test_clusters_far_from_zero_keep_the_digits_of_their_errors(source):
    """`level` lies around 10⁹; the same less 10⁹, which is exact, has the same errors."""
    metrics = {
        "mean": Mean("level"), "adjusted": Mean("level", covariate="orders"), "orders": Mean("orders", "level"),
        "ratio": Ratio("level", "orders"),
    }  # fmt: skip
    near = Frame(FRAME.assign(level=FRAME["level"] - 1e9))
    found, wanted = (
        analyze(each, metrics, cluster="village", segments=["stratum"]).to_frame().set_index("metric")
        for each in (source, near)
    )
    for name in ("mean", "adjusted", "orders"):
        one, other = found.loc[name], wanted.loc[name]
        assert one["standard_error"].tolist() == pytest.approx(other["standard_error"].tolist(), rel=1e-9), name
        # a mean around 10⁹ has its last digit at 1e-7
        assert one["effect_size"].tolist() == pytest.approx(other["effect_size"].tolist(), rel=1e-9, abs=3e-7), name
    frame = analyze(Frame(FRAME), metrics, cluster="village", segments=["stratum"]).to_frame().set_index("metric")
    assert found.loc["ratio", "standard_error"].tolist() == pytest.approx(
        frame.loc["ratio", "standard_error"].tolist(), rel=1e-9
    )


def test_clusters_in_two_variants_are_counted_without_any_column(source):
    """The villages of the trial are in one variant each, its days in both."""
    for cluster, split in (("village", 0), ("day", 4)):
        answer = source.moments(MomentRequest("variant", (), unit=cluster))
        assert answer.table.n.tolist() == FRAME.groupby("variant").size().tolist()
        assert answer.units.in_two == split


def test_missing_values_in_clusters_are_counted(source):
    answer = source.moments(MomentRequest("variant", ("gaps",), cluster="village"))
    assert answer.missing[:, 0].tolist() == FRAME["gaps"].isna().groupby(FRAME["variant"]).sum().tolist()


def test_extremes(source):
    answer = source.moments(MomentRequest("variant", ("orders", "balance"), extremes=("balance",), segments=("tier",)))
    wanted = FRAME.groupby("variant")["balance"].agg(["min", "max"])
    assert answer.extremes.minimum[:2, 0].tolist() == pytest.approx(wanted["min"].tolist())
    assert answer.extremes.maximum[:2, 0].tolist() == pytest.approx(wanted["max"].tolist())
    parts = FRAME.groupby(["variant", "tier"], dropna=False)["balance"].max()
    assert sorted(answer.extremes.maximum[2:, 0]) == pytest.approx(sorted(parts))


def test_residuals(source):
    """Of units, and of clusters' sums, whose size is a column like others."""
    wanted = (Residual("one", "balance", "orders", -2.5), Residual("other", "level", "orders", 4e8))
    answer = source.moments(MomentRequest("variant", ("orders", "balance", "level"), residuals=wanted))
    for at, each in enumerate(wanted):
        rest = (FRAME[each.above] - each.slope * FRAME[each.below]).groupby(FRAME["variant"]).agg(["min", "max"])
        assert answer.extremes.minimum[:, at].tolist() == pytest.approx(rest["min"].tolist(), rel=1e-12)
        assert answer.extremes.maximum[:, at].tolist() == pytest.approx(rest["max"].tolist(), rel=1e-12)
    sized = MomentRequest(
        "variant", ("balance",), cluster="village", extremes=(SIZE,), residuals=(Residual("y", "balance", SIZE, -5.0),)
    )
    found = source.moments(sized).extremes
    sums = (FRAME["balance"] + 5.0).groupby([FRAME["variant"], FRAME["village"]]).agg(["size", "sum"])
    sums = sums.groupby("variant").agg(["min", "max"])
    assert found.minimum == pytest.approx(sums[[("size", "min"), ("sum", "min")]].to_numpy(), rel=1e-9)
    assert found.maximum == pytest.approx(sums[[("size", "max"), ("sum", "max")]].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("q", [0.01, 0.5, 0.9])
def test_quantiles(source, q):
    wanted = QuantileRequest("gaps", q, 0.9)
    answer = source.moments(MomentRequest("variant", ("orders",), segments=("stratum",), quantiles=(wanted,)))
    (table,) = answer.quantiles
    keys = list(zip(table.labels["variant"], table.labels["segment"], table.labels["segment_value"], strict=True))
    assert len(keys) == 6
    for at, (variant, segment, value) in enumerate(keys):
        rows = FRAME[FRAME["variant"].eq(variant) & (FRAME["stratum"].eq(value) if segment else True)]
        values = np.sort(rows["gaps"].dropna().to_numpy())
        low, high = ranks(len(values), q, 0.9)
        assert table.n[at] == len(values)
        assert table.value[at] == pytest.approx(np.quantile(values, q), rel=1e-12)
        assert table.lower[at] == (values[low - 1] if low else -np.inf)
        assert table.upper[at] == (values[high - 1] if high <= len(values) else np.inf)


@pytest.mark.parametrize("segments", [(), ("country",), ("country", "tier")])
def test_rows_are_counted_without_any_column(source, segments):
    table = source.moments(MomentRequest("variant", (), by=("day",), segments=segments)).table
    whole = [at for at, segment in enumerate(table.labels.get("segment", [""] * len(table))) if segment == ""]
    assert sum(table.n[at] for at in whole) == len(FRAME)
    assert sum(table.n) == len(FRAME) * (1 + len(segments))


def test_units(source):
    once = source.moments(MomentRequest("variant", ("orders",), unit="unit")).units
    assert (once.rows, once.missing, once.distinct, once.repeated, once.in_two) == (400, 0, 400, 0, 0)
    days = source.moments(MomentRequest("variant", ("orders",), unit="village")).units
    assert (days.distinct, days.repeated, days.in_two) == (25, 25, 0)
    tiers = source.moments(MomentRequest("stratum", ("orders",), unit="tier")).units
    assert (tiers.missing, tiers.distinct, tiers.in_two) == (FRAME["tier"].isna().sum(), 2, 2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (MomentRequest("varian", ("orders",)), "there is no variant column 'varian'; did you mean 'variant'?"),
        (MomentRequest("variant", ("order",)), "there is no column 'order'; did you mean 'orders'?"),
        (MomentRequest("variant", ("note",)), "column 'note' holds"),
        (MomentRequest("variant", ("orders",), cluster="tier"), "units have no cluster: 'tier' is missing"),
    ],
)
def test_what_is_wrong_is_said(source, wrong, sentence):
    with pytest.raises(InputError) as error:
        source.moments(wrong)
    assert sentence in str(error.value)


def test_infinite_values(lab):
    infinite = {"sqlite": "9e999", "mariadb": None}.get(kind(lab), "cast('inf' as double precision)")
    if infinite is None:
        pytest.skip("MariaDB stores no infinite values")
    rows = lab.query(f"select variant, stratum, case when unit = 7 then {infinite} else balance end as y from trial")
    for segments in ((), ("stratum",)):
        with pytest.raises(InputError, match="'y' holds NaN, infinite or too large values"):
            rows.moments(MomentRequest("variant", ("y",), segments=segments))


def test_groups_far_apart_keep_their_digits(lab):
    """Values shifted by the common mean would lose them."""
    request = MomentRequest("variant", ("y",))
    query = "select variant, case when variant = 'A' then level else balance end as y from trial"
    found = lab.query(query).moments(request).table.comoment[:, 0, 0]
    wanted = [FRAME.query("variant == 'A'")["level"], FRAME.query("variant == 'B'")["balance"]]
    assert found == pytest.approx([each.var() * (len(each) - 1) for each in wanted], rel=1e-6)


def test_a_query_with_values(lab):
    rows = lab.query(
        "select * from trial where orders > :least and country in :places; -- busy", least=1, places=["DE"]
    )
    busy = FRAME[FRAME["orders"].gt(1) & FRAME["country"].eq("DE")]
    assert rows.count() == len(busy)
    assert rows.columns() == list(FRAME.columns)
    assert len(rows.to_frame(limit=3)) == 3
    table = rows.moments(MomentRequest("variant", ("balance",))).table
    assert table.mean[:, 0] == pytest.approx(busy.groupby("variant")["balance"].mean().to_numpy(), rel=1e-12)


def test_only_reading_queries(lab):
    with pytest.raises(ReadOnlyError):
        lab.query("delete from trial")
    with pytest.raises(QueryError, match="more than one statement"):
        lab.query("select 1; select 2")
    with pytest.raises(QueryError):
        lab.table("nowhere").count()
    with pytest.raises(InputError, match="no table's name"):
        lab.table("trial.")
    with pytest.raises(InputError, match="there are no rows"):
        lab.query("select * from trial where unit < 0").moments(MomentRequest("variant", ("orders",)))
