"""What an analysis has found: frames, sentences, a chart, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.comparison import comparison
from analytics_lib.experiments.engine import estimate
from analytics_lib.experiments.metrics import Quantile
from analytics_lib.experiments.rows import NO_ERROR, rows_of

if TYPE_CHECKING:
    from datetime import date

    import altair as alt
    import pandas as pd

    from analytics_lib.experiments.comparison import Comparison
    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.experiments.rows import Correction
    from analytics_lib.experiments.sample_ratio import SampleRatio, Weights
    from analytics_lib.experiments.trial import Trial
    from analytics_lib.model.aggregation import MomentAnswer
    from analytics_lib.model.decisions import Finding

_FEWEST: Final = 2
"""Values of a segment that can differ from each other."""


class Results:
    """The answer of `analyze`.

    Parameters
    ----------
    trial
        The moments, and what is asked of them.
    correction
        How p-values are adjusted.
    sample_ratio
        Whether the variants have the units planned; see `analytics_lib.experiments.sample_ratio`.
    expected
        The planned shares.

    Raises
    ------
    InputError
        Nothing can be compared.
    """

    def __init__(
        self, trial: Trial, correction: Correction | None, sample_ratio: SampleRatio, expected: Weights | None
    ) -> None:
        self._trial = trial
        self._correction = correction
        self._expected = expected
        self.sample_ratio = sample_ratio
        self.rows = rows_of(trial, correction)
        """The columns of `to_frame` as lists."""
        self._require_some()

    def __repr__(self) -> str:
        against = ", ".join(str(name) for name in self.treatments)
        return f"<{', '.join(self.metrics)}: {against} against {self.control}>"

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics by name."""
        return dict(self._trial.metrics)

    @property
    def control(self) -> Any:
        """Control's label."""
        return self._trial.control

    @property
    def treatments(self) -> tuple[Any, ...]:
        """The other variants' labels."""
        return self._trial.treatments

    @property
    def alpha(self) -> float:
        """The significance level."""
        return self._trial.alpha

    @property
    def plan(self) -> Plan | None:
        """How often is looked."""
        return self._trial.plan

    @property
    def answer(self) -> MomentAnswer:
        """What the data has answered: moments by variant, segment, stratum and day."""
        return self._trial.answer

    @property
    def days(self) -> list[Any]:
        """The days, where there are some."""
        return [] if self._trial.day is None else list(self._trial.days)

    @cached_property
    def checks(self) -> tuple[Finding, ...]:
        """What speaks against the result, errors first; see `check`."""
        return self.check()

    def check(self, start: date | None = None) -> tuple[Finding, ...]:
        """Return what speaks against the result, and what to do about it.

        Parameters
        ----------
        start
            The first day of the experiment: units that came in before it are a finding.
        """
        from analytics_lib.experiments.trust import check

        trial = self._trial
        return check(
            trial.answer, trial.metrics, trial.control, sample_ratio=self.sample_ratio, expected=self._expected,
            day=trial.day, start=start,
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row a metric, treatment and segment, all units first; after the last day where there are days.

        Where clusters were randomised, ``n_control`` and ``n_treatment`` count clusters.
        """
        import pandas as pd

        return pd.DataFrame(self.rows)

    def history(self) -> pd.DataFrame:
        """Return one row a metric, treatment and day: what all units until then say, under the plan's bounds.

        Quantiles have no history.

        Raises
        ------
        InputError
            The analysis has no days.
        """
        import pandas as pd

        if self._trial.day is None:
            raise InputError("the analysis has no days", hint='analyze(…, by_day="day") keeps them')
        frame = pd.DataFrame(self._history)
        if all(hasattr(day, "isoformat") for day in self._trial.days):
            frame["day"] = pd.to_datetime(frame["day"])
        return frame

    def heterogeneity(self) -> pd.DataFrame:
        """Return whether the effect differs between the values of each segment: Cochran's (1954) Q.

        One row a metric, treatment and segment, with ``segments`` the number of its values that can be compared,
        ``statistic`` Q, its ``degrees`` and ``pvalue``, and ``i_squared``, the share of the effects' variance that is
        no chance (Higgins & Thompson 2002).

        Raises
        ------
        InputError
            The analysis has no segments.
        """
        import pandas as pd
        from scipy.special import chdtrc

        if "segment" not in self.rows:
            raise InputError("the analysis has no segments", hint='analyze(…, segments=["country"]) keeps them')
        names = ("metric", "control", "treatment", "segment")
        groups: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
        effects = zip(self.rows["effect_size"], self.rows["standard_error"], strict=True)
        for labels, each in zip(zip(*(self.rows[name] for name in names), strict=True), effects, strict=True):
            if labels[-1]:
                groups.setdefault(labels, []).append(each)
        lines = []
        for labels, found in groups.items():
            effect, error = np.array([each for each in found if np.isfinite(each).all()]).reshape(-1, 2).T
            degrees = len(effect) - 1
            weight = error**-2.0
            known = len(effect) >= _FEWEST
            q = float((weight * (effect - np.average(effect, weights=weight)) ** 2).sum()) if known else np.nan
            excess = max(0.0, 1.0 - degrees / q) if q > 0 else 0.0 if known else np.nan
            pvalue = float(chdtrc(degrees, q)) if known else np.nan
            lines.append((*labels, len(effect), q, max(degrees, 0), pvalue, excess))
        return pd.DataFrame(lines, columns=[*names, "segments", "statistic", "degrees", "pvalue", "i_squared"])

    def compare(self, metric: str, treatment: Any = None, **options: Any) -> Comparison:
        """Return one metric's comparison of all units, with other options than the analysis had.

        Parameters
        ----------
        metric
            Its name.
        treatment
            Which; may be left out where there is one.
        **options
            As for `analytics_lib.experiments.compare`: ``margin=-0.02, relative="fieller", alternative="greater"``.

        Raises
        ------
        InputError
            There is no such metric or treatment, or the metric cannot be compared.
        """
        if metric not in self._trial.metrics:
            raise InputError(f"there is no metric '{metric}'", hint=nearest(metric, self._trial.metrics))
        if treatment is None and len(self.treatments) == 1:
            treatment = self.treatments[0]
        if treatment not in self.treatments:
            names = [str(name) for name in self.treatments]
            raise InputError(f"there is no treatment {treatment!r}", hint=nearest(str(treatment), names))
        block = self._trial.total(metric, treatment)
        try:
            question = replace(block.question, **options)
        except TypeError:
            raise InputError(f"{', '.join(options)} are no options", hint="see help(compare)") from None
        answers = estimate(*block.arms, question)
        if answers.problem[0]:
            unknown = isinstance(self._trial.metrics[metric], Quantile) and np.isnan(answers.error[0])
            problem = NO_ERROR if unknown else answers.problem[0]
            raise InputError(f"metric '{metric}': {problem}", hint="there is nothing to compare")
        return comparison(block.arms, answers, 0, question)

    def summary(self) -> str:
        """Return what was found in two plain sentences; what forbids reading it comes first."""
        from analytics_lib.experiments.wording import summarize

        return summarize(self)

    def chart(self, *, relative: bool = True) -> alt.LayerChart:
        """Return a chart of the intervals of all units, one a metric and treatment.

        Parameters
        ----------
        relative
            Whether effects are drawn relative to control's mean.
        """
        from analytics_lib.experiments.drawing import draw_effects

        frame = self.to_frame()
        if "segment" in frame:
            frame = frame[frame["segment"] == ""]
        several = len(self.treatments) > 1
        frame["what"] = frame["metric"] + (", " + frame["treatment"].astype(str) if several else "")
        return draw_effects(
            frame, "what", control=self.control, alpha=self.alpha, description=self.summary(), relative=relative
        )

    def history_chart(self, metric: str, treatment: Any = None) -> alt.LayerChart:
        """Return a chart of one metric's effect after each day, in the plan's interval of that day.

        Raises
        ------
        InputError
            The analysis has no days, or no such metric or treatment.
        """
        from analytics_lib.experiments.drawing import draw_history

        days = self.history()
        self.compare(metric, treatment)  # says what is wrong with the names
        treatment = self.treatments[0] if treatment is None else treatment
        days = days[(days["metric"] == metric) & (days["treatment"] == treatment)]
        said = f"{metric} of {treatment} day by day"
        return draw_history(
            days, control=self.control, alpha=self.alpha, title=said, description=f"{said}, under the plan's bounds."
        )

    @cached_property
    def _history(self) -> dict[str, list[Any]]:
        return rows_of(self._trial, self._correction, over_days=True)

    def _require_some(self) -> None:
        """Refuse an analysis of which nothing can be said; else what cannot be compared is said in its row."""
        if np.isnan(self.rows["pvalue"]).all():
            raise InputError(
                f"metric '{self.rows['metric'][0]}': {self.rows['note'][0]}",
                where=f"{self.rows['treatment'][0]} against {self.rows['control'][0]}",
                hint="there is nothing to compare",
            )
