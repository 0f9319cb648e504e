"""What has to be read to answer a question: which measures of which models, and how metrics are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.composition import column_of, formula_of, looks_back, parts_of
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.formulas import Call, Name, Number
from analytics_lib.model.metrics.joins import Field, require_grain
from analytics_lib.model.metrics.offsets import NONE, Offset, require_offset
from analytics_lib.model.metrics.periods import parse_window, shift

if TYPE_CHECKING:
    from datetime import date

    from analytics_lib.model.metrics.audiences import Audience
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.conditions import Condition, Conditions
    from analytics_lib.model.metrics.defined import Defined, Measured
    from analytics_lib.model.metrics.formulas import Formula
    from analytics_lib.model.metrics.requests import MetricRequest

Filter = tuple[Field, "Condition"]

ADDED: Final = frozenset({"sum", "count", "count_distinct"})
"""Of no rows these are zero; of the others there is none."""
COUNTED: Final = frozenset({"count", "count_distinct"})


@dataclass(frozen=True)
class Leaf:
    """A measure that is read for a metric.

    Parameters
    ----------
    defined
        The metric.
    measured
        The measure: of a conversion the one that begins.
    by
        The dimensions asked for, as seen from the measure's model.
    where
        Which rows count: conditions of the model, and those of the question.
    filters
        Which of these this metric counts: conditions of the measure and of the metric.
    then, then_filters
        The measure that completes a conversion, and which of its rows do.
    offset
        How long before the time that is asked for.
    """

    defined: Defined
    measured: Measured
    by: tuple[Field, ...]
    where: tuple[Filter, ...]
    filters: tuple[Filter, ...]
    then: Measured | None = None
    then_filters: tuple[Filter, ...] = ()
    offset: Offset = NONE

    @property
    def label(self) -> str:
        """The column of its number; a conversion has two."""
        return column_of(self.defined.name, self.offset)

    @property
    def q(self) -> float | None:
        """Which percentile it is; None for what is no percentile."""
        measure = self.measured.measure
        return 0.5 if measure.aggregate == "median" else measure.q

    @property
    def fills(self) -> bool:
        """Whether it is zero where there are no rows."""
        return self.then is None and self.measured.measure.aggregate in ADDED

    @property
    def counts(self) -> bool:
        """Whether it is a whole number."""
        return self.then is None and self.measured.measure.aggregate in COUNTED


@dataclass(frozen=True)
class Plan:
    """How a question is answered.

    Parameters
    ----------
    request
        The question.
    leaves
        What is read.
    formulas
        Metric → how it is made of leaves; `Name` is a leaf's label.
    connection
        The connection that all models have in common.
    """

    request: MetricRequest
    leaves: tuple[Leaf, ...]
    formulas: dict[str, Formula]
    connection: str

    @property
    def reaches(self) -> date | None:
        """The first day that rows may be of, those of windows and of what lies before among them; None for any day."""
        days = [self.request.start]
        for leaf in self.leaves:
            first, _ = leaf.offset.back(self.request.start, None)
            window = leaf.defined.metric.window if leaf.defined.metric.type == "cumulative" else None
            if window is not None and first is not None:
                unit, count = parse_window(window)
                first = shift(first, unit, -count)
            days.append(first)
        return None if None in days else min(day for day in days if day is not None)

    @property
    def counts(self) -> frozenset[str]:
        """The metrics that are whole numbers."""
        whole = {leaf.label for leaf in self.leaves if leaf.counts}
        return frozenset(
            name for name, formula in self.formulas.items() if isinstance(formula, Name) and formula.name in whole
        )


def make_plan(catalogue: Catalogue, request: MetricRequest) -> Plan:
    """Return how a question is answered.

    Raises
    ------
    MetricError
        A metric or dimension is unknown or out of reach, a period cannot be told, or models lie in several databases.
    """
    both = next((name for name in request.by if name in request.metrics), None)
    if both is not None:
        raise MetricError(f"'{both}' is asked for as a metric and as a dimension", hint="ask for one after the other")
    for name in request.metrics:
        for offset in looks_back(catalogue, name):
            require_offset(offset, request, name)
    leaves = tuple(
        _leaf(catalogue, defined, offset, request) for defined, offset in parts_of(catalogue, request.metrics)
    )
    connections: dict[str, str] = {}
    for leaf in leaves:
        for model in _models(leaf):
            connections.setdefault(catalogue.models[model].model.connection, leaf.defined.name)
    if len(connections) > 1:
        (first, one), (second, other) = list(connections.items())[:2]
        more = f"metric '{other}' reads '{second}'" if one != other else f"also '{second}'"
        raise MetricError(
            f"metric '{one}' reads connection '{first}', and {more}: one statement asks one database",
            hint="ask for them one after the other",
        )
    formulas = {name: formula_of(catalogue, name) for name in request.metrics}
    return Plan(request, leaves, formulas, next(iter(connections)))


def models_of(plan: Plan, catalogue: Catalogue, audience: Audience) -> list[str]:
    """Return all models whose rows are read, those that row rules ask among them."""
    waiting = [model for leaf in plan.leaves for model in _models(leaf)]
    found: dict[str, None] = {}
    while waiting:
        model = waiting.pop()
        if model not in found:
            found[model] = None
            rule = rule_of(catalogue, audience, model)
            waiting += [hop.target for field, _ in rule for hop in field.hops]
    return list(found)


def empty_value(plan: Plan, name: str) -> float | None:
    """Return what a metric is where no rows are: sums and counts are zero, and what is made of them follows."""
    fills = {leaf.label for leaf in plan.leaves if leaf.fills}

    def value(formula: Formula) -> float | None:
        if isinstance(formula, Number):
            return formula.value
        if isinstance(formula, Name):
            return 0.0 if formula.name in fills else None
        if isinstance(formula, Call):
            found = [value(each) for each in formula.arguments]
            if formula.function == "coalesce":
                return next((each for each in found if each is not None), None)
            return None if found[0] is None else abs(found[0])
        left, right = value(formula.left), value(formula.right)
        if left is None or right is None or (formula.operator == "/" and not right):
            return None
        return {"+": left + right, "-": left - right, "*": left * right}.get(formula.operator, left / (right or 1.0))

    return value(plan.formulas[name])


def _models(leaf: Leaf) -> list[str]:
    fields = [*leaf.by, *(field for field, _ in (*leaf.where, *leaf.filters, *leaf.then_filters))]
    joined = [hop.target for field in fields for hop in field.hops]
    return [leaf.measured.file.name, *([leaf.then.file.name] if leaf.then else []), *joined]


def _leaf(catalogue: Catalogue, defined: Defined, offset: Offset, request: MetricRequest) -> Leaf:
    measured = catalogue.start(defined)
    whose = f"metric '{defined.name}'"
    _require_time(measured, request, whose)
    start = measured.file.name
    by = tuple(catalogue.field(start, name, whose=whose) for name in request.dimensions)
    asked = _filters(catalogue, measured, request.where, whose)
    always = _filters(catalogue, measured, conditions_of(measured.file.model.where), whose)
    kept = (measured.measure.where, defined.metric.where)
    own = tuple(each for where in kept for each in _filters(catalogue, measured, conditions_of(where), whose))
    if defined.metric.type != "conversion":
        return Leaf(defined, measured, by, (*always, *asked), own, offset=offset)
    then = catalogue.measure(str(defined.metric.conversion), defined.file, defined.where("conversion"))
    given = (then.file.model.where, then.measure.where)
    later = tuple(each for where in given for each in _filters(catalogue, then, conditions_of(where), whose))
    return Leaf(defined, measured, by, (*always, *asked), own, then, later, offset)


def _filters(catalogue: Catalogue, start: Measured, given: Conditions, whose: str) -> tuple[Filter, ...]:
    found = []
    for name, condition in given:
        field = catalogue.field(start.file.name, name, whose=whose)
        if condition.source:
            raise MetricError(
                f"the condition on '{name}' takes its value from {condition.source}",
                hint="only rules under `rows:` do; give it the value itself",
            )
        found.append((field, condition))
    return tuple(found)


def rule_of(catalogue: Catalogue, audience: Audience, model: str) -> tuple[Filter, ...]:
    """Return which rows of a model an audience may see."""
    file = catalogue.models[model]
    return tuple(
        (catalogue.field(model, name, whose=f"model '{model}'"), condition) for name, condition in audience.rule(file)
    )


def _require_time(measured: Measured, request: MetricRequest, whose: str) -> None:
    needs = request.grain is not None or request.start is not None or request.end is not None
    if measured.time is None:
        if needs:
            asked = f"told by {request.grain}" if request.grain else "asked of a range of days"
            raise MetricError(
                f"{whose} cannot be {asked}: model '{measured.file.name}' names no time",
                where=measured.file.where(),
                hint="name a time dimension under `time`",
            )
        return
    if request.grain is not None:
        require_grain(request.grain, measured.file.model.dimensions[measured.time], whose)
