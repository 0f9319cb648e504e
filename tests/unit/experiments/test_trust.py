"""What speaks against an experiment's data."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import Mean, Proportion, Quantile, Ratio, sample_ratio, sample_ratio_sequential
from analytics_lib.experiments.evidence import Whole, number
from analytics_lib.experiments.frames import Frame
from analytics_lib.experiments.trust import check, exposed_before
from analytics_lib.model.aggregation import MomentRequest, QuantileRequest

START = date(2026, 3, 1)


def trial(n=2000, days=1, seed=1):
    """Return a healthy experiment."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "variant": np.array(["A", "B"])[np.arange(n) % 2],
            "day": [START + timedelta(int(day)) for day in np.sort(rng.integers(0, days, n))],
            "orders": rng.poisson(2, n),
            "before": rng.poisson(2, n),
            "paid": rng.random(n) < 0.3,
        }
    )


def found(frame, metrics, *, by=(), segments=(), unit=None, cluster=None, **options):
    columns = tuple(dict.fromkeys(column for metric in metrics.values() for column in metric.columns))
    pairs = tuple({pair for metric in metrics.values() for pair in metric.pairs})
    request = MomentRequest(
        "variant", columns, pairs, by=by, segments=segments, unit=unit, cluster=cluster, extremes=columns
    )
    day = by[0] if by else None
    return check(Frame(frame).moments(request), metrics, "A", day=day, **options)


def kinds(findings):
    return [(each.kind, each.severity) for each in findings]


ORDERS = {"orders": Mean("orders")}


def test_nothing_speaks_against_a_healthy_experiment():
    metrics = {
        "orders": Mean("orders", covariate="before"),
        "paid": Proportion("paid"),
        "each": Ratio("orders", "paid"),
    }
    frame = trial(6000, days=10)
    options = {"sample_ratio": sample_ratio({"A": 3000, "B": 3000}), "start": START, "unit": "unit"}
    assert found(frame, metrics, by=("day",), segments=("paid",), **options) == ()


def test_one_look_at_the_split():  # Fabijan's slides: 821588/815482
    ratio = sample_ratio({"A": 821588, "B": 815482})
    (finding,) = found(trial(), ORDERS, sample_ratio=ratio)
    assert (finding.severity, finding.sentence) == ("error", ratio.sentence)
    assert "units of A" in finding.advice


def test_since_when_the_split_is_off():
    frame = trial(8000, days=8)
    lost = (frame["variant"] == "B") & (frame["day"] >= START + timedelta(4)) & (frame["unit"] % 3 == 0)
    frame = frame[~lost]
    ratio = sample_ratio(frame["variant"].value_counts().to_dict())
    (finding,) = found(frame, ORDERS, by=("day",), sample_ratio=ratio)
    assert finding.severity == "error"
    blocks = [day["variant"].value_counts().to_dict() for _, day in frame.groupby("day")]
    crossed = sample_ratio_sequential(blocks).first_crossed
    assert 4 <= crossed < 7
    assert finding.sentence == f"{ratio.sentence}; certain since {START + timedelta(crossed)}"


def test_a_split_that_was_off_for_a_while_stays_off():
    frame = trial(9000, days=9)
    first, last = frame["day"] < START + timedelta(3), frame["day"] >= START + timedelta(6)
    odd = frame["unit"] % 3 == 0
    frame = frame[~(first & odd & (frame["variant"] == "A")) & ~(last & odd & (frame["variant"] == "B"))]
    ratio = sample_ratio(frame["variant"].value_counts().to_dict())
    assert not ratio.mismatch
    (finding,) = found(frame, ORDERS, by=("day",), sample_ratio=ratio)
    assert finding.sentence.startswith("sample-ratio mismatch since 2026-03-01: B has 504 units, more than")


def test_a_daily_look_at_the_plain_check_is_a_warning():
    frame = trial(8000, days=8)
    ratio = sample_ratio({"A": 4160, "B": 3860})  # p = 0.0008
    (finding,) = found(frame, ORDERS, by=("day",), sample_ratio=ratio)
    assert kinds([finding]) == [("sample ratio", "warning")]


def test_a_segment_with_another_split():
    frame = trial(6000).assign(country=lambda each: np.where(each["unit"] // 2 % 3 == 0, "DE", "FR"))
    lost = (frame["variant"] == "B") & (frame["country"] == "DE") & (frame["unit"] % 4 == 1)
    (finding,) = found(frame[~lost], ORDERS, segments=("country",))
    assert (finding.kind, finding.severity) == ("sample ratio", "warning")
    assert finding.sentence.startswith("where 'country' is DE: sample-ratio mismatch (p = ")
    counts = {"A": 1000, "B": 500}
    planned = frame[~lost & ((frame["country"] == "DE") | (frame["variant"] == "A") | (frame["unit"] % 4 == 3))]
    assert found(planned, ORDERS, segments=("country",), expected=counts) == ()


def test_units_in_two_variants():
    frame = trial()
    few, many = pd.concat([frame, frame[:5].assign(variant="B")]), pd.concat([frame, frame[:80].assign(variant="B")])
    (finding,) = [each for each in found(few, ORDERS, unit="unit") if each.kind == "units in two variants"]
    assert (finding.severity, finding.sentence) == ("warning", "3 units (0.15%) are in more than one variant")
    assert ("units in two variants", "error") in kinds(found(many, ORDERS, unit="unit"))


def test_units_twice_and_missing():
    frame = trial()
    frame["unit"] = frame["unit"].astype("Int64")
    frame.loc[7, "unit"] = pd.NA
    twice = found(pd.concat([frame, frame[:5]]), ORDERS, unit="unit")
    assert [(each.kind, each.severity, each.sentence) for each in twice] == [
        ("unit twice", "error", "5 units have more than one row"),
        ("unit missing", "warning", "1 of 2,005 rows name no unit"),
    ]


def test_exposure_before_the_start():
    frame = trial(2000, days=8)
    (finding,) = found(frame, ORDERS, by=("day",), start=START + timedelta(1))
    early = int((frame["day"] == START).sum())
    assert finding.sentence == f"{early} units were exposed before the start on 2026-03-02"
    assert finding.severity == "error"
    answer = Frame(frame).moments(MomentRequest("variant", ("orders",), by=("day",)))
    assert exposed_before(answer, "day", START) == ()


@pytest.mark.parametrize(("value", "what"), [(0, "zero"), (None, "missing")])
def test_a_metric_absent_in_one_arm(value, what):
    frame = trial().astype({"orders": "Int64"})
    frame.loc[frame["variant"] == "B", "orders"] = value
    findings = found(frame, {"items": Mean("orders")})
    assert findings[0].sentence == f"'orders' is {what} for all 1,000 units of B, not so elsewhere"
    assert kinds(findings)[0] == ("absent metric", "error")


def test_a_rare_metric_may_be_absent_by_chance():
    frame = trial()
    frame["orders"] = (frame["unit"] == 0).astype(int)
    assert "absent metric" not in dict(kinds(found(frame, ORDERS)))


def test_values_missing_in_one_arm():
    frame = trial().astype({"orders": "Int64"})
    frame.loc[(frame["variant"] == "B") & (frame["unit"] % 9 == 0), "orders"] = None
    (finding,) = found(frame, ORDERS)
    assert finding.sentence == "'orders' is missing for 11.1% of B and 0% of A"
    frame.loc[(frame["variant"] == "A") & (frame["unit"] % 9 == 1), "orders"] = None
    assert found(frame, ORDERS) == ()


def test_a_covariate_that_the_treatment_has_changed():
    frame = trial()
    frame.loc[frame["variant"] == "B", "before"] += 1
    (finding,) = found(frame, {"orders": Mean("orders", covariate="before")})
    assert kinds([finding]) == [("covariate", "error")]
    assert finding.sentence.startswith("the covariate 'before' differs between A and B (p = ")
    ratio = {"each": Ratio("orders", "paid", covariate="before", covariate_denominator="paid")}
    assert ("covariate", "error") in kinds(found(frame, ratio))


def test_few_units():
    frame = trial(150)
    (finding,) = found(frame, ORDERS)
    assert (finding.kind, finding.sentence) == ("few units", "A has 75 units and B has 75, fewer than 100")
    frame["village"] = frame["unit"] // 2 % 30 * 2 + frame["unit"] % 2  # 30 clusters an arm
    assert found(frame, ORDERS, cluster="village") == ()


def test_few_successes():
    frame = trial()
    frame["paid"] = frame["unit"] < 6
    (finding,) = found(frame, {"paid": Proportion("paid")})
    assert finding.sentence == "'paid': A can expect 3 successes, fewer than 5"
    (other,) = found(frame.assign(paid=~frame["paid"]), {"paid": Proportion("paid")})
    assert other.sentence == "'paid': A can expect 3 failures, fewer than 5"


def test_too_little_power_for_anything():
    rng = np.random.default_rng(2)
    frame = trial(1000)
    frame["orders"] = (rng.random(1000) < 0.02) * rng.integers(1, 90, 1000)
    (finding,) = [each for each in found(frame, ORDERS) if each.kind == "few units"]
    arms = frame.groupby("variant")["orders"]
    least = 2.8 * np.sqrt((arms.var() / arms.size()).sum()) / arms.mean()["A"]
    assert finding.sentence == f"'orders': only a change of more than {number(100 * least)}% would be seen in B"


def test_an_outlier_that_carries_the_result():
    frame = trial().astype({"orders": float})
    frame.loc[4, "orders"] = 900.0  # an A
    (finding,) = found(frame, ORDERS)
    arms = frame.groupby("variant")["orders"].mean()
    rest = frame.drop(index=4).groupby("variant")["orders"].mean()
    share = 1 - (rest["B"] - rest["A"]) / (arms["B"] - arms["A"])
    assert kinds([finding]) == [("outlier", "warning")]
    assert finding.sentence == (
        f"'orders': without one unit of A (900) the effect of B would be {number(100 * share)}% smaller"
    )


def test_an_outlier_that_hides_a_result():
    frame = trial().astype({"orders": float})
    frame.loc[frame["variant"] == "B", "orders"] += 0.3
    frame.loc[4, "orders"] = 900.0
    (finding,) = found(frame, ORDERS)
    assert finding.sentence.endswith("and significance would change")


def test_an_effect_that_fades():
    frame = trial(20_000, days=10).astype({"orders": float})
    day = (pd.to_datetime(frame["day"]) - pd.Timestamp(START)).dt.days
    frame["orders"] += np.where(frame["variant"] == "B", 0.5 - 0.05 * day, 0.0)
    (finding,) = found(frame, ORDERS, by=("day",))
    assert finding.kind == "novelty"
    first, last = re.search(r"from (\S+) on the first day to (\S+) on the last", finding.sentence).groups()
    assert float(last) == pytest.approx(0.05, abs=0.1)
    assert float(first) == pytest.approx(0.5, abs=0.1)
    frame["orders"] = -frame["orders"]
    assert found(frame, ORDERS, by=("day",))[0].kind == "novelty"
    growing = frame.assign(orders=frame["orders"] - np.where(frame["variant"] == "B", 0.1 * day, 0.0))
    assert found(growing, ORDERS, by=("day",)) == ()


def test_segments_are_left_out_and_strata_and_days_added():
    frame = trial(300, days=3)
    request = MomentRequest(
        "variant", ("orders",), by=("day",), segments=("paid",), strata="before", extremes=("orders",)
    )
    whole = Whole.from_answer(Frame(frame).moments(request), "B")
    assert whole.variants == ("B", "A")
    arms = frame.groupby("variant")["orders"]
    assert whole.arms.mean[:, 0] == pytest.approx(arms.mean()[["B", "A"]].to_numpy())
    assert whole.high["orders"].tolist() == arms.max()[["B", "A"]].tolist()


def test_quantiles_are_checked_too():
    frame = trial(150)
    request = MomentRequest("variant", (), quantiles=(QuantileRequest("orders"),))
    assert kinds(check(Frame(frame).moments(request), {"median": Quantile("orders")}, "A")) == [
        ("few units", "warning")
    ]


def test_bad_questions():
    answer = Frame(trial()).moments(MomentRequest("variant", ("orders",)))
    with pytest.raises(InputError, match="there is no control 'C'"):
        check(answer, ORDERS, "C")
    with pytest.raises(InputError, match="a start was given without days"):
        check(answer, ORDERS, "A", start=START)
