"""The parts of a metric file: entities, dimensions, measures."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from analytics_lib.model.experiment_parts import Strict, need
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.periods import GRAINS, Grain

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_LONGEST: Final = 50
_OPAQUE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")

Aggregation = Literal["sum", "count", "count_distinct", "average", "min", "max", "median", "percentile"]
"""How rows become one number."""


def _checked_rule(given: dict[str, Any]) -> dict[str, Any]:
    try:
        conditions_of(given)
    except ValueError as error:
        more = str(error).replace(" or {not: …}", ", {not: …}, {caller: NAME} or {env: NAME}")
        raise ValueError(more) from None
    return given


def _checked_where(given: dict[str, Any]) -> dict[str, Any]:
    for name, condition in conditions_of(given):
        if condition.source:
            raise ValueError(
                f"the condition on '{name}' takes its value from {condition.source}; only rules under rows do"
            )
    return given


Where = Annotated[dict[str, Any], AfterValidator(_checked_where)]
"""Dimension → what its value must be."""
Rule = Annotated[dict[str, Any], AfterValidator(_checked_rule)]
"""The same, where a value may be known only when it is asked for."""


def checked_names(given: dict[str, Any], noun: str) -> dict[str, Any]:
    """Return `given` if each key can be a name, in a query and as a column.

    Raises
    ------
    ValueError
        One cannot.
    """
    for name in given:
        if not _NAME.fullmatch(name) or len(name) > _LONGEST:
            raise ValueError(
                f"'{name}' cannot be {noun}'s name; use up to {_LONGEST} letters, digits and single _ between them"
            )
        if name in GRAINS:
            raise ValueError(f"'{name}' cannot be {noun}'s name; it stands for periods of time")
    return given


def checked_expression(text: str) -> str:
    """Return `text` if it can stand as one expression in a SELECT.

    The file's author may write any expression; this is there for the sentence, and keeps one from ending the
    statement that it stands in.

    Raises
    ------
    ValueError
        It cannot.
    """
    bare = _OPAQUE.sub("''", text)
    depth = 0
    for letter in bare:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
    if depth or not bare.strip():
        raise ValueError(f"the expression '{text}' {'has a bracket too many or too few' if depth else 'is empty'}")
    if re.search(r";|--|/\*|'[^']*$", bare.replace("''", "")):
        raise ValueError(f"the expression '{text}' is more than an expression; leave out ; and comments")
    return text


Expression = Annotated[str, AfterValidator(checked_expression)]


class _Column(Strict):
    """Something that is read from each row."""

    column: str | None = Field(None, min_length=1, description="The column; the part's own name by default.")
    expression: Expression | None = Field(None, description="An SQL expression of the row, in place of a column.")
    description: str = Field("", description="What it means, in a sentence.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        need(self.column is None or self.expression is None, "expression",
              "a column and an expression are given; leave out one of them")  # fmt: skip
        return self


class Entity(_Column):
    """Something that rows are about, and that models are joined by."""

    type: Literal["primary", "foreign"] = Field(
        description="Whether each row is another one (primary), or many rows may be about the same (foreign)."
    )
    of: str | None = Field(None, min_length=1, description="The entity it is, where its own name says its part.")

    @model_validator(mode="after")
    def _of_a_foreign_one(self) -> Self:
        need(self.of is None or self.type == "foreign", "of", "a primary entity is itself; leave out of")
        return self


class Dimension(_Column):
    """Something to group and to filter by."""

    type: Literal["categorical", "time", "boolean"] = Field("categorical", description="What its values are.")
    grain: Grain | None = Field(None, description="The finest period that is kept, of a time; day by default.")
    zone: str | None = Field(None, description="The time zone that days begin in; the times are then stored in UTC.")

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        for key in ("grain", "zone"):
            need(self.type == "time" or getattr(self, key) is None, key,
                  f"only a time has a {key}; write type: time")  # fmt: skip
        need(self.zone is None or self.grain in {None, "day"}, "zone",
              "a zone needs times, and periods are kept; leave out zone or grain")  # fmt: skip
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (KeyError, ValueError, OSError):
                need(False, "zone", f"there is no time zone '{self.zone}'; Europe/Berlin is an example")
        return self

    @property
    def finest(self) -> Grain:
        """The finest period that it can be asked by."""
        return self.grain or "day"


class Measure(_Column):
    """Rows made into one number."""

    aggregate: Aggregation = Field(description="How rows become one number.")
    q: float | None = Field(None, gt=0, lt=1, description="Which percentile, between 0 and 1.")
    time: str | None = Field(None, min_length=1, description="Its time dimension; the model's by default.")
    where: Where = Field(default_factory=dict, description="Which rows count: dimension → condition.")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        need((self.q is not None) == (self.aggregate == "percentile"), "q" if self.q is not None else "aggregate",
              "q belongs to a percentile, and a percentile has q; 0.9 is an example")  # fmt: skip
        return self

    @property
    def counts_rows(self) -> bool:
        """Whether it counts rows, whatever is in them."""
        return self.aggregate == "count" and self.column is None and self.expression is None
