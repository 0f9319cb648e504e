"""Whether metric files fit together; each complaint with the file and line where it can be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.composition import looks_back, parts_of
from analytics_lib.model.metrics.formulas import names_in, parse_formula

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.defined import Defined, Measured
    from analytics_lib.model.metrics.joins import Placed


def check_catalogue(catalogue: Catalogue) -> None:
    """Refuse metric files that do not fit together.

    Raises
    ------
    MetricError
        Something is named that is not there, a metric that needs a time has none, or metrics lead in a circle.
    """
    for file in catalogue.models.values():
        _check_model(catalogue, file)
    for audience in sorted({name for file in catalogue.models.values() for name in file.model.rows}):
        for file in catalogue.models.values():
            _check_rules(catalogue, file, audience, [file.name])
    for defined in catalogue.metrics.values():
        _check_metric(catalogue, defined)
    done: set[str] = set()
    for defined in catalogue.metrics.values():
        _check_circle(catalogue, defined, [defined.name], done)
    for defined in catalogue.metrics.values():
        _check_offsets(catalogue, defined)
        _check_examples(catalogue, defined)


def _check_model(catalogue: Catalogue, file: Placed) -> None:
    model, whose = file.model, f"model '{file.name}'"
    _check_time(file, model.time, "time")
    _check_where(catalogue, file, model.where, whose, file.where("where"))
    for audience, rule in model.rows.items():
        _check_where(catalogue, file, rule, whose, file.where("rows", audience))
    for name, measure in model.measures.items():
        _check_time(file, measure.time, "measures", name, "time")
        _check_where(catalogue, file, measure.where, f"measure '{name}'", file.where("measures", name, "where"))


def _check_rules(catalogue: Catalogue, file: Placed, audience: str, seen: list[str]) -> None:
    """Refuse rules that need each other: which rows of one are seen would depend on which of the other are."""
    for name in file.model.rows.get(audience, {}):
        where = file.where("rows", audience, name)
        field = catalogue.field(file.name, name, whose=f"model '{file.name}'", where=where)
        for hop in field.hops:
            if hop.target in seen:
                circle = " → ".join([*seen[seen.index(hop.target) :], hop.target])
                raise MetricError(f"the rules for '{audience}' lead in a circle: {circle}", where=where,
                                  hint="let one of them name a dimension of its own model")  # fmt: skip
            _check_rules(catalogue, catalogue.models[hop.target], audience, [*seen, hop.target])


def _check_time(file: Placed, name: str | None, *keys: str) -> None:
    times = [each for each, dimension in file.model.dimensions.items() if dimension.type == "time"]
    if name is not None and name not in times:
        raise MetricError(
            f"model '{file.name}' has no time dimension '{name}'",
            where=file.where(*keys),
            hint=nearest(name, times) if times else "give it a dimension of type: time",
        )


def _check_where(catalogue: Catalogue, start: Placed, given: Iterable[str], whose: str, where: str) -> None:
    for name in given:
        field = catalogue.field(start.name, name, whose=whose, where=where)
        if field.grain is not None:
            raise MetricError(
                f"the condition on '{name}' is on a period", where=where,
                hint=f"give '{field.path}' a range: {{from: …, to: …}}",
            )  # fmt: skip


def _check_metric(catalogue: Catalogue, defined: Defined) -> None:
    metric = defined.metric
    for key in ("numerator", "denominator"):
        if getattr(metric, key) is not None:
            catalogue.metric(getattr(metric, key), where=defined.where(key))
    if metric.formula is not None:
        names = names_in(parse_formula(metric.formula))
        if not names:
            raise MetricError("the formula names no metric", where=defined.where("formula"),
                              hint="(revenue - cost) / orders is an example")  # fmt: skip
        _check_inputs(catalogue, defined, names)
        for name in names:
            if name not in metric.inputs:
                catalogue.metric(name, where=defined.where("formula"))
    if metric.type in {"simple", "cumulative"}:
        measured = catalogue.measure_of(defined)
        _check_where(catalogue, measured.file, metric.where, f"metric '{defined.name}'", defined.where("where"))
        if metric.type == "cumulative" and measured.time is None:
            raise _timeless(defined, measured, defined.where("measure"))
    if metric.type == "conversion":
        _check_conversion(catalogue, defined)


def _check_inputs(catalogue: Catalogue, defined: Defined, names: list[str]) -> None:
    for name, given in defined.metric.inputs.items():
        where = defined.where("inputs", name)
        catalogue.metric(given.metric, where=defined.where("inputs", name, "metric"))
        if name in catalogue.metrics:
            raise MetricError(f"the input '{name}' is also a metric", where=where,
                              hint=f"give it another name: {name}_before")  # fmt: skip
        if name not in names:
            raise MetricError(f"the formula does not name the input '{name}'", where=where,
                              hint=f"it is {defined.metric.formula}")  # fmt: skip


def _check_offsets(catalogue: Catalogue, defined: Defined) -> None:
    for part, offset in parts_of(catalogue, [defined.name]):
        start = catalogue.start(part)
        if offset and start.time is None:
            raise _timeless(part, start, defined.where("formula" if defined.metric.formula else "numerator"))


def _check_conversion(catalogue: Catalogue, defined: Defined) -> None:
    metric = defined.metric
    for key in ("base", "conversion"):
        measured = catalogue.measure(str(getattr(metric, key)), defined.file, defined.where(key))
        if metric.entity not in measured.file.model.entities:
            raise MetricError(
                f"model '{measured.file.name}' of measure '{measured.name}' has no entity '{metric.entity}'",
                where=defined.where("entity"),
                hint=nearest(str(metric.entity), measured.file.model.entities),
            )
        if measured.time is None:
            raise _timeless(defined, measured, defined.where(key))
        if measured.file.model.dimensions[measured.time].finest != "day":
            raise MetricError(
                f"measure '{measured.name}' is kept by {measured.file.model.dimensions[measured.time].finest}, "
                "which does not tell what came first",
                where=defined.where(key),
                hint="a conversion needs days or times",
            )


def _check_circle(catalogue: Catalogue, defined: Defined, seen: list[str], done: set[str]) -> None:
    for name in defined.parts:
        if name in seen:
            circle = " → ".join([*seen[seen.index(name) :], name])
            raise MetricError(
                f"metrics lead in a circle: {circle}",
                where=defined.where("formula" if defined.metric.formula else "numerator"),
                hint="make one of them of measures",
            )
        if name not in done:
            _check_circle(catalogue, catalogue.metric(name), [*seen, name], done)
    done.add(defined.name)


def _check_examples(catalogue: Catalogue, defined: Defined) -> None:
    for number, example in enumerate(defined.metric.examples):
        where = defined.where("examples", number)
        if (example.start is None or example.end is None) and looks_back(catalogue, defined.name):
            raise MetricError(f"metric '{defined.name}' looks back, and its example names no days", where=where,
                              hint="give it start and end")  # fmt: skip
        for part in catalogue.made_of([defined.name]):
            start = catalogue.start(part)
            _check_where(catalogue, start.file, example.where, f"metric '{part.name}'", where)
            if start.time is None and (example.start or example.end):
                raise _timeless(part, start, where)


def _timeless(defined: Defined, measured: Measured, where: str) -> MetricError:
    return MetricError(
        f"metric '{defined.name}' needs a time, and measure '{measured.name}' of model '{measured.file.name}' has none",
        where=where,
        hint=f"name a time dimension under `time` of {measured.file.name}",
    )
