"""The metric file: a table or query, what its rows are about, and the metrics made of them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from analytics_lib.model.experiment_parts import Strict, need
from analytics_lib.model.metrics.formulas import parse_formula
from analytics_lib.model.metrics.parts import Dimension, Entity, Measure, Rule, Where, checked_names
from analytics_lib.model.metrics.periods import Grain, parse_window

__all__ = ["Dimension", "Entity", "Example", "Input", "Measure", "Metric", "MetricModel", "json_schema"]

MetricType = Literal["simple", "ratio", "cumulative", "derived", "conversion"]


class Input(Strict):
    """A name in a formula that is no metric's: a metric as it was some time before."""

    metric: str = Field(min_length=1, description="The metric.")
    offset_window: str = Field(min_length=1, description="How long before: 1 month, 52 weeks.")

    @field_validator("offset_window")
    @classmethod
    def _readable(cls, window: str) -> str:
        parse_window(window)
        return window


_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "ratio": ("numerator", "denominator"), "derived": ("formula",),
    "conversion": ("entity", "base", "conversion", "window"),
}  # fmt: skip
_ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    **_NEEDED, "derived": ("formula", "inputs"), "simple": ("measure", "where"),
    "cumulative": ("measure", "where", "window", "to_date"),
}  # fmt: skip
_OF_TYPES: Final = tuple(dict.fromkeys(key for keys in _ALLOWED.values() for key in keys))


class Example(Strict):
    """A value of a metric that somebody has found in another way."""

    value: float | None = Field(description="The value, to the digits that are right; empty for no value.")
    start: date | None = Field(None, description="First day.")
    end: date | None = Field(None, description="Last day.")
    where: Where = Field(default_factory=dict, description="Dimension → condition.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        need(self.start is None or self.end is None or self.start <= self.end, "end",
              f"the example ends on {self.end}, before it starts")  # fmt: skip
        return self


class Metric(Strict):
    """A number that is asked for by its name."""

    type: MetricType = Field("simple", description="How it is made.")
    title: str = Field("", description="Title for readers; the name by default.")
    description: str = Field("", description="What it says, in a sentence.")
    owner: str | None = Field(None, min_length=1, description="Who answers for it; the file's owner by default.")
    unit: str = Field("", description="What it is counted in: EUR, orders, %.")
    desired: Literal["increase", "decrease"] | None = Field(None, description="Which way is better.")
    measure: str | None = Field(None, min_length=1, description="The measure; the metric's own name by default.")
    where: Where = Field(default_factory=dict, description="Which rows count: dimension → condition.")
    numerator: str | None = Field(None, min_length=1, description="The metric above, of a ratio.")
    denominator: str | None = Field(None, min_length=1, description="The metric below, of a ratio.")
    formula: str | None = Field(None, min_length=1, description="Metrics, numbers and + - * /, of a derived metric.")
    inputs: dict[str, Input] = Field(default_factory=dict, description="Name in the formula → a metric of before.")
    window: str | None = Field(None, min_length=1, description="How far back, or how long after: 28 days.")
    to_date: Grain | None = Field(None, description="The period from whose beginning on is added up: month.")
    entity: str | None = Field(None, min_length=1, description="Who converts: an entity of both measures' models.")
    base: str | None = Field(None, min_length=1, description="The measure whose rows begin, of a conversion.")
    conversion: str | None = Field(None, min_length=1, description="The measure whose rows complete it.")
    examples: list[Example] = Field(default_factory=list, description="Values that it is known to have.")

    @field_validator("formula")
    @classmethod
    def _readable(cls, formula: str | None) -> str | None:
        if formula is not None:
            parse_formula(formula)
        return formula

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        for key in _NEEDED.get(self.type, ()):
            need(getattr(self, key) is not None, "type", f"a {self.type} metric has {_listed(_NEEDED[self.type])}; "
                  f"'{key}' is missing")  # fmt: skip
        for key in _OF_TYPES:
            need(not getattr(self, key) or key in _ALLOWED[self.type], key,
                  f"a {self.type} metric has no {key}; it has {_listed(_ALLOWED[self.type])}")  # fmt: skip
        need(self.window is None or self.to_date is None, "to_date",
              "a cumulative metric has a window or a period to date; leave out one of them")  # fmt: skip
        if self.window is not None:
            try:
                unit, _ = parse_window(self.window)
            except ValueError as error:
                need(False, "window", str(error))
            need(self.type != "conversion" or unit == "day", "window",
                  f"the window of a conversion is '{self.window}'; give it days or weeks")  # fmt: skip
        return self


class MetricModel(Strict):
    """One metric file: ``metrics/NAME.yml``. The file's name, without its ending, is the model's name."""

    description: str = Field("", description="What a row is, in a sentence.")
    owner: str = Field(min_length=1, description="Who answers for its metrics: a name or an e-mail address.")
    connection: str = Field(min_length=1, description="A connection of analytics.toml.")
    table: str | None = Field(None, min_length=1, description="The table or view: orders, or shop.orders.")
    query: str | None = Field(None, min_length=1, description="A SELECT, in place of a table.")
    time: str | None = Field(None, min_length=1, description="The time dimension that its measures are told by.")
    entities: dict[str, Entity] = Field(default_factory=dict, description="What its rows are about, to join by.")
    dimensions: dict[str, Dimension] = Field(default_factory=dict, description="What to group and filter by.")
    measures: dict[str, Measure] = Field(default_factory=dict, description="Rows made into numbers.")
    metrics: dict[str, Metric] = Field(default_factory=dict, description="Numbers that are asked for by name.")
    where: Where = Field(default_factory=dict, description="Which rows its measures count: dimension → condition.")
    rows: dict[str, Rule] = Field(default_factory=dict, description="Audience → which rows it may see.")

    @field_validator("dimensions", "metrics", mode="before")
    @classmethod
    def _empty_ones(cls, given: Any) -> Any:
        """Let a name stand alone: all keys of such a part have defaults."""
        return (
            {name: {} if part is None else part for name, part in given.items()} if isinstance(given, dict) else given
        )

    @field_validator("rows", mode="before")
    @classmethod
    def _all_rows(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        empty = next((name for name, rule in given.items() if rule is None), None)
        if empty is not None:
            raise ValueError(f"the rule for '{empty}' is empty; {{}} lets it see every row")
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        need((self.table is None) != (self.query is None), "query" if self.query else "connection",
              f"the model has {'both a table and a query' if self.table else 'neither a table nor a query'}; "
              "give it one of them")  # fmt: skip
        for key, noun in (("entities", "an entity"), ("dimensions", "a dimension"), ("measures", "a measure"),
                          ("metrics", "a metric")):  # fmt: skip
            try:
                checked_names(getattr(self, key), noun)
            except ValueError as error:
                need(False, key, str(error))
        for name in self.dimensions:
            need(name not in self.metrics, "dimensions",
                  f"'{name}' is a dimension and a metric; give one of them another name")  # fmt: skip
        primary = [name for name, entity in self.entities.items() if entity.type == "primary"]
        need(len(primary) <= 1, "entities", f"the model has {len(primary)} primary entities: {', '.join(primary)}; "
              "each row is one of them")  # fmt: skip
        return self

    @property
    def primary(self) -> str | None:
        """The entity that each row is another one of."""
        return next((name for name, entity in self.entities.items() if entity.type == "primary"), None)


def _listed(keys: tuple[str, ...]) -> str:
    return f"{', '.join(keys[:-1])} and {keys[-1]}" if len(keys) > 1 else keys[0]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a metric file, for editors."""
    schema = MetricModel.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "analytics_lib metric file"}
    return {**schema, **head}
