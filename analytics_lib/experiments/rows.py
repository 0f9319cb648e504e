"""The rows of an analysis' answer: metric × treatment × segment, or metric × treatment × day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.comparison import columns, decide, notes
from analytics_lib.experiments.engine import Question, estimate
from analytics_lib.experiments.metrics import Quantile
from analytics_lib.experiments.multiplicity import adjust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics_lib.experiments.trial import Trial

NUMBERS: Final = (
    "n_control", "n_treatment", "mean_control", "mean_treatment", "effect_size", "effect_size_ci_lower",
    "effect_size_ci_upper", "rel_effect_size", "rel_effect_size_ci_lower", "rel_effect_size_ci_upper", "statistic",
    "pvalue",
)  # fmt: skip
BEHIND: Final = ("standard_error", "variance_removed", "note")
FAMILIES: Final = ("all", "metric", "treatment")
NO_ERROR: Final = "an arm has too few units, or too many equal values, for an interval of this quantile"
_NO_DECISION: Final = "not comparable"


@dataclass(frozen=True)
class Correction:
    """How p-values are adjusted: over all metrics and treatments together, or by metric, or by treatment.

    Raises
    ------
    InputError
        There is no such method or family.
    """

    method: str
    family: str = "all"

    def __post_init__(self) -> None:
        adjust([], self.method)  # says what is wrong with the method
        if self.family not in FAMILIES:
            raise InputError(f"there is no family {self.family!r}", hint=nearest(str(self.family), FAMILIES))


def correction_of(given: str | Mapping[str, str] | None) -> Correction | None:
    """Return what `analyze` was told, or say what is wrong with it."""
    if given is None or isinstance(given, Correction):
        return given
    if isinstance(given, str):
        return Correction(given)
    unknown = set(given) - {"method", "family"}
    if unknown or "method" not in given:
        raise InputError(
            f"the correction is {dict(given)!r}", hint='{"method": "holm", "family": "metric"} is right, or a method'
        )
    return Correction(**given)


def rows_of(trial: Trial, correction: Correction | None, *, over_days: bool = False) -> dict[str, list[Any]]:
    """Return the answer as columns: of all cells at the end, or of all units after each day.

    Parameters
    ----------
    trial
        What is compared.
    correction
        How p-values are adjusted: segments are a family of their own, and so is each day.
    over_days
        Whether rows are days.
    """
    places = trial.days if over_days else trial.cells
    metrics = [name for name, metric in trial.metrics.items() if not (over_days and isinstance(metric, Quantile))]
    shape = (len(metrics), len(trial.treatments), len(places))
    found: dict[str, NDArray[Any]] = {"note": np.full(shape, "", dtype=object)}
    for block in trial.blocks(over_days=over_days):
        answers = estimate(*block.arms, block.question)
        at = [metrics.index(name) for name in block.metrics]
        treatment = trial.treatments.index(block.treatment)
        for name, values in columns(block.arms, answers).items():
            if name not in found:
                found[name] = np.full(shape, np.nan) if values.dtype.kind == "f" else np.zeros(shape, dtype=np.int64)
            found[name][at, treatment] = values.reshape(len(at), -1)
        said = np.array(notes(answers), dtype=object)
        if isinstance(trial.metrics[block.metrics[0]], Quantile):
            said[np.isnan(block.arms[0].variance + block.arms[1].variance)] = NO_ERROR
        found["note"][at, treatment] = said.reshape(len(at), -1)
    found["pvalue_adjusted"] = _adjusted(found["pvalue"], correction, over_days=over_days)
    return _labels(trial, metrics, over_days=over_days) | _flat(trial, found)


def _adjusted(pvalues: NDArray[Any], correction: Correction | None, *, over_days: bool) -> NDArray[Any]:
    """Adjust p-values of shape (metrics, treatments, cells or days), leaving out what has none."""
    adjusted = pvalues.copy()
    if correction is None:
        return adjusted
    ends = pvalues.shape[2]
    together = [[at] for at in range(ends)] if over_days else [[0], list(range(1, ends))]
    for cells in together:
        family = pvalues[:, :, cells]
        axis = {"all": None, "metric": 0, "treatment": 1}[correction.family]
        parts = [family] if axis is None else np.split(family, family.shape[axis], axis=axis)
        done = [_adjust(part, correction.method) for part in parts]
        adjusted[:, :, cells] = done[0] if axis is None else np.concatenate(done, axis=axis)
    return adjusted


def _adjust(family: NDArray[Any], method: str) -> NDArray[Any]:
    found = family.copy()
    there = ~np.isnan(family)
    found[there] = adjust(family[there], method)
    return found


def _labels(trial: Trial, metrics: list[str], *, over_days: bool) -> dict[str, list[Any]]:
    treatments = trial.treatments
    places = trial.days if over_days else trial.cells
    each = len(treatments) * len(places)
    labels: dict[str, list[Any]] = {
        "metric": [name for name in metrics for _ in range(each)],
        "control": [trial.control] * (len(metrics) * each),
        "treatment": [name for name in treatments for _ in places] * len(metrics),
    }
    repeats = len(metrics) * len(treatments)
    if over_days:
        labels["day"] = list(trial.days) * repeats
    elif len(trial.cells) > 1:
        labels["segment"] = [segment for segment, _ in trial.cells] * repeats
        labels["segment_value"] = ["" if value is None else value for _, value in trial.cells] * repeats
    return labels


def _flat(trial: Trial, found: dict[str, NDArray[Any]]) -> dict[str, list[Any]]:
    question = Question(alpha=trial.alpha)
    flat = {name: found[name].ravel().tolist() for name in (*NUMBERS, "pvalue_adjusted", *BEHIND)}
    flat["decision"] = [
        _NO_DECISION if pvalue != pvalue else decide(effect, pvalue, question)  # noqa: PLR0124 - NaN
        for effect, pvalue in zip(flat["effect_size"], flat["pvalue_adjusted"], strict=True)
    ]
    return {name: flat[name] for name in (*NUMBERS, "pvalue_adjusted", "decision", *BEHIND)}
