"""Ship, roll back, keep going, unhealthy or inconclusive."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import AlwaysValid, Finding, GroupSequential, Mean, Moments, Role, analyze, compare
from analytics_lib.experiments import decide_experiment as decide
from analytics_lib.experiments.decision import power_of_each


def arm(mean, n=1000, sd=1.0):
    return Moments.from_centred(n, [mean], [[sd**2 * (n - 1)]])


@dataclass
class Analysed:
    """What `analyze` returns, of typed means with standard error 0.0447 of a difference."""

    means: dict
    control: float = 10.0
    plan: object = None
    checks: tuple = ()
    alpha: float = 0.05
    treatments: tuple = ("B",)
    sample_ratio: object = field(default_factory=lambda: SimpleNamespace(counts={"A": 1000, "B": 1000}))

    @property
    def metrics(self):
        return {name.partition("/")[0]: None for name in self.means}

    def compare(self, metric, treatment=None, **options):
        mean = self.means.get(f"{metric}/{treatment}", self.means.get(metric))
        return compare(arm(self.control), arm(mean), alpha=self.alpha, plan=self.plan, **options)


SALES = {"sales": Role("success")}


@pytest.mark.parametrize(
    ("sales", "speed", "verdict"),
    [
        (10.2, 10.0, "ship"),
        (10.2, 9.93, "inconclusive"),  # the margin of 0.1 is 0.67 standard errors away
        (10.2, 9.8, "roll back"),
        (9.8, 10.0, "roll back"),
        (10.0, 10.0, "inconclusive"),
    ],
)
def test_the_rule(sales, speed, verdict):
    roles = SALES | {"speed": Role("guardrail", margin=0.1)}
    assert decide(Analysed({"sales": sales, "speed": speed}), roles).verdict == verdict


def test_a_guardrail_that_is_worse_within_its_margin_holds():
    roles = SALES | {"speed": Role("guardrail", margin=0.5)}
    assert decide(Analysed({"sales": 10.2, "speed": 9.8}), roles).verdict == "ship"


def test_a_guardrail_is_tested_on_one_side_at_the_whole_level():
    roles = SALES | {"speed": Role("guardrail", margin=0.08)}  # 1.79 standard errors: between 1.645 and 1.96
    assert decide(Analysed({"sales": 10.2, "speed": 10.0}), roles).verdict == "ship"


def test_a_guardrail_without_a_margin_holds_until_it_is_worse():
    roles = SALES | {"speed": Role("guardrail")}
    assert decide(Analysed({"sales": 10.2, "speed": 9.95}), roles).verdict == "ship"
    assert decide(Analysed({"sales": 10.2, "speed": 9.9}), roles).verdict == "roll back"


def test_less_may_be_good():
    roles = {"errors": Role("success", desired="decrease"), "wait": Role("guardrail", 0.1, desired="decrease")}
    assert decide(Analysed({"errors": 9.8, "wait": 10.0}), roles).verdict == "ship"
    assert decide(Analysed({"errors": 9.8, "wait": 10.3}), roles).verdict == "roll back"
    assert decide(Analysed({"errors": 10.2, "wait": 10.0}), roles).verdict == "roll back"


def test_a_relative_margin_is_a_share_of_a_negative_control_too():
    roles = SALES | {"profit": Role("guardrail", margin=0.01, relative=True)}  # 0.1 of −10
    found = Analysed({"sales": -9.8, "profit": -10.0}, control=-10.0)
    assert decide(found, roles).verdict == "ship"
    assert decide(Analysed({"sales": -9.8, "profit": -10.3}, control=-10.0), roles).verdict == "roll back"


def test_success_metrics_share_the_error_rate():
    means = {"sales": 10.1, "visits": 10.0, "clicks": 10.0}  # p = 0.025 of three
    assert decide(Analysed(means), SALES).verdict == "ship"
    assert decide(Analysed(means), {name: Role("success") for name in means}).verdict == "inconclusive"


def test_guardrails_do_not_share_it():
    roles = SALES | {f"g{at}": Role("guardrail", margin=0.1) for at in range(5)}
    assert decide(Analysed({"sales": 10.1} | {f"g{at}": 10.0 for at in range(5)}), roles).verdict == "ship"


def test_power_is_shared_by_all_that_must_pass():  # (1 - power) / (G + 1) each, by Boole's inequality
    assert power_of_each(0.8, 0) == pytest.approx(0.8)
    assert power_of_each(0.8, 1) == pytest.approx(0.9)
    assert power_of_each(0.9, 4) == pytest.approx(0.98)


def test_that_is_said_where_a_guardrail_is_unproven():
    decided = decide(Analysed({"sales": 10.2, "speed": 9.93}), SALES | {"speed": Role("guardrail", margin=0.1)})
    assert decided.reason == (
        "B improves 'sales' (+2%), but it is not shown that 'speed' loses less than its margin; "
        "for a power of 0.8 of all tests together plan each for 0.9"
    )


def test_the_reason_names_the_harm():
    decided = decide(Analysed({"sales": 10.2, "speed": 9.8}), SALES | {"speed": Role("guardrail", margin=0.1)})
    assert decided.reason == (
        "B: 'sales' (+2%) improves, but the guardrail 'speed' (-2%) is worse than control, "
        "perhaps by more than its margin of 0.1"
    )


def test_without_a_plan_nothing_is_decided_early():
    decided = decide(Analysed({"sales": 10.5}), SALES, planned_units=5000, units_per_day=400)
    assert (decided.verdict, decided.days_left) == ("keep going", 8)
    assert decided.reason.startswith("3,000 planned units are still to come (about 8 days); without a plan")
    assert decided.judgements[0].wins == ("sales",)


def test_with_a_plan_it_is():
    found = Analysed({"sales": 10.5}, plan=AlwaysValid(2000))
    assert decide(found, SALES, planned_units=5000).verdict == "ship"
    waiting = decide(Analysed({"sales": 10.1}, plan=AlwaysValid(2000)), SALES, planned_units=5000, units_per_day=400)
    assert (waiting.verdict, waiting.days_left) == ("keep going", 8)
    assert "no success metric has shown a difference" in waiting.reason


def test_a_group_sequential_plan_knows_its_end():
    running = Analysed({"sales": 10.0}, plan=GroupSequential(looks=2, units=4000))
    assert decide(running, SALES).verdict == "keep going"
    assert decide(Analysed({"sales": 10.0}, plan=GroupSequential(looks=2, units=2000)), SALES).verdict == "inconclusive"


def test_errors_come_before_results():
    error = Finding("sample ratio", "error", "the arms are uneven", "look there")
    assert decide(Analysed({"sales": 10.5}, checks=(error,)), SALES).reason == (
        "the data cannot be trusted: the arms are uneven"
    )
    warning = Finding("few units", "warning", "few", "wait")
    assert decide(Analysed({"sales": 10.5}, checks=(warning,)), SALES).verdict == "ship"
    assert decide(Analysed({"sales": 10.5}), SALES, findings=[error]).verdict == "unhealthy"


def test_the_best_of_several_treatments_is_shipped():
    found = Analysed({"sales/B": 10.15, "sales/C": 10.3, "sales/D": 9.7}, treatments=("B", "C", "D"))
    decided = decide(found, SALES)
    assert (decided.verdict, decided.treatment) == ("ship", "C")
    assert [each.harmful for each in decided.judgements] == [False, False, True]
    worse = Analysed({"sales/B": 9.8, "sales/C": 10.0}, treatments=("B", "C"))
    assert decide(worse, SALES).verdict == "inconclusive"  # C has done no harm


def test_a_metric_that_says_nothing_decides_nothing():
    class Constant(Analysed):
        def compare(self, metric, treatment=None, **options):
            if metric == "speed":
                raise InputError("the metric does not vary in either arm")
            return super().compare(metric, treatment, **options)

    found = Constant({"sales": 10.2, "speed": 10.0})
    assert decide(found, SALES | {"speed": Role("guardrail", margin=0.1)}).judgements[0].unproven == ("speed",)
    assert decide(found, {"sales": Role("secondary"), "speed": Role("success")}).verdict == "inconclusive"


def test_an_analysis_is_decided_on():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"variant": ["A", "B"] * 2000, "sales": rng.normal(10, 1, 4000), "wait": rng.normal(5, 1, 4000)}
    )
    frame.loc[frame["variant"] == "B", "sales"] += 0.3
    roles = {"sales": Role("success"), "wait": Role("guardrail", margin=0.05, desired="decrease", relative=True)}
    decided = decide(analyze(frame, [Mean("sales"), Mean("wait")]), roles)
    assert (decided.verdict, decided.treatment) == ("ship", "B")
    assert decided.reason.endswith("and the guardrail holds")


@pytest.mark.parametrize(
    ("roles", "options", "message"),
    [
        ({"sale": Role("success")}, {}, "there is a role for 'sale', which is no metric; did you mean 'sales'?"),
        ({"sales": Role("guardrail")}, {}, "no metric has the role 'success'"),
        (SALES, {"planned_units": 0}, "planned_units is 0"),
        (SALES, {"planned_units": 1e6, "units_per_day": 0}, "units_per_day is 0"),
    ],
)
def test_bad_questions(roles, options, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        decide(Analysed({"sales": 10.0}), roles, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "guardrails"}, "there is no role 'guardrails'; did you mean 'guardrail'"),
        ({"kind": "success", "desired": "more"}, "desired is 'more'"),
        ({"kind": "success", "margin": 0.1}, "a success metric has a margin"),
        ({"kind": "guardrail", "margin": -0.1}, "the margin is -0.1; give the greatest loss"),
    ],
)
def test_bad_roles(options, message):
    with pytest.raises(InputError, match=message):
        Role(**options)


def test_bad_power():
    with pytest.raises(InputError, match="a power of 1"):
        power_of_each(1, 2)
    with pytest.raises(InputError, match="-1 guardrails"):
        power_of_each(0.8, -1)
