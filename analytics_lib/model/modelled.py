"""Metrics of the metric model that an experiment names: what they are there, and what is read of each unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import ExperimentError, InputError, MetricError, together
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.experiment_parts import ExperimentMetric
from analytics_lib.model.metrics.excerpts import Taking, catalogue_of
from analytics_lib.model.metrics.formulas import Name, names_in
from analytics_lib.model.metrics.keys import find_key, role_of
from analytics_lib.model.metrics.plan import make_plan
from analytics_lib.model.metrics.requests import MetricRequest
from analytics_lib.model.metrics.unitwise import BASE, BEFORE, CONVERTED, require_own_time, tell_by_unit
from analytics_lib.model.modelled_checks import entity_of, require_free, require_one_meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.formulas import Formula
    from analytics_lib.model.metrics.plan import Leaf
    from analytics_lib.model.metrics.unitwise import Unitwise

    Where = Callable[..., str]

MODEL: Final = "metric_model"
"""The key of a stored definition that holds the part of the metric model that the experiment was planned by."""


@dataclass(frozen=True)
class ModelledMetrics:
    """What is read of each unit by the metric model.

    Parameters
    ----------
    catalogue, audience
        The metric model, and whose row rules hold.
    metrics, entity
        The names, there, of what the experiment names, and of the unit.
    leaves
        What is read; the only field of each one's `by` is the unit's key.
    columns
        Column of a unit → how it is made of leaves.
    before
        Those of them that are told of rows before the first exposure as well, their names followed by `BEFORE`.
    window, lookback
        Days from the first exposure on whose rows count, None for all until the end; days before it.
    """

    catalogue: Catalogue
    audience: str
    metrics: tuple[str, ...]
    entity: str
    leaves: tuple[Leaf, ...]
    columns: Mapping[str, Formula]
    before: tuple[str, ...]
    window: int | None
    lookback: int | None

    @cached_property
    def taken(self) -> Taking:
        """What of the metric model decides the numbers."""
        return Taking(self.catalogue, self.metrics, self.leaves, self.audience)


def resolve(experiment: Experiment, catalogue: Catalogue, where: Where) -> tuple[Experiment, ModelledMetrics | None]:
    """Return the experiment with all metrics as columns of a row a unit, and what is read by the metric model for that.

    Parameters
    ----------
    experiment
        As its file says it.
    catalogue
        The metric model.
    where
        Returns ``file:line`` of keys.

    Raises
    ------
    ExperimentError, MetricError
        A metric is unknown, named in two places, cannot be told of single units, or is not joined to the unit.
    """
    require_one_meaning(experiment, catalogue, where)
    if not experiment.modelled or experiment.exposures is None:
        return experiment, None
    entity = entity_of(experiment, catalogue, where)
    metrics: dict[str, ExperimentMetric] = dict(experiment.metrics)
    leaves: dict[str, Leaf] = {}
    columns: dict[str, Formula] = {}
    problems: list[InputError] = []
    for name, asked in experiment.modelled.items():
        place = where("metrics", name)
        try:
            told, own = _told(experiment, catalogue, name, asked, entity=entity, where=place)
            _join(leaves, own, place)
            made = _columns(asked, catalogue, told)
            metrics[name] = _inline(experiment, catalogue, name, made, told, where=place)
            columns |= made
        except InputError as problem:
            problems.append(problem)
    wrong = together(problems)
    if wrong is not None:
        raise wrong
    require_free(experiment, columns, leaves, where)
    before = () if experiment.lookback is None else (name for name, made in columns.items() if not _converts(made))
    found = ModelledMetrics(
        catalogue, experiment.audience or "", tuple(experiment.modelled.values()), entity, tuple(leaves.values()),
        columns, tuple(before), experiment.window, experiment.lookback,
    )  # fmt: skip
    return experiment.model_copy(update={"metrics": metrics}), found


def _join(leaves: dict[str, Leaf], more: Mapping[str, Leaf], where: str) -> None:
    """Add leaves to those of other metrics; one that both are made of is read once, and so has one way to its unit."""
    for label, leaf in more.items():
        if leaves.setdefault(label, leaf) != leaf:
            ways = " and ".join(role_of(each.by[0]) for each in (leaves[label], leaf))
            raise ExperimentError(
                f"'{label}' is joined by two ways, {ways}", where=where, hint="name the same `entity` for both"
            )


def as_written(definition: Mapping[str, Any]) -> Experiment:
    """Return an experiment that was registered as its file said it."""
    return Experiment.model_validate({key: value for key, value in definition.items() if key != MODEL})


def read_definition(definition: Mapping[str, Any], shown: str) -> tuple[Experiment, ModelledMetrics | None]:
    """Return an experiment as it was registered, and what is read by the metric model of that day.

    Parameters
    ----------
    definition
        The file's keys and, under `MODEL`, what was kept of the metric model.
    shown
        Whose it is, for errors.
    """
    experiment = as_written(definition)
    if not experiment.modelled:
        return experiment, None
    return resolve(experiment, catalogue_of(definition.get(MODEL, {}), shown), lambda *_: shown)


def _told(
    experiment: Experiment, catalogue: Catalogue, name: str, asked: str, *, entity: str, where: str
) -> tuple[Unitwise, dict[str, Leaf]]:
    """Return how a metric is told of single units, and what is read for it."""
    try:
        require_own_time(catalogue, asked)
        plan = make_plan(catalogue, MetricRequest((asked,)))
        way = experiment.metrics[name].entity
        leaves = {leaf.label: _keyed(catalogue, leaf, entity, way) for leaf in plan.leaves}
        told = tell_by_unit(asked, plan.formulas[asked], leaves)
        for leaf in leaves.values():
            _require_moments(leaf)
    except MetricError as error:
        error.where = where
        raise
    if plan.connection != experiment.connection:
        raise ExperimentError(
            f"metric '{asked}' reads connection '{plan.connection}', and the exposures are in "
            f"'{experiment.connection}': one statement asks one database", where=where,
            hint="load what is missing into one of them",
        )  # fmt: skip
    return told, leaves


def _keyed(catalogue: Catalogue, leaf: Leaf, entity: str, way: str | None) -> Leaf:
    """Return a leaf with the key of its unit as the only field of its `by`."""
    whose, start = f"metric '{leaf.label}'", leaf.measured.file
    if leaf.then is not None:
        way = str(leaf.defined.metric.entity)
        meant = start.model.entities[way].of or way
        if meant != entity:
            raise MetricError(
                f"{whose} says which '{meant}' converts, and the unit is '{entity}'",
                hint="take a conversion of the same entity",
            )
    return replace(leaf, by=(find_key(catalogue.models, start.name, entity, whose=whose, way=way),))


def _require_moments(leaf: Leaf) -> None:
    """Refuse rows of which it is not known whether they came before the first exposure."""
    measured = leaf.measured
    said = f"metric '{leaf.label}' cannot be joined from the first exposure on: model '{measured.file.name}'"
    if measured.time is None:
        raise MetricError(f"{said} names no time", hint=f"name a time dimension under `time` of {measured.file.name}")
    finest = measured.file.model.dimensions[measured.time].finest
    if finest != "day":
        raise MetricError(f"{said} is kept by {finest}", hint="a measure of days or times can be joined")


def _columns(asked: str, catalogue: Catalogue, told: Unitwise) -> dict[str, Formula]:
    """Return the columns of a unit that a metric is made of: called as it, or as numerator and denominator are."""
    if told.below is None:
        return {asked: told.above}
    metric = catalogue.metric(asked).metric
    names = (f"{asked}__above", f"{asked}__below")
    if metric.type == "ratio":
        parts = [str(metric.numerator), str(metric.denominator)]
        if [told.above, told.below] == [Name(part) for part in parts]:
            names = (parts[0], parts[1])
    return dict(zip(names, (told.above, told.below), strict=True))


def _inline(
    experiment: Experiment, catalogue: Catalogue, name: str, made: Mapping[str, Formula], told: Unitwise, *, where: str
) -> ExperimentMetric:
    """Return the metric as the columns' one, with what the metric model says of it."""
    given = experiment.metrics[name]
    defined = catalogue.metric(given.metric or name)
    metric = defined.metric
    said = "desired" in given.model_fields_set
    if said and metric.desired not in {None, given.desired}:
        raise ExperimentError(
            f"metric '{name}' is to {given.desired} here, and to {metric.desired} in the metric model "
            f"({defined.where('desired')})", where=where, hint="leave it out here",
        )  # fmt: skip
    if not said and metric.desired is None and given.role != "secondary":
        raise ExperimentError(
            f"neither the metric model nor this file says which way is better for '{name}'", where=where,
            hint=f"desired: increase, or decrease, at {defined.where()} or here",
        )  # fmt: skip
    columns = list(made)
    before = [f"{each}{BEFORE}" for each in columns]
    with_covariate = experiment.lookback is not None and not any(_converts(each) for each in made.values())
    keys: dict[str, Any] = {"kind": "proportion" if told.is_share else "mean", "column": columns[0]}
    if told.below is not None:
        keys = {"kind": "ratio", "numerator": columns[0], "denominator": columns[1]}
    # Both sums of a ratio, and not their quotient: nobody need have had a denominator before.
    keys |= {"covariate": before if len(before) > 1 else before[0]} if with_covariate else {}
    return ExperimentMetric.model_validate({
        **keys, "role": given.role, "margin": given.margin, "relative": given.relative,
        "desired": metric.desired or given.desired, "unit": metric.unit, "description": metric.description,
    })  # fmt: skip


def _converts(formula: Formula) -> bool:
    return any(name.endswith((BASE, CONVERTED)) for name in names_in(formula))
