"""A registered experiment as its register tells of it: what was asked, each step, each look, and what was seen."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import ExperimentError, nearest
from analytics_lib.model.aggregation import STRATUM, VARIANT
from analytics_lib.model.decisions import Finding
from analytics_lib.model.modelled import read_definition
from analytics_lib.model.plain import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt
    import pandas as pd

    from analytics_lib.model.experiment import Experiment
    from analytics_lib.registry import Look, Step, StoredExperiment

_TEXT: Final = frozenset({"metric", "control", "treatment", "segment", "segment_value", "decision", "note", "day"})


class RecordedExperiment:
    """A registered experiment and what was seen of it at the newest look.

    Parameters
    ----------
    stored
        What was registered, and where it stands.
    steps
        The steps of its life, in order.
    looks
        All looks at it, oldest first, without what was seen.
    newest
        The last of them with all that was seen; None before the first.
    """

    def __init__(
        self, stored: StoredExperiment, steps: Sequence[Step], looks: Sequence[Look], newest: Look | None
    ) -> None:
        self._stored = stored
        self._data: Mapping[str, Any] = newest.data if newest else {}
        self.steps = tuple(steps)
        """The steps of its life: who took them, when, why, from where to where."""
        self.looks = tuple(looks)
        """When it was looked at, by whom, and what the verdict was; oldest first."""

    def __repr__(self) -> str:
        return f"<experiment {self.name}: {self.status}, {self.verdict or 'not looked at yet'}>"

    @property
    def name(self) -> str:
        """Its name."""
        return self._stored.name

    @property
    def title(self) -> str:
        """Its title for readers."""
        return self._stored.title

    @property
    def status(self) -> str:
        """``draft``, ``running``, ``stopped`` or ``decided``."""
        return self._stored.status

    @property
    def decided(self) -> str:
        """What was decided: ``ship one_step``; empty until then."""
        return self._stored.decision or ""

    @cached_property
    def definition(self) -> Experiment:
        """What was registered: every key of the experiment file."""
        return read_definition(self._stored.definition, f"experiment '{self.name}' as registered")[0]

    @property
    def treatments(self) -> tuple[str, ...]:
        """The variants besides control."""
        return tuple(name for name in self.definition.variants if name != self.definition.control)

    @property
    def verdict(self) -> str:
        """What the newest look says is to be done; empty before the first."""
        return str(self._data["decision"]["verdict"]) if self._data else ""

    @property
    def reason(self) -> str:
        """Why, in a sentence; empty before the first look."""
        return str(self._data["decision"]["reason"]) if self._data else ""

    @property
    def days_left(self) -> int | None:
        """About how many days until the planned units are in; None where nothing is left, or it is unknown."""
        left: int | None = self._data["decision"]["days_left"] if self._data else None
        return left

    @property
    def summary(self) -> str:
        """What was found, in two sentences; empty before the first look."""
        return str(self._data.get("summary", ""))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What speaks against the data, errors first."""
        return tuple(Finding(**each) for each in self._data.get("findings", ()))

    @property
    def sample_ratio(self) -> Mapping[str, Any]:
        """Units by variant as they are (``counts``) and as planned (``expected_counts``), ``pvalue``, ``sentence``."""
        found: Mapping[str, Any] = self._data.get("sample_ratio", {})
        return found

    @property
    def judgements(self) -> list[dict[str, Any]]:
        """What each treatment's metrics say: `wins`, `worse`, `inferior`, `unproven`; none of data not trusted."""
        return list(self._data["decision"]["judgements"]) if self._data else []

    @cached_property
    def results(self) -> pd.DataFrame:
        """A row a metric, treatment and segment, as `Results.to_frame` has them."""
        return self._frame("results")

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row a metric, treatment and day, as `Results.history` has them; no rows where there are no days."""
        frame = self._frame("history")
        if len(frame):
            import pandas as pd

            frame["day"] = pd.to_datetime(frame["day"])
        return frame

    @cached_property
    def heterogeneity(self) -> pd.DataFrame:
        """Whether effects differ between segments, as `Results.heterogeneity` has it; no rows without segments."""
        return self._frame("heterogeneity")

    def days(self, metric: str, treatment: str) -> pd.DataFrame:
        """Return the history of one metric and treatment; no rows where there are no days.

        Raises
        ------
        ExperimentError
            There is no such metric or treatment.
        """
        for kind, name, known in (
            ("metric", metric, list(self.definition.metrics)),
            ("treatment", treatment, list(self.treatments)),
        ):
            if name not in known:
                raise ExperimentError(f"the experiment has no {kind} '{name}'", hint=nearest(name, known))
        frame = self.history
        return frame[(frame["metric"] == metric) & (frame["treatment"] == treatment)] if len(frame) else frame

    def chart(self) -> alt.LayerChart:
        """Return a chart of the intervals of all units, one a metric and treatment, relative to control."""
        from analytics_lib.experiments.drawing import draw_effects
        from analytics_lib.experiments.readable import named

        rows = named(self.totals, several=len(self.treatments) > 1)
        control, alpha = self.definition.control, self.definition.alpha
        return draw_effects(rows, "what", control=control, alpha=alpha, description=self.summary)

    def history_chart(self, metric: str, treatment: str) -> alt.LayerChart:
        """Return a chart of a metric's effect after each day, in the interval that holds under all looks together.

        Raises
        ------
        ExperimentError
            There is no such metric or treatment.
        """
        from analytics_lib.experiments.drawing import draw_history
        from analytics_lib.experiments.readable import spoken

        title = f"{spoken(metric, upper=True)} with {treatment}, day by day"
        control, alpha = self.definition.control, self.definition.alpha
        days = self.days(metric, treatment)
        return draw_history(
            days, control=control, alpha=alpha, title=title, description=self._turned(metric, treatment)
        )

    def evidence_chart(self, metric: str, treatment: str) -> alt.LayerChart:
        """Return a chart of a metric's effect in standard errors after each day, before the bounds of the plan.

        Raises
        ------
        ExperimentError
            There is no such metric or treatment.
        """
        from analytics_lib.experiments.drawing import draw_evidence
        from analytics_lib.experiments.readable import spoken

        title = f"Evidence on {spoken(metric)} with {treatment}"
        return draw_evidence(self.days(metric, treatment), title=title, description=self._turned(metric, treatment))

    def segment_chart(self, metric: str, treatment: str) -> alt.LayerChart:
        """Return a chart of a metric's intervals in each segment, and over all units.

        Raises
        ------
        ExperimentError
            There is no such metric or treatment.
        """
        from analytics_lib.experiments.drawing import draw_effects
        from analytics_lib.experiments.readable import spoken

        self.days(metric, treatment)
        rows = self.results
        rows = rows[(rows["metric"] == metric) & (rows["treatment"] == treatment)]
        where = [f"{spoken(s)}: {v}" if s else "All units" for s, v in zip(*self._segments(rows), strict=True)]
        control, alpha = self.definition.control, self.definition.alpha
        said = f"{spoken(metric, upper=True)} with {treatment}, segment by segment"
        rows = rows.assign(what=where)
        return draw_effects(rows, "what", control=control, alpha=alpha, title=said, description=f"{said}.")

    @cached_property
    def units(self) -> pd.DataFrame:
        """Units until each `day` by `variant`: their number, their `share`, and the share that was planned.

        No rows where there are no days.
        """
        import pandas as pd

        stored = self._data.get("moments", {"labels": {}})
        day = next((name for name in stored["labels"] if name not in {VARIANT, STRATUM}), None)
        if day is None:
            return pd.DataFrame(columns=["day", "variant", "units", "share", "planned"])
        labels = {"day": pd.to_datetime(pd.Series(stored["labels"][day])), "variant": stored["labels"][VARIANT]}
        counts = pd.DataFrame(labels | {"units": stored["n"]}).pivot_table("units", "day", "variant", aggfunc="sum")
        frame = counts.fillna(0).cumsum().reset_index().melt("day", var_name="variant", value_name="units")
        frame["share"] = frame["units"] / frame.groupby("day")["units"].transform("sum")
        planned = pd.Series(self.definition.variants)
        return frame.assign(planned=frame["variant"].map(planned / planned.sum()))

    @property
    def totals(self) -> pd.DataFrame:
        """The rows of `results` about all units."""
        frame = self.results
        return frame[frame["segment"] == ""] if "segment" in frame else frame

    def found_on(self, metric: str, treatment: str) -> Any:
        """Return the first day after which a difference was shown under the plan's bounds; None where there is none."""
        days = self.days(metric, treatment)
        shown = days[days["decision"].isin(["better", "worse"])] if len(days) else days
        return shown["day"].iloc[0] if len(shown) else None

    def _turned(self, metric: str, treatment: str) -> str:
        from analytics_lib.experiments.readable import spoken

        day = self.found_on(metric, treatment)
        if day is None:
            return f"No difference in {spoken(metric)} was shown on any day."
        return f"A difference in {spoken(metric)} was shown first after {day:%B} {day.day}, {day.year}."

    @staticmethod
    def _segments(rows: pd.DataFrame) -> tuple[list[str], list[Any]]:
        if "segment" not in rows:
            return [""] * len(rows), [""] * len(rows)
        return rows["segment"].tolist(), rows["segment_value"].tolist()

    def _frame(self, name: str) -> pd.DataFrame:
        import pandas as pd

        stored = self._data.get(name) or {}
        return pd.DataFrame({key: each if key in _TEXT else numbers(each) for key, each in stored.items()})
