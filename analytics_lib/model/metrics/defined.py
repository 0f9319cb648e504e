"""Metrics and measures with the files that they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from analytics_lib.model.metrics.formulas import names_in, parse_formula
from analytics_lib.model.metrics.offsets import NONE, offset_of

if TYPE_CHECKING:
    from analytics_lib.model.metrics.files import Metric
    from analytics_lib.model.metrics.joins import Placed
    from analytics_lib.model.metrics.offsets import Offset
    from analytics_lib.model.metrics.parts import Measure


@dataclass(frozen=True)
class Defined:
    """A metric, and the file that it stands in.

    Parameters
    ----------
    name, metric
        The metric.
    file
        Its model.
    """

    name: str
    metric: Metric
    file: Placed

    @property
    def title(self) -> str:
        """Its title for readers."""
        return self.metric.title or self.name.replace("_", " ").capitalize()

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return self.metric.owner or self.file.model.owner

    @cached_property
    def parts(self) -> list[str]:
        """The metrics that it is made of; none of those made of measures."""
        return list(dict.fromkeys(name for name, _ in self.inputs))

    @cached_property
    def inputs(self) -> list[tuple[str, Offset]]:
        """The same, each with how far back it lies; one may be there several times."""
        if self.metric.type == "ratio":
            return [(name, NONE) for name in (self.metric.numerator, self.metric.denominator) if name]
        names = names_in(parse_formula(self.metric.formula)) if self.metric.formula else []
        return [self.input(name) for name in names]

    def input(self, name: str) -> tuple[str, Offset]:
        """Return the metric that a name of its formula stands for, and how far back."""
        given = self.metric.inputs.get(name)
        return (name, NONE) if given is None else (given.metric, offset_of(given.offset_window))

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of one of its keys."""
        return self.file.where("metrics", self.name, *keys)


@dataclass(frozen=True)
class Measured:
    """A measure, and the model whose rows it is made of."""

    name: str
    measure: Measure
    file: Placed

    @property
    def time(self) -> str | None:
        """The time dimension that it is told by."""
        return self.measure.time or self.file.model.time
