"""What an experiment needs, planned from the history of its metrics: units, days, power, the least effect found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.analysis import as_source, named_metrics
from analytics_lib.experiments.history import read_history
from analytics_lib.experiments.planning import duration, minimum_effect, power, sample_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.history import History, Spread
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.model.aggregation import MomentSource

_FEWEST = 2
_WEEK = 7


@dataclass(frozen=True, eq=False)
class Sizing:
    """What an experiment needs; made by `plan_from`.

    Parameters
    ----------
    rows
        Column → a value for each metric; see `to_frame`.
    history
        How the metrics have varied.
    designs
        Metric → keywords of `power`, `sample_size` and `minimum_effect`, which give the numbers of its row.
    units_per_day
        How many units come a day, None where that is not known.
    chance
        The power asked for.
    """

    rows: Mapping[str, list[Any]]
    history: History
    designs: Mapping[str, Mapping[str, Any]]
    units_per_day: float | None
    chance: float

    def to_frame(self) -> pd.DataFrame:
        """Return a row a metric.

        ``metric``, ``mean``, ``sd``, ``variance_removed`` (by covariates), with clusters ``design_effect`` and ``icc``;
        ``mde`` (relative) and ``effect_size`` (absolute); ``n_control`` and ``n_treatment``, which find it;
        ``units_needed`` in all variants, ``days_needed``, with clusters ``clusters_needed``;
        ``units_without_covariate``, ``units_without_looks`` and with clusters ``units_without_clusters``: the units
        needed where that one thing is left out; ``planned_units``, the ``power`` with them to find the effect, and the
        ``minimum_effect`` (relative) that they find; ``note``. NaN where there is no number.
        """
        import pandas as pd

        return pd.DataFrame(dict(self.rows))

    def summary(self) -> str:
        """Say it in two sentences, and what to bear in mind in one each."""
        needed = np.array(self.rows["units_needed"], dtype=float)
        said: list[str] = []
        if not np.isnan(needed).all():
            at = int(np.nanargmax(needed))
            row = {name: values[at] for name, values in self.rows.items()}
            days = "" if math.isnan(row["days_needed"]) else f", {_counted(row['days_needed'], 'day')}"
            clusters = f" in {_counted(row['clusters_needed'], 'cluster')}" if "clusters_needed" in row else ""
            said.append(
                f"'{row['metric']}' needs {'most: ' * (len(needed) > 1)}{row['units_needed']:,} units in all variants"
                f"{clusters}{days}, to find a change of {_percent(row['mde'])} with a power of {self.chance:.0%}"
            )
            if not math.isnan(row["power"]):
                least = f"; with {self.chance:.0%} they find changes from {_percent(row['minimum_effect'])} on"
                said.append(
                    f"{self._horizon(row['planned_units'])} with a power of {row['power']:.0%}"
                    f"{'' if math.isnan(row['minimum_effect']) else least}"
                )
        if self.units_per_day is None and self.history.clusters is None:
            said.append("How many days that takes is not known: name the column of the day that units came in")
        said += [f"'{name}': {note}" for name, note in zip(self.rows["metric"], self.rows["note"], strict=True) if note]
        said += [f"{note[:1].upper()}{note[1:]}" for note in self.history.notes]
        return " ".join(f"{each}." for each in said)

    def _horizon(self, planned: int) -> str:
        if self.units_per_day is None:
            return f"As many units as the history has, {planned:,}, find it"
        return f"{_counted(planned / self.units_per_day / _WEEK, 'week')} bring {planned:,}, which find it"


def plan_from(  # noqa: PLR0913 - the parts of one plan, each by its usual name
    data: pd.DataFrame | pa.Table | MomentSource,
    metrics: Mapping[str, Metric] | Sequence[Metric],
    *,
    mde: float | Mapping[str, float],
    unit: str | None = None,
    cluster: str | None = None,
    day: str | None = None,
    variants: Mapping[str, float] | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    comparisons: int = 1,
    plan: Plan | None = None,
    weeks: float = 4.0,
    units_per_day: float | None = None,
) -> Sizing:
    """Plan an experiment from how its metrics have varied so far.

    One statement in the warehouse (a second one for clusters, a third to count units); no row leaves it. The numbers
    are those of `power`, `sample_size` and `minimum_effect`, which are inverse to each other.

    Parameters
    ----------
    data
        A row a unit of the past, no variant needed: a DataFrame, an Arrow table, or ``connect(…).table(…)`` and
        ``.query(…)``. Take the units, and of each as many days, as the experiment will.
    metrics
        The metrics by name, as `analyze` will take them; those of a list are named by their columns.
    mde
        Relative effect worth finding, 0.02 is two per cent; one for all metrics, or metric → effect.
    unit
        The column with a unit's identity, to find units that stand in the data twice.
    cluster
        The column of clusters, where whole clusters will be randomised.
    day
        The column with the day that a unit came in, for how many come.
    variants
        Variant → its share on any scale, control first; two equal ones when left out. Of several treatments the
        smallest is planned for.
    power
        The chance wanted of finding an effect of size `mde`.
    alpha, comparisons
        The significance level, and the number of tests that share it (Bonferroni).
    plan
        `AlwaysValid` or `GroupSequential`, where the experiment will be looked at while it runs.
    weeks
        Of so many weeks' units the power and the least effect are told; where it is not known how many come, of as
        many units as the history has.
    units_per_day
        How many units come a day, in place of `day`.

    Raises
    ------
    InputError
        There are too few rows or a single cluster, no metric varies, a column is absent or holds what the metric cannot
        use, or a number is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> from analytics_lib.experiments import Mean
    >>> past = pd.DataFrame({"orders": [0, 1, 2, 3] * 250, "day": ["2026-03-01", "2026-03-10"] * 500})
    >>> plan_from(past, [Mean("orders")], mde=0.1, day="day").to_frame()[["units_needed", "days_needed"]]
       units_needed  days_needed
    0          1748           18
    """
    named = named_metrics(metrics)
    effects = _effects(mde, list(named))
    shares = _shares(variants)
    _require(weeks, "weeks")
    if units_per_day is not None:
        _require(units_per_day, "units_per_day")
    tests: dict[str, Any] = {"alpha": alpha, "comparisons": comparisons, "ratio": min(shares[1:]) / shares[0]}
    sample_size(1.0, power=power, sd=1.0, **tests)  # says what is wrong with a number
    history = read_history(as_source(data), named, unit, cluster, day)
    per_day = units_per_day if units_per_day is not None and cluster is None else history.units_per_day
    horizon = history.units if per_day is None else max(round(per_day * _WEEK * weeks), _FEWEST)
    asked = _Asked(tests, plan, shares[0] / sum(shares), power, per_day, horizon)
    lines = [_line(name, each, effects[name], asked) for name, each in history.spreads.items()]
    keys = [key for key in lines[0] if cluster is not None or key not in _OF_CLUSTERS]
    rows = {key: [line[key] for line in lines] for key in keys}
    designs = {name: {**each.design(), **tests, "plan": plan} for name, each in history.spreads.items()}
    return Sizing(rows, history, designs, per_day, power)


_OF_CLUSTERS = ("design_effect", "icc", "clusters_needed", "units_without_clusters")


@dataclass(frozen=True)
class _Asked:
    """What is asked for each metric: what all designs share, control's share of all units, and what will come."""

    tests: Mapping[str, Any]
    plan: Plan | None
    share: float
    chance: float
    per_day: float | None
    horizon: int

    def needed(self, effect: float, design: Mapping[str, Any], *, looks: bool = True) -> int:
        """Return the units in all variants that find an effect."""
        n = sample_size(effect, power=self.chance, **design, **self.tests, plan=self.plan if looks else None)
        return max(math.ceil(n / self.share), _FEWEST)


def _line(name: str, spread: Spread, effect: float, asked: _Asked) -> dict[str, Any]:
    nothing = math.nan
    line: dict[str, Any] = {
        "metric": name, "mean": spread.mean, "sd": spread.sd, "variance_removed": spread.removed,
        "design_effect": spread.design_effect, "icc": spread.icc, "mde": effect,
        "effect_size": effect * abs(spread.mean),
    }  # fmt: skip
    later = (
        "n_control", "n_treatment", "units_needed", "days_needed", "clusters_needed", "units_without_covariate",
        "units_without_looks", "units_without_clusters", "planned_units", "power", "minimum_effect",
    )  # fmt: skip
    line |= dict.fromkeys(later, nothing) | {"planned_units": asked.horizon, "note": spread.note}
    if not spread.is_plannable:
        return line
    design = spread.design()
    full = {**design, **asked.tests, "plan": asked.plan}
    at: dict[str, Any] = {"n": asked.horizon * asked.share}
    try:
        needed = asked.needed(effect, design)
        control = needed * asked.share
        line |= {
            "units_needed": needed, "n_control": math.ceil(control - 1e-9),
            "n_treatment": math.ceil(control * asked.tests["ratio"] - 1e-9),
            "days_needed": nothing if asked.per_day is None else duration(needed, asked.per_day),
            "clusters_needed": math.ceil(needed / spread.cluster_size),
            "units_without_covariate": asked.needed(effect, spread.design(covariates=False)),
            "units_without_looks": asked.needed(effect, design, looks=False),
            "units_without_clusters": asked.needed(effect, spread.design(clusters=False)),
        }  # fmt: skip
        line["power"] = power(effect, **at, **full)
        line["minimum_effect"] = minimum_effect(power=asked.chance, **at, **full)
    except InputError as problem:
        line["note"] = problem.message
    return line


def _effects(mde: float | Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    given = dict(mde) if isinstance(mde, Mapping) else dict.fromkeys(names, mde)
    for name in given:
        if name not in names:
            raise InputError(f"mde names the metric '{name}', which is not planned", hint=nearest(name, names))
    for name in names:
        if name not in given:
            raise InputError(f"there is no mde of metric '{name}'", hint="0.02 is two per cent")
        _require(given[name], "mde")
    return {name: float(given[name]) for name in names}


def _shares(variants: Mapping[str, float] | None) -> list[float]:
    shares = [1.0, 1.0] if variants is None else list(variants.values())
    if len(shares) < _FEWEST:
        raise InputError("there is one variant", hint='{"control": 50, "one_step": 50} is right')
    for share in shares:
        _require(share, "the share of a variant")
    return [float(share) for share in shares]


def _require(number: Any, what: str) -> None:
    if not (isinstance(number, Real) and math.isfinite(number) and float(number) > 0):
        raise InputError(f"{what} is {number!r}", hint="a number above 0 is right")


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _counted(number: float, what: str) -> str:
    return f"{number:,.3g} {what}{'s' * (number != 1)}" if number < 1e3 else f"{number:,.0f} {what}s"  # noqa: PLR2004
