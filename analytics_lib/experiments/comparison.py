"""One comparison of two arms, from their moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import Estimates, Question, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics_lib.experiments.arms import Arms
    from analytics_lib.experiments.bayes import Prior
    from analytics_lib.experiments.engine import Alternative, Plan, Relative
    from analytics_lib.model.moments import Moments


@dataclass(frozen=True)
class Comparison:
    """What one comparison says.

    `effect_size`, its limits, `standard_error`, `statistic` and `pvalue` are on the scale asked for; ``rel_*`` are
    always relative to control's absolute mean, with Fieller limits. `chance_to_win`, `expected_loss` (of shipping the
    treatment), `expected_loss_keeping` (of keeping control) and ``credible_*`` are there when a prior was given,
    `variance_removed` when covariates were.
    """

    n_control: int
    n_treatment: int
    mean_control: float
    mean_treatment: float
    effect_size: float
    effect_size_ci_lower: float
    effect_size_ci_upper: float
    rel_effect_size: float
    rel_effect_size_ci_lower: float
    rel_effect_size_ci_upper: float
    standard_error: float
    statistic: float
    pvalue: float
    pvalue_adjusted: float
    decision: str
    variance_removed: float | None = None
    note: str = ""
    chance_to_win: float | None = None
    expected_loss: float | None = None
    expected_loss_keeping: float | None = None
    credible_lower: float | None = None
    credible_upper: float | None = None


def compare(  # noqa: PLR0913, PLR0917 - the options of one test, each by its usual name
    control: Moments,
    treatment: Moments,
    relative: Relative = False,
    margin: float = 0.0,
    alternative: Alternative = "two-sided",
    equal_variances: bool = False,
    alpha: float = 0.05,
    plan: Plan | None = None,
    prior: Prior | None = None,
) -> Comparison:
    """Compare a treatment with its control.

    Parameters
    ----------
    control, treatment
        Moments with the same variables: with ``d`` they are a ratio's, with ``x`` the metric is covariate-adjusted.
    relative
        ``"fieller"`` or ``"delta"`` puts the effect, its interval and p-value on the scale (t − c) / |c|.
    margin
        The effect under the null hypothesis, signed and on the scale asked for.
    alternative
        ``"greater"`` and ``"less"`` test one side of the margin; the interval is then one-sided as well.
    equal_variances
        Student's t instead of Welch's; for shares of units the pooled z-test instead of the unpooled one.
    alpha
        The significance level; intervals have the level 1 − alpha.
    plan
        `AlwaysValid` or `GroupSequential`, for an experiment that is looked at while it runs.
    prior
        A `Prior`, for the Bayesian view beside the test.

    Raises
    ------
    InputError
        The arms have different variables or too few units, the metric does not vary, a denominator is zero, or an
        option has no such value.

    Examples
    --------
    >>> from analytics_lib.model.moments import Moments
    >>> control = Moments.from_sums(n=3407, y=1396.87, yy=52377.9767)
    >>> treatment = Moments.from_sums(n=3461, y=2422.7, yy=134698.29)
    >>> found = compare(control, treatment)
    >>> round(found.effect_size, 4), round(found.pvalue, 4), found.decision
    (0.29, 0.0202, 'better')
    """
    return compare_samples(
        Samples.from_moments([control]),
        Samples.from_moments([treatment]),
        relative=relative,
        margin=margin,
        alternative=alternative,
        equal_variances=equal_variances,
        alpha=alpha,
        plan=plan,
        prior=prior,
    )


def compare_samples(control: Samples, treatment: Samples, **options: Any) -> Comparison:
    """Return the comparison of two samples of length 1; see `compare` for the options and errors."""
    question = Question(**options)
    for name, arm in (("control", control), ("treatment", treatment)):
        if arm.n[0] < 2:  # noqa: PLR2004 - what a variance needs
            raise InputError(f"{name} has {arm.n[0]:.0f} units", hint="at least 2 are needed in each arm")
    arms = make_arms(control, treatment)
    answers = estimate(*arms, question)
    if answers.problem[0]:
        raise InputError(str(answers.problem[0]), hint="there is nothing to compare")
    if question.relative and arms[0].mean[0] == 0:
        raise InputError("control's mean is zero, so no effect is relative to it", hint="use relative=False")
    prior = question.prior
    if prior is not None and prior.relative != bool(question.relative) and arms[0].mean[0] == 0:
        raise InputError("control's mean is zero, so the prior's scale is not the effect's", hint="give both the same")
    return comparison(arms, answers, 0, question)


def comparison(arms: tuple[Arms, Arms], answers: Estimates, row: int, question: Question) -> Comparison:
    """Return one row of the engine's answers."""
    found: dict[str, Any] = {name: values[row].item() for name, values in columns(arms, answers).items()}
    if np.isnan(found["variance_removed"]):
        found["variance_removed"] = None
    pvalue = found["pvalue"]
    decision = decide(found["effect_size"], pvalue, question)
    return Comparison(**found, pvalue_adjusted=pvalue, decision=decision, note=notes(answers)[row])


def columns(arms: tuple[Arms, Arms], answers: Estimates) -> dict[str, NDArray[Any]]:
    """Return the numbers of all R comparisons by the names of `Comparison`, shape (R,) each; NaN for none."""
    control, treatment = arms
    relative, after = answers.relative, answers.posterior
    found: dict[str, NDArray[Any]] = {
        "n_control": control.n.astype(np.int64),
        "n_treatment": treatment.n.astype(np.int64),
        "mean_control": control.mean,
        "mean_treatment": treatment.mean,
        "effect_size": answers.effect,
        "effect_size_ci_lower": answers.lower,
        "effect_size_ci_upper": answers.upper,
        "rel_effect_size": relative.effect,
        "rel_effect_size_ci_lower": relative.lower,
        "rel_effect_size_ci_upper": relative.upper,
        "standard_error": answers.error,
        "statistic": answers.statistic,
        "pvalue": answers.pvalue,
        "variance_removed": control.removed,
    }
    if after is not None:
        found |= {
            "chance_to_win": after.chance,
            "expected_loss": after.loss,
            "expected_loss_keeping": after.loss_keeping,
            "credible_lower": after.lower,
            "credible_upper": after.upper,
        }
    return found


def notes(answers: Estimates) -> list[str]:
    """Return what is to be said beside each of R comparisons."""
    undefined, unbounded = np.isnan(answers.relative.effect), answers.relative.unbounded
    said = np.select(
        [answers.problem != "", undefined, unbounded],
        [
            answers.problem,
            "control's mean is zero: there is no relative effect",
            "control's mean is not distinguishable from zero: the relative effect has no limits on both sides",
        ],
        default="",
    )
    found: list[str] = said.tolist()
    return found


def decide(effect: float, pvalue: float, question: Question) -> str:
    """Return in words what a p-value says.

    Examples
    --------
    >>> decide(0.3, 0.01, Question()), decide(-0.01, 0.02, Question(margin=-0.1, alternative="greater"))
    ('better', 'not inferior')
    """
    inferiority = question.margin * {"greater": -1.0, "less": 1.0, "two-sided": 0.0}[question.alternative] > 0
    if not pvalue < question.alpha:
        return "non-inferiority not shown" if inferiority else "no difference shown"
    if inferiority:
        return "not inferior"
    if question.margin:
        return "above the margin" if effect > question.margin else "below the margin"
    return "better" if effect > 0 else "worse"
