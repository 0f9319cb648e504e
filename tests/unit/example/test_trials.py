"""The example's trials: field trials as they were published, made-up ones with the effect they were made with."""

from __future__ import annotations

import dataclasses

import duckdb
import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.example import warehouse
from analytics_lib.example.trials import TRIALS, checkout, search_ranking
from analytics_lib.example.warehouse import build_warehouse, is_current
from analytics_lib.experiments import Mean, Moments, Proportion, analyze, compare

FIELD, MADE_UP = TRIALS[:2], TRIALS[2:]


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    path = tmp_path_factory.mktemp("trials") / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "SOURCES", FIELD)
        build_warehouse(path)
    with duckdb.connect(str(path), read_only=True) as database:
        yield database


def test_a_voucher_raises_the_share_that_comes_from_a_third_to_four_fifths(field):
    """Thornton (2008): 34 % without a voucher, an increase of about 45 points with one."""
    people = field.sql("select * from trials.hiv_results where any_incentive is not null and learned is not null").df()
    row = analyze(people, {"learned": Proportion("learned")}, variant="any_incentive").to_frame().iloc[0]
    assert row["mean_control"] == pytest.approx(0.34, abs=0.005)
    assert row["effect_size"] == pytest.approx(0.45, abs=0.005)


def test_earnings_of_1978_differ_by_1794_dollars(field):
    """Dehejia and Wahba (1999): the difference of means, and its standard error of 633 dollars."""
    people = field.sql("select * from trials.job_training").df()
    row = analyze(people, {"earned": Mean("earned_1978")}, variant="trained").to_frame().iloc[0]
    assert row["effect_size"] == pytest.approx(1794.34, abs=0.01)
    arms = [Moments.from_values(people["earned_1978"][people["trained"] == arm]) for arm in (0, 1)]
    assert compare(*arms, equal_variances=True).standard_error == pytest.approx(633, abs=0.5)


def test_a_made_up_effect_lies_in_its_interval():
    users = checkout()
    assert len(users) == users["user_id"].nunique() == 48_000
    metrics = {"orders": Mean("orders", covariate="orders_before"), "returned": Proportion("returned")}
    frame = analyze(users, metrics, segments=["device"]).to_frame().set_index(["metric", "segment_value"])
    for device, truth in (("phone", 0.09), ("desktop", 0.02)):
        row = frame.loc["orders", device]
        assert row["rel_effect_size_ci_lower"] < truth < row["rel_effect_size_ci_upper"]
    assert frame.loc["returned", ""]["effect_size_ci_lower"] < 0 < frame.loc["returned", ""]["effect_size_ci_upper"]


def test_units_are_lost_from_the_eighth_day_on():
    users = search_ranking()
    late = users["first_seen"] >= np.datetime64("2026-10-12")
    phones = users["device"] == "phone"
    lost = users[late & phones]["variant"].value_counts()
    kept = users[~late & phones]["variant"].value_counts()
    assert lost["personal"] / lost["control"] == pytest.approx(0.75, abs=0.05)
    assert kept["personal"] / kept["control"] == pytest.approx(1, abs=0.1)


def test_the_same_numbers_are_drawn_each_time():
    assert checkout(500).equals(checkout(500))


def test_a_trial_whose_package_is_absent_is_left_out(monkeypatch, tmp_path):
    absent = dataclasses.replace(FIELD[0], package="no-such-package-here")
    monkeypatch.setattr(warehouse, "SOURCES", (absent, MADE_UP[1]))
    lines = []
    path = tmp_path / "warehouse.duckdb"
    assert build_warehouse(path, progress=lines.append) == {"trials.search_ranking": 29_021}
    assert lines[0] == "trials.hiv_results is left out: it needs `pip install 'analytics-lib[trials]'`"
    assert is_current(path)
    monkeypatch.setattr(warehouse, "SOURCES", (FIELD[0], MADE_UP[1]))
    assert not is_current(path)  # it was installed since


def test_other_columns_than_expected_are_a_sentence(monkeypatch, tmp_path):
    other = dataclasses.replace(FIELD[0], columns=("village", *FIELD[0].columns[1:]))
    monkeypatch.setattr(warehouse, "SOURCES", (other,))
    with pytest.raises(InputError, match=r"its columns are villnum, got.*where village, got.*are expected"):
        build_warehouse(tmp_path / "warehouse.duckdb")
