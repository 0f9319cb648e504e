"""The experiment file: who asks what of whom, from when to when, and where the results stand."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from analytics_lib.model.experiment_parts import (
    ExperimentMetric,
    Exposures,
    Facts,
    Fit,
    MonitoringPlan,
    Strict,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Need = Callable[[bool, str, str], None]

_FEWEST = 2
TAKEN: Final = ("unit", "variant", "day")
"""Columns of exposed units that no fact can be called."""
ROLES: Final = {"success": "success", "guardrails": "guardrail", "secondary": "secondary"}
"""Key that lists metrics → their role."""


class Experiment(Strict):
    """One experiment: ``experiments/NAME.yml``. The file's name, without its ending, is the experiment's name."""

    title: str = Field("", description="Title for readers; the name by default.")
    owner: Text = Field(description="Who answers for it: a name or an e-mail address.")
    hypothesis: Text = Field(description="What is expected, and why: a sentence.")
    start: date = Field(description="First day of exposure.")
    end: date = Field(description="Last day of exposure.")
    variants: dict[str, float] = Field(description="Variant → its planned share of the units, on any scale.")
    control: str = Field(min_length=1, description="The variant that others are compared with.")
    unit: str | None = Field(None, min_length=1, description="Column of the unit that was randomised: user_id.")
    connection: str = Field(min_length=1, description="A connection of analytics.toml.")
    units: str | None = Field(None, min_length=1, description="A SELECT with a row a unit.")
    summary: str | None = Field(None, min_length=1, description="A SELECT with a row a variant, or a variant and day.")
    exposures: Exposures | None = Field(None, description="A table of exposures, in place of a SELECT.")
    facts: list[Facts] = Field(default_factory=list, description="Tables of facts, joined to exposures.")
    history: str | None = Field(
        None, min_length=1, description="A SELECT with a row a unit of the past, without variants, to plan from."
    )
    variant: str = Field("variant", min_length=1, description="The results' column of the variant.")
    day: str | None = Field(None, min_length=1, description="The results' column of the day of exposure, for history.")
    cluster: str | None = Field(None, min_length=1, description="Column of clusters that were randomised as a whole.")
    strata: str | None = Field(None, min_length=1, description="Column of strata to post-stratify by.")
    segments: list[str] = Field(default_factory=list, description="Columns to split the results by.")
    success: list[str] = Field(default_factory=list, description="Metrics of which one at least must win.")
    guardrails: list[str] = Field(default_factory=list, description="Metrics of which none may get worse.")
    secondary: list[str] = Field(default_factory=list, description="Metrics that are only shown.")
    metrics: dict[str, ExperimentMetric] = Field(default_factory=dict, description="Metric → what it is.")
    window: int | None = Field(
        None, ge=1, description="Of metrics of the model: days from first exposure on whose facts count."
    )
    lookback: int | None = Field(
        None, ge=1, description="Of metrics of the model: days before first exposure, to reduce variance by."
    )
    audience: str | None = Field(None, min_length=1, description="Whose row rules of the metric model hold.")
    plan: MonitoringPlan = Field(
        default=MonitoringPlan.model_validate({}), description="How often results are looked at before the end."
    )
    correction: Literal["holm", "benjamini_hochberg", "bonferroni"] | None = Field(
        None, description="How p-values of several tests are adjusted."
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="The rate of false alarms that is accepted.")
    power: float = Field(0.8, gt=0, lt=1, description="The chance wanted of finding an effect of size mde.")
    mde: float | None = Field(None, gt=0, description="Relative effect worth finding: 0.02 is two per cent.")
    planned_units: int | None = Field(None, ge=2, description="Units in all variants at which it ends.")
    tags: list[str] = Field(default_factory=list, description="Words to filter lists by.")

    @model_validator(mode="before")
    @classmethod
    def _listed_metrics(cls, content: Any) -> Any:
        """Give metrics that stand under a role's name their role; those without a definition are the model's."""
        metrics = content.get("metrics", {}) if isinstance(content, dict) else None
        if not isinstance(metrics, dict):
            return content
        listed: dict[Any, Any] = {}
        for key, role in ROLES.items():
            names = content.get(key)
            for name in names if isinstance(names, list) else ():
                part = listed.get(name, metrics.get(name, {})) if isinstance(name, str) else None
                if isinstance(part, dict):
                    listed[name] = {"role": role} | part
        return {**content, "metrics": listed | {name: metrics[name] for name in metrics if name not in listed}}

    @field_validator("variants", mode="before")
    @classmethod
    def _named_variants(cls, shares: Any) -> Any:
        if not isinstance(shares, dict):
            return shares
        if any(isinstance(name, bool) for name in shares):
            raise ValueError("a variant reads as true or false; put its name in quotes")
        return {str(name) if isinstance(name, int) else name: share for name, share in shares.items()}

    @field_validator("control", mode="before")
    @classmethod
    def _named_control(cls, name: Any) -> Any:
        return str(name) if isinstance(name, int) and not isinstance(name, bool) else name

    @field_validator("variants")
    @classmethod
    def _some_variants(cls, shares: dict[str, float]) -> dict[str, float]:
        if len(shares) < _FEWEST:
            raise ValueError(f"there {'is one variant' if shares else 'are no variants'}; two at least are compared")
        wrong = [name for name, share in shares.items() if not (math.isfinite(share) and share > 0)]
        if wrong:
            raise ValueError(f"variant '{wrong[0]}' has the share {shares[wrong[0]]:g}; a number above 0 is right")
        return shares

    @field_validator("end")
    @classmethod
    def _ends_after_the_start(cls, end: date, info: ValidationInfo) -> date:
        start = info.data.get("start", end)  # absent where it is wrong itself
        if end < start:
            raise ValueError(
                f"the experiment ends on {end}, before it starts on {start}; the end is a day on or after the start"
            )
        return end

    @field_validator("control")
    @classmethod
    def _is_a_variant(cls, control: str, info: ValidationInfo) -> str:
        variants = info.data.get("variants", {control: 1})
        if control not in variants:
            raise ValueError(f"control '{control}' is none of the variants; known are {_listed(variants)}")
        return control

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        fit = Fit()
        self._has_a_design(fit.need)
        self._has_results(fit.need)
        if self.summary is not None:
            self._fits_a_summary(fit.need)
        if self.exposures is not None and (self.facts or self.modelled):
            self._fits_exposures(fit.need, self.exposures)
        fit.settle()
        return self

    def _has_a_design(self, need: Need) -> None:
        for name, metric in self.metrics.items():
            own = [each for each in metric.covariates if each in {metric.column or name, metric.numerator}]
            need(not own, "metrics", f"metric '{name}' is its own covariate: '{own[0]}' is what it measures; "
                 "a covariate is known before the experiment" if own else "")  # fmt: skip
        for key, role in ROLES.items():
            for name in getattr(self, key):
                other = self.metrics[name].role
                need(other == role, key, f"metric '{name}' stands under {key}, and is also said to be {other}; "
                     "leave out one of them")  # fmt: skip
        roles = [metric.role for metric in self.metrics.values()]
        need("success" in roles, "metrics", "no metric has the role success; one at least decides")
        quantile = next((name for name, metric in self.metrics.items() if metric.kind == "quantile"), None)
        looks = self.plan.looks
        fractions = isinstance(looks, int) or (looks is not None and looks[-1] <= 1)
        by_day = self.day is not None or (self.exposures is not None and quantile is None and self.cluster is None)
        known = self.planned_units is not None or by_day
        need(not fractions or known, "plan", "the looks are fractions of a number of units that is not known; "
             "give planned_units, or the column of the day")  # fmt: skip
        for key in ("day", "cluster", "strata"):
            need(quantile is None or getattr(self, key) is None, key,
                  f"metric '{quantile}' is a quantile, which is not told by {key}; leave out one of them")  # fmt: skip
        need(self.cluster is None or (self.day is None and self.strata is None), "cluster",
              "a cluster has units on several days and in several strata; leave out day and strata")  # fmt: skip

    def _has_results(self, need: Need) -> None:
        for name in self.segments:
            need(name not in {self.variant, self.unit} and self.segments.count(name) == 1, "segments",
                 f"the segment '{name}' stands twice, or is the variant or the unit; name groups")  # fmt: skip
        given = [key for key in ("units", "summary", "exposures") if getattr(self, key) is not None]
        need(len(given) == 1, given[-1] if given else "connection",
              f"the results have {len(given) or 'no'} sources{': ' * bool(given)}{' and '.join(given)}; "
              "give one of units, summary and exposures")  # fmt: skip
        self._has_facts(need)
        if self.units is not None:
            need(self.unit is not None, "units", "the SELECT has a row a unit, and `unit` does not name its column; "
                  "unit: user_id is an example")  # fmt: skip

    def _has_facts(self, need: Need) -> None:
        modelled = self.modelled
        name = next(iter(modelled), "")
        key = next((key for key in ROLES if name in getattr(self, key)), "metrics")
        need(not modelled or self.exposures is not None, key,
              f"metric '{name}' has no kind, and without exposures no metric of the metric model "
              "can be joined; give it a kind: mean, or name exposures")  # fmt: skip
        fits = bool(self.facts or modelled) if self.exposures is not None else not self.facts
        need(fits, "facts" if self.facts else "exposures",
              "exposures and facts belong together; exposures say who saw what, facts what they did then, "
              "or metrics of the metric model")  # fmt: skip
        for key in ("window", "lookback", "audience"):
            need(getattr(self, key) is None or bool(modelled), key,
                  f"the {key} is for metrics of the metric model, and none is named; "
                  f"{'facts have their own' if key != 'audience' else 'leave it out'}")  # fmt: skip

    def _fits_exposures(self, need: Need, exposures: Exposures) -> None:
        need(self.unit in (None, exposures.unit), "unit",
              f"the unit is '{self.unit}' here and '{exposures.unit}' under exposures; leave it out here")  # fmt: skip
        need(self.day is None and self.variant == "variant", "day" if self.day else "variant",
              "exposures name their own columns of time and variant; leave it out here")  # fmt: skip
        names = [name for facts in self.facts for name in facts.columns]
        for key in ("segments", "cluster", "strata"):
            kept = getattr(self, key) or ()
            for name in (kept,) if isinstance(kept, str) else kept:
                said = "has a meaning of its own" if name in TAKEN else "is made of facts"
                need(name not in TAKEN and name not in names, key,
                      f"the column '{name}' {said}; name another column of the exposures")  # fmt: skip
        for name in names:
            said = "has a meaning of its own" if name in TAKEN else "stands twice under facts"
            need(name not in TAKEN and names.count(name) == 1, "facts",
                  f"the column '{name}' {said}; give it another name")  # fmt: skip
        for metric, columns in self.columns.items():
            absent = [name for name in columns if name not in names]
            need(not absent, "metrics", f"metric '{metric}' reads the column '{absent[0]}', which no facts make; "
                  f"{f'known are {_listed(dict.fromkeys(names))}' if names else 'name facts that do'}"
                  if absent else "")  # fmt: skip

    def _fits_a_summary(self, need: Need) -> None:
        for key in ("segments", "cluster", "strata"):
            need(not getattr(self, key), key, f"a summary has no {key}; write a SELECT with a row a unit under `units`")
        for name, metric in self.metrics.items():
            need(metric.kind != "quantile", "metrics", f"metric '{name}' is a quantile, which a summary cannot hold; "
                  "write a SELECT with a row a unit under `units`")  # fmt: skip
            need(not metric.covariates, "metrics", f"metric '{name}' has a covariate, which a summary cannot hold; "
                  "write a SELECT with a row a unit under `units`")  # fmt: skip

    @property
    def modelled(self) -> dict[str, str]:
        """Metric → the metric of the metric model that it is; those of the file itself left out."""
        return {name: each.metric or name for name, each in self.metrics.items() if each.kind is None}

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Metric → the columns of a row a unit that it reads; none of the metric model's, which make their own."""
        found = {}
        for name, metric in self.metrics.items():
            if metric.kind is None:
                continue
            own = (metric.column or name,) if metric.kind != "ratio" else (metric.numerator, metric.denominator)
            more = (metric.covariate_denominator,) if metric.covariate_denominator else ()
            found[name] = (*(each for each in own if each is not None), *metric.covariates, *more)
        return found

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns beside the metrics' that a unit has: segments, cluster, strata."""
        names = (*self.segments, self.cluster, self.strata)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def days(self) -> int:
        """How many days it is planned to run, the first and the last among them."""
        return (self.end - self.start).days + 1


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an experiment file, for editors."""
    schema = Experiment.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "analytics_lib experiment file"}
    return {**schema, **head}
