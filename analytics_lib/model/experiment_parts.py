"""The parts of an experiment file: metrics, the monitoring plan, tables of exposures and facts."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

if TYPE_CHECKING:
    from collections.abc import Sequence


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Something that is said: not only spaces."""


class Misfit(ValueError):
    """A complaint about keys that do not fit together.

    Parameters
    ----------
    sentence
        What is wrong; what would be right stands behind a semicolon.
    key
        The key that it stands at, among those of the part that complains.
    """

    def __init__(self, sentence: str, key: str) -> None:
        super().__init__(sentence)
        self.key = key


class Misfits(ValueError):
    """Several complaints about keys that do not fit together."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__("; ".join(str(each) for each in misfits))
        self.misfits = tuple(misfits)


class Fit:
    """What does not fit together, looked at key by key and told at the end."""

    def __init__(self) -> None:
        self._misfits: list[Misfit] = []

    def need(self, holds: bool, key: str, sentence: str) -> None:
        """Note a complaint, which stands at `key`, where something does not hold."""
        if not holds:
            self._misfits.append(Misfit(sentence, key))

    def settle(self) -> None:
        """Raise what was noted, if anything."""
        if self._misfits:
            raise Misfits(self._misfits)


def need(holds: bool, key: str, sentence: str) -> None:
    """Raise a complaint about keys that do not fit together; it stands at `key`."""
    if not holds:
        raise Misfit(sentence, key)


class Strict(BaseModel):
    """A part that knows its keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_OF_THE_MODEL: Final = (
    "column", "numerator", "denominator", "covariate", "covariate_denominator", "q", "unit", "description",
)  # fmt: skip
"""Keys that the metric model has an answer to."""


class ExperimentMetric(Strict):
    """One metric and its part in the decision."""

    kind: Literal["mean", "proportion", "ratio", "quantile"] | None = Field(
        None, description="What is estimated; left out of a metric of the metric model."
    )
    metric: str | None = Field(None, min_length=1, description="The model's metric; the own name by default.")
    entity: str | None = Field(None, min_length=1, description="The way to the unit, where several lead there.")
    column: str | None = Field(None, min_length=1, description="The metric's column; its own name by default.")
    numerator: str | None = Field(None, min_length=1, description="Column above, of a ratio.")
    denominator: str | None = Field(None, min_length=1, description="Column below, of a ratio.")
    covariate: str | list[str] | None = Field(
        None, description="Columns measured before the experiment, to reduce variance by."
    )
    covariate_denominator: str | None = Field(None, description="What a ratio's covariate is divided by.")
    q: float | None = Field(None, description="Which quantile, between 0 and 1; 0.5 is the median.")
    role: Literal["success", "secondary", "guardrail"] = Field(
        "secondary", description="Success metrics decide, guardrails may veto, secondary ones are shown."
    )
    margin: float = Field(0.0, ge=0, description="How much worse a guardrail may get, in its own unit: 0 or more.")
    relative: bool = Field(False, description="The margin is a share of control's mean: 0.01 is one per cent.")
    desired: Literal["increase", "decrease"] = Field("increase", description="Which way is better.")
    unit: str = Field("", description="What it is counted in: EUR, orders, %.")
    description: str = Field("", description="What it says, in a sentence.")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        if self.kind is None:
            for key in _OF_THE_MODEL:
                need(not getattr(self, key), key,
                      f"a metric of the metric model has no {key} here; leave it out, or give it a kind")  # fmt: skip
        for key in ("metric", "entity"):
            need(self.kind is None or getattr(self, key) is None, key,
                  f"{key} is for a metric of the metric model, which has no kind; leave out one of them")  # fmt: skip
        if self.kind == "ratio":
            need(self.numerator is not None and self.denominator is not None, "kind",
                  "a ratio has a numerator and a denominator; name both columns")  # fmt: skip
            need(self.column is None, "column", "a ratio has no column; name numerator and denominator")
        elif self.kind is not None:
            for key in ("numerator", "denominator", "covariate_denominator"):
                need(getattr(self, key) is None, key, f"only a ratio has a {key}; a {self.kind} has a column")
        if self.kind == "quantile":
            need(self.covariate is None, "covariate", "a quantile takes no covariate; leave it out")
            need(self.q is None or 0 < self.q < 1, "q", f"the quantile {self.q:g} is outside (0, 1); 0.5 is the median"
                  if self.q is not None else "")  # fmt: skip
        elif self.kind is not None:
            need(self.q is None, "q", f"only a quantile has q; this is a {self.kind}")
        need(self.covariate_denominator is None or self.covariate is not None, "covariate_denominator",
              "covariate_denominator stands without a covariate; give both, or none")  # fmt: skip
        need(math.isfinite(self.margin), "margin", f"the margin is {self.margin}; a finite number is right")
        need(self.role == "guardrail" or not self.margin, "margin",
              f"a {self.role} metric has no margin; it says how much worse a guardrail may get")  # fmt: skip
        return self

    @property
    def covariates(self) -> tuple[str, ...]:
        """The covariates' columns."""
        if self.covariate is None:
            return ()
        return (self.covariate,) if isinstance(self.covariate, str) else tuple(self.covariate)


class MonitoringPlan(Strict):
    """How often results may be looked at before the end."""

    kind: Literal["fixed", "always_valid", "group_sequential"] = Field(
        "fixed", description="Once at the end, whenever one likes, or at planned looks."
    )
    n_star: float | None = Field(
        None, gt=0, description="Units in all variants at which an always-valid interval is tightest."
    )
    looks: int | list[float] | None = Field(
        None, description="How many equal looks, increasing fractions ending at 1, or increasing numbers of units."
    )
    spending: Literal["obrien_fleming", "pocock", "hwang_shih_decani", "power"] = Field(
        "obrien_fleming", description="How the error is spent over the looks."
    )
    parameter: float | None = Field(None, description="The spending function's parameter, where it has one.")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        need((self.n_star is not None) == (self.kind == "always_valid"), "n_star" if self.n_star else "kind",
              "an always-valid plan has n_star, other plans do not; n_star: 10000 is an example")  # fmt: skip
        need((self.looks is not None) == (self.kind == "group_sequential"), "looks" if self.looks else "kind",
              "a group-sequential plan has looks, other plans do not; looks: 14 is an example")  # fmt: skip
        looks = self.looks
        if isinstance(looks, int):
            need(looks >= 1, "looks", f"{looks} looks are none; 1 or more is right")
        elif looks is not None:
            rises = all(low < high for low, high in pairwise(looks))
            need(bool(looks) and looks[0] > 0 and rises, "looks",
                  "the looks do not increase; [0.25, 0.5, 1] is an example")  # fmt: skip
        return self


class Exposures(Strict):
    """The table that says who saw which variant, and when."""

    table: str = Field(min_length=1, description="The table, with its schema: ops.exposures.")
    unit: str = Field(min_length=1, description="Column of the unit.")
    entity: str | None = Field(
        None, min_length=1, description="What the unit is in the metric model; by default told by its column."
    )
    time: str = Field(min_length=1, description="Column of the time of exposure.")
    variant: str = Field(min_length=1, description="Column of the variant.")
    where: dict[str, str | bool | int | float | date] = Field(
        default_factory=dict, description="Column and value that pick this experiment's rows: {experiment: checkout}."
    )


class Measure(Strict):
    """One column that facts make of a unit."""

    take: Literal["count", "sum", "max", "any"] = Field(
        description="count of rows, sum or largest value of a column, or any: 1 where there is a row, else 0."
    )
    column: str | None = Field(None, min_length=1, description="The facts' column that is added up.")
    when: Literal["after", "before"] = Field(
        "after", description="From the unit's first exposure on, or before it: a covariate."
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        needs = self.take in {"sum", "max"}
        need((self.column is not None) == needs, "take",
              f"take: {self.take} {'needs' if needs else 'has no'} column; sum and max have one")  # fmt: skip
        return self


class Facts(Strict):
    """A table of what units did."""

    table: str = Field(min_length=1, description="The table, with its schema: ops.orders.")
    unit: str = Field(min_length=1, description="Column of the unit.")
    time: str = Field(min_length=1, description="Column of the time of the fact.")
    columns: dict[str, Measure] = Field(min_length=1, description="Column of the results → how it is made.")
    window: int | None = Field(
        None,
        ge=1,
        description="Days from first exposure on whose facts count; a unit counts once they are over.",
    )
    lookback: int | None = Field(
        None, ge=1, description="Days before first exposure whose facts count as covariates; all by default."
    )

    @model_validator(mode="after")
    def _of_some_use(self) -> Self:
        for key, when in (("window", "after"), ("lookback", "before")):
            used = any(each.when == when for each in self.columns.values())
            need(getattr(self, key) is None or used, key, f"no column of these facts is of the time {when} exposure; "
                  f"leave out {key}")  # fmt: skip
        return self
