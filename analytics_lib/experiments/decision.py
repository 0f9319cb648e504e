"""What to do with an experiment: ship, roll back, keep going, or look into it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.multiplicity import adjust
from analytics_lib.experiments.planning import duration
from analytics_lib.model.decisions import Decision, Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics_lib.experiments.comparison import Comparison
    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.sample_ratio import SampleRatio
    from analytics_lib.model.decisions import Finding, Role

    Roles = Mapping[str, Role]

__all__ = ["decide_experiment", "power_of_each"]


class Analysis(Protocol):
    """What a decision is made from: the `Results` of `analyze`."""

    sample_ratio: SampleRatio

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The metrics by name."""

    @property
    def treatments(self) -> Sequence[Any]:
        """Labels of the variants that are compared with control."""

    @property
    def alpha(self) -> float:
        """The significance level."""

    @property
    def plan(self) -> Plan | None:
        """How often is looked."""

    @property
    def checks(self) -> tuple[Finding, ...]:
        """What speaks against the data."""

    def compare(self, metric: str, treatment: Any = None, **options: Any) -> Comparison:
        """Return the comparison of all units, with these options of `compare`; see `Results.compare`."""


def decide_experiment(
    results: Analysis,
    roles: Roles,
    *,
    planned_units: float | None = None,
    units_per_day: float | None = None,
    findings: Iterable[Finding] | None = None,
    power: float = 0.8,
) -> Decision:
    """Decide by the metrics' roles.

    A treatment is shipped when at least one success metric wins and every guardrail is shown to lose less than its
    margin (Schultzberg, Ankargren & Frånberg 2024, arXiv 2402.11609). The error rate is shared among success metrics
    and treatments by Holm's procedure, since one win suffices. Each guardrail is tested at the whole of it, on one
    side, since all must pass; that costs power instead: see `power_of_each`. A guardrail is inferior when it is shown
    to be worse than control (two-sided, so at half of it) and not to lose less than its margin.

    Parameters
    ----------
    results
        The answer of `analyze`. With a plan it may be decided before the end; without one nothing is decided until the
        planned units are in.
    roles
        The metric → its role; metrics without one only explain.
    planned_units
        Units in all arms when the experiment is to end (clusters where those were randomised). Left out, it is the
        maximum of a group-sequential plan of one treatment, else the experiment has ended.
    units_per_day
        For how many days are left.
    findings
        What speaks against the data, ``results.checks`` when left out; an error makes the experiment unhealthy.
    power
        What the experiment was planned for; only for the advice where guardrails stay unproven.

    Raises
    ------
    InputError
        No metric has the role of success, a role is of an unknown metric, or a number is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> from analytics_lib.experiments import Proportion, Role, analyze
    >>> sold = [0, 0, 0, 0, 1] * 100 + [0, 0, 1, 0, 1] * 100
    >>> frame = pd.DataFrame({"variant": ["A"] * 500 + ["B"] * 500, "sold": sold})
    >>> decided = decide_experiment(analyze(frame, {"sales": Proportion("sold")}), {"sales": Role("success")})
    >>> decided.verdict, decided.treatment, decided.reason
    ('ship', 'B', "B improves 'sales' (+100%), and no guardrail was set")
    """
    _require(results, roles, planned_units)
    errors = [each.sentence for each in (results.checks if findings is None else findings) if each.severity == "error"]
    if errors:
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        return Decision("unhealthy", f"the data cannot be trusted: {errors[0]}{more}")
    found = _Compared(results)
    judgements = _judge(found, roles)
    missing, days = _missing(results, planned_units, units_per_day)
    if missing and results.plan is None:
        reason = f"{_still(missing, days)}; without a plan for early looks nothing is decided before they are in"
        return Decision("keep going", reason, days_left=days, judgements=judgements)
    ready = [each for each in judgements if each.ready]
    if ready:
        return _ship(ready, found, roles, judgements)
    if all(each.harmful for each in judgements):
        reasons = [f"{each.treatment}: {_harm(each, found, roles)}" for each in judgements]
        return Decision("roll back", "; ".join(reasons), judgements=judgements)
    undecided = "; ".join(_undecided(each, found, roles) for each in judgements)
    if missing:
        return Decision("keep going", f"{_still(missing, days)}: {undecided}", days_left=days, judgements=judgements)
    return Decision("inconclusive", undecided + _advice(judgements, roles, power), judgements=judgements)


def power_of_each(power: float, guardrails: int) -> float:
    """Return the power that every test needs, so that all that must pass do so together with the power asked for.

    With G guardrails the success metric and each guardrail get (1 − power) / (G + 1) of the error of the second kind,
    by Boole's inequality: guardrails need no correction of alpha, but of power (Schultzberg, Ankargren & Frånberg
    2024).

    Examples
    --------
    >>> round(power_of_each(0.8, guardrails=3), 3)
    0.95
    """
    if not 0 < power < 1:
        raise InputError(f"a power of {power} is outside (0, 1)", hint="0.8 is usual")
    if guardrails < 0:
        raise InputError(f"there are {guardrails} guardrails", hint="0 or more are right")
    return 1.0 - (1.0 - power) / (guardrails + 1)


class _Compared:
    """Comparisons by metric and treatment, each made once; None where there is nothing to compare."""

    def __init__(self, results: Analysis) -> None:
        self._results = results
        self._known: dict[tuple[Any, ...], Comparison | None] = {}
        self.treatments = tuple(results.treatments)
        self.alpha = results.alpha

    def __call__(self, metric: str, treatment: Any, **options: Any) -> Comparison | None:
        key = (metric, treatment, *sorted(options.items()))
        if key not in self._known:
            try:
                self._known[key] = self._results.compare(metric, treatment, **options)
            except InputError:  # nothing varies, or an arm is empty: it has shown nothing
                self._known[key] = None
        return self._known[key]


def _require(results: Analysis, roles: Roles, planned_units: float | None) -> None:
    for name in roles:
        if name not in results.metrics:
            raise InputError(f"there is a role for '{name}', which is no metric", hint=nearest(name, results.metrics))
    if not any(role.kind == "success" for role in roles.values()):
        raise InputError("no metric has the role 'success'", hint="one must improve for anything to be shipped")
    if planned_units is not None and not planned_units > 0:
        raise InputError(f"planned_units is {planned_units}", hint="the units in all arms at the end are right")


def _missing(results: Analysis, planned: float | None, a_day: float | None) -> tuple[float, int | None]:
    """Return how many of the planned units are to come, and the days that takes."""
    if planned is None and len(results.treatments) == 1:
        planned = getattr(results.plan, "units", None)
    missing = 0.0 if planned is None else max(planned - sum(results.sample_ratio.counts.values()), 0.0)
    if not missing or a_day is None:
        return missing, None
    return missing, duration(max(missing, 2.0), a_day)


def _judge(found: _Compared, roles: Roles) -> tuple[Judgement, ...]:
    tests = [(name, each) for each in found.treatments for name, role in roles.items() if role.kind == "success"]
    adjusted = adjust([_pvalue(found(*test)) for test in tests], "holm").tolist()
    shown = {test for test, pvalue in zip(tests, adjusted, strict=True) if pvalue < found.alpha}
    judgements = []
    for treatment in found.treatments:
        gains = {name: _gain(found(name, treatment), roles[name]) for name, each in tests if (name, treatment) in shown}
        states = {
            name: _guard(found, name, treatment, role) for name, role in roles.items() if role.kind == "guardrail"
        }
        judgements.append(
            Judgement(
                treatment,
                wins=tuple(name for name in roles if gains.get(name, 0.0) > 0),
                worse=tuple(name for name in roles if gains.get(name, 0.0) < 0),
                inferior=tuple(name for name, state in states.items() if state == "inferior"),
                unproven=tuple(name for name, state in states.items() if state == "unproven"),
            )
        )
    return tuple(judgements)


def _pvalue(comparison: Comparison | None) -> float:
    """Return the p-value; a test that gave none has shown nothing, and stays in its family."""
    return 1.0 if comparison is None or math.isnan(comparison.pvalue) else comparison.pvalue


def _gain(comparison: Comparison | None, role: Role) -> float:
    return 0.0 if comparison is None else role.sign * comparison.effect_size


def _guard(found: _Compared, name: str, treatment: Any, role: Role) -> str:
    """Return ``"holds"`` for a guardrail that passes, ``"inferior"`` for one shown to be worse, else ``"unproven"``."""
    plain = found(name, treatment)
    if plain is None or math.isnan(plain.pvalue):
        return "unproven"
    if role.margin is not None:
        null: dict[str, Any] = {"margin": -role.sign * role.margin, "relative": "fieller" if role.relative else False}
        if _pvalue(found(name, treatment, alternative="greater" if role.sign > 0 else "less", **null)) < found.alpha:
            return "holds"
    if plain.pvalue < found.alpha and _gain(plain, role) < 0:
        return "inferior"
    return "holds" if role.margin is None else "unproven"


def _ship(ready: Sequence[Judgement], found: _Compared, roles: Roles, judgements: tuple[Judgement, ...]) -> Decision:
    """Return the decision for the treatment with most wins; among equals the one whose first win is largest."""

    def rank(each: Judgement) -> tuple[int, float]:
        return len(each.wins), _gain(found(each.wins[0], each.treatment), roles[each.wins[0]])

    best = max(ready, key=rank)
    won = ", ".join(_moved(name, best.treatment, found) for name in best.wins)
    count = sum(role.kind == "guardrail" for role in roles.values())
    guarded = {0: "no guardrail was set", 1: "the guardrail holds"}.get(count, f"all {count} guardrails hold")
    return Decision("ship", f"{best.treatment} improves {won}, and {guarded}", best.treatment, judgements=judgements)


def _harm(each: Judgement, found: _Compared, roles: Roles) -> str:
    said = [f"{_moved(name, each.treatment, found)} is worse" for name in each.worse]
    for name in each.inferior:
        margin = roles[name].margin
        beyond = "" if margin is None else f" than control, perhaps by more than its margin of {_size(roles[name])}"
        said.append(f"the guardrail {_moved(name, each.treatment, found)} is worse{beyond}")
    won = ", ".join(_moved(name, each.treatment, found) for name in each.wins)
    return (f"{won} improves, but " if won else "") + ", ".join(said)


def _undecided(each: Judgement, found: _Compared, roles: Roles) -> str:
    if each.harmful:
        return f"{each.treatment}: {_harm(each, found, roles)}"
    if each.wins:
        won = ", ".join(_moved(name, each.treatment, found) for name in each.wins)
        lacking = " and ".join(f"'{name}'" for name in each.unproven)
        return f"{each.treatment} improves {won}, but it is not shown that {lacking} loses less than its margin"
    return f"{each.treatment}: no success metric has shown a difference"


def _advice(judgements: Sequence[Judgement], roles: Roles, power: float) -> str:
    guardrails = sum(role.kind == "guardrail" for role in roles.values())
    if not any(each.wins for each in judgements):
        return ""
    return f"; for a power of {power:.3g} of all tests together plan each for {power_of_each(power, guardrails):.3g}"


def _moved(name: str, treatment: Any, found: _Compared) -> str:
    each = found(name, treatment)
    if each is None:
        return f"'{name}'"
    if abs(each.rel_effect_size) < 10:  # noqa: PLR2004 - beyond that, and where it is NaN, a share says nothing
        return f"'{name}' ({100 * each.rel_effect_size:+.3g}%)"
    return f"'{name}' ({each.effect_size:+.3g})"


def _size(role: Role) -> str:
    margin = role.margin or 0.0
    return f"{100 * margin:.3g}%" if role.relative else f"{margin:.3g}"


def _still(missing: float, days: int | None) -> str:
    left = "" if days is None else f" (about {days} day{'s' * (days != 1)})"
    return f"{missing:,.0f} planned units are still to come{left}"
