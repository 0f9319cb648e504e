"""Tables about a registered experiment for people who read a page: words and rounded numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.experiments.wording import digits_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pandas as pd

    from analytics_lib.experiments.recorded import RecordedExperiment

_SMALLEST: Final = 0.001
_LARGE: Final = 1000
_CHECKS: Final = (
    ("sample ratio", "Units as planned", ""),
    ("units in two variants", "No unit in two variants", "unit"),
    ("unit twice", "No unit twice", "unit"),
    ("exposure before start", "No unit before the start", "day"),
    ("absent metric", "Every metric in every variant", ""),
    ("missing values", "No values missing", ""),
    ("outlier", "No single unit carries a result", ""),
    ("few units", "Enough units", ""),
    ("novelty", "No effect that wears off", "day"),
)
"""Kind of finding, what is checked, and the key without which it cannot be."""
_ROLES: Final = {"success": "success metric:", "guardrail": "guardrail:"}
_DECISIONS: Final = {"better": "rose", "worse": "fell"}


def spoken(name: str, *, upper: bool = False) -> str:
    """Return a column's name as a person says it.

    Examples
    --------
    >>> spoken("orders_per_session", upper=True)
    'Orders per session'
    """
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:] if upper else words


def named(rows: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    """Return rows with a column `what`: the metric, and the treatment where there are several."""
    treatments = rows["treatment"].astype(str)
    names = [
        f"{spoken(metric, upper=True)}, {treatment}" if several else spoken(metric, upper=True)
        for metric, treatment in zip(rows["metric"], treatments, strict=True)
    ]
    return rows.assign(what=names)


def checks_of(experiment: RecordedExperiment) -> pd.DataFrame:
    """Return what was checked before any result is read: `Check`, `Outcome` and `What to do`, one row each."""
    import pandas as pd

    definition = experiment.definition
    known = {"": True, "unit": definition.summary is None, "day": len(experiment.history) > 0}
    found = experiment.findings
    rows = []
    for kind, checked, needs in _CHECKS:
        mine = [each for each in found if each.kind == kind]
        if not mine and known[needs]:
            outcome = experiment.sample_ratio.get("sentence", "") if kind == "sample ratio" else "nothing found"
            rows.append((checked, _sentence(outcome), ""))
        rows += [(checked, _outcome(each.severity, each.sentence), _sentence(each.advice)) for each in mine]
    usual = {kind for kind, _, _ in _CHECKS}
    others = [each for each in found if each.kind not in usual]
    rows += [
        (spoken(each.kind, upper=True), _outcome(each.severity, each.sentence), _sentence(each.advice))
        for each in others
    ]
    table = pd.DataFrame(rows, columns=["Check", "Outcome", "What to do"]).set_index("Check").rename_axis(None)
    return table if found else table[["Outcome"]]


def effects_of(experiment: RecordedExperiment) -> pd.DataFrame:
    """Return what changed, for readers: one row a metric and treatment, with what it says of the metric's role."""
    import pandas as pd

    definition = experiment.definition
    rows = named(experiment.totals, several=len(experiment.treatments) > 1)
    sure = f"{100 * (1 - definition.alpha):.3g}% interval"
    table: dict[str, list[str]] = {name: [] for name in ("Control", "Treated", "Change", sure, "p", "Verdict")}
    for row in rows.to_dict("records"):
        metric = definition.metrics[row["metric"]]
        share = metric.kind == "proportion"
        table["Control"].append(amount(row["mean_control"], share=share))
        table["Treated"].append(amount(row["mean_treatment"], share=share))
        change, between = _change(row)
        table["Change"].append(change)
        table[sure].append(between)
        table["p"].append(_pvalue(row["pvalue_adjusted"]))
        said = _says(experiment, row)
        table["Verdict"].append(f"{_ROLES[metric.role]} {said}" if metric.role in _ROLES else said)
    return pd.DataFrame(table, index=rows["what"].tolist())


def meanings_of(experiment: RecordedExperiment) -> pd.DataFrame | None:
    """Return what the metrics mean, by their own words or those of the metric model; None where nothing is said."""
    import pandas as pd

    metrics = {name: each for name, each in experiment.definition.metrics.items() if each.unit or each.description}
    if not metrics:
        return None
    rows = [
        (each.description or "not said", each.unit or "not said", "more" if each.desired == "increase" else "less")
        for each in metrics.values()
    ]
    columns = ["What it says", "Counted in", "Better"]
    return pd.DataFrame(rows, columns=columns, index=[spoken(name, upper=True) for name in metrics])


def life_of(experiment: RecordedExperiment, newest: int = 20) -> pd.DataFrame:
    """Return the steps of an experiment's life and the newest looks at it, in order: `When`, `What`, `Who`, `Why`."""
    import pandas as pd

    rows = [
        (
            step.at,
            f"{spoken(step.after, upper=True)}{f': {step.decision}' if step.decision else ''}",
            step.who,
            step.why,
        )
        for step in experiment.steps
    ]
    looks = [(look.at, "Looked at", look.who, look.verdict or "") for look in experiment.looks]
    if len(looks) > newest:
        earlier = len(looks) - newest
        looks[:earlier] = [(looks[earlier - 1][0], f"{earlier:,} earlier looks", "", "")]
    rows += looks
    rows.sort(key=lambda row: row[0])
    shown = [(f"{at:%Y-%m-%d %H:%M} UTC", *rest) for at, *rest in rows]
    return pd.DataFrame(shown, columns=["When", "What", "Who", "Why"]).set_index("When").rename_axis(None)


def differences_of(experiment: RecordedExperiment) -> Iterator[str]:
    """Yield a sentence for each segment and success metric: whether the effect differs between its values."""
    roles = {name: metric.role for name, metric in experiment.definition.metrics.items()}
    several = len(experiment.treatments) > 1
    for row in experiment.heterogeneity.to_dict("records"):
        if roles.get(row["metric"]) != "success":
            continue
        what = spoken(row["metric"]) + (f" with {row['treatment']}" if several else "")
        if math.isnan(row["pvalue"]):
            yield f"Too few values of {spoken(row['segment'])} can be compared to say whether {what} changes alike."
        elif row["pvalue"] < experiment.definition.alpha:
            yield f"The change of {what} differs by {spoken(row['segment'])} (p = {_pvalue(row['pvalue'])})."
        else:
            yield (
                f"That the change of {what} differs by {spoken(row['segment'])} is not shown "
                f"(p = {_pvalue(row['pvalue'])})."
            )


def amount(value: float, *, share: bool = False) -> str:
    """Return a mean as readers want it.

    Examples
    --------
    >>> amount(0.06135, share=True), amount(4554.8), amount(0.49971), amount(float("nan"))
    ('6.1%', '4,555', '0.5', 'n/a')
    """
    if not math.isfinite(value):
        return "n/a"
    if share:
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"


def _change(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    """Return the change and its limits: relative where control's mean allows it, with digits by the limits' width."""
    names = ("rel_effect_size", "rel_effect_size_ci_lower", "rel_effect_size_ci_upper")
    values, unit = [100 * row[name] for name in names], "%"
    if not all(math.isfinite(value) for value in values):
        values, unit = [row[name.removeprefix("rel_")] for name in names], ""
    if not math.isfinite(values[0]):
        return "n/a", "n/a"
    digits = digits_of(values[2] - values[1])
    shown = [f"{value:+,.{digits}f}{unit}" if math.isfinite(value) else "no limit" for value in values]
    shown = [each.replace("-", "\N{MINUS SIGN}") for each in shown]
    return shown[0], f"{shown[1]} to {shown[2]}"


def _pvalue(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return f"< {_SMALLEST}" if value < _SMALLEST else f"{value:.3f}"


def _says(experiment: RecordedExperiment, row: Mapping[Hashable, Any]) -> str:
    """Return what a row says of the metric's role."""
    name, metric = row["metric"], experiment.definition.metrics[row["metric"]]
    if math.isnan(row["pvalue"]):
        return str(row["note"])
    moved = _DECISIONS.get(row["decision"], row["decision"])
    judged = next((each for each in experiment.judgements if each["treatment"] == row["treatment"]), None)
    if judged is None or metric.role == "secondary":
        return moved if experiment.judgements else "not judged"
    if metric.role == "success":
        return "wins" if name in judged["wins"] else "loses" if name in judged["worse"] else moved
    if name in judged["inferior"]:
        return "fails"
    return "not shown to hold" if name in judged["unproven"] else "holds"


def _outcome(severity: str, sentence: str) -> str:
    return f"{severity.capitalize()}: {sentence.strip().rstrip('.')}."


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
