"""What the names in an experiment's file mean in the metric model, and whether they mean one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import ExperimentError, nearest
from analytics_lib.model.experiment import ROLES, TAKEN
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.keys import entities_of, entity_of_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analytics_lib.model.experiment import Experiment
    from analytics_lib.model.metrics.catalogue import Catalogue

    Where = Callable[..., str]


def require_one_meaning(experiment: Experiment, catalogue: Catalogue, where: Where) -> None:
    """Refuse metrics that are unknown, and those that a list may mean in two ways."""
    for key in ROLES if experiment.exposures is not None else ():
        for at, name in enumerate(getattr(experiment, key)):
            if experiment.metrics[name].kind is not None and name in catalogue.metrics:
                raise ExperimentError(
                    f"'{name}' is a metric of this file and of the metric model ({catalogue.metrics[name].where()})",
                    where=where(key, at), hint="give the one of this file another name, or leave out its definition",
                )  # fmt: skip
    own = [name for name, metric in experiment.metrics.items() if metric.kind is not None]
    for name, asked in experiment.modelled.items():
        if asked not in catalogue.metrics:
            known = [*catalogue.metrics, *own]
            hint = nearest(asked, known) if known else "write one: metrics/NAME.yml"
            raise ExperimentError(
                f"there is no metric '{asked}', neither in this file nor in the metric model",
                where=where("metrics", name), hint=hint,
            )  # fmt: skip


def require_audience(experiment: Experiment, catalogue: Catalogue, where: Where) -> None:
    """Refuse an audience that no model knows, and one whose rules wait for values of a caller."""
    if experiment.audience is None:
        return
    rules = [file.model.rows for file in catalogue.models.values()]
    if all(experiment.audience not in each for each in rules):
        known = sorted({name for each in rules for name in each})
        raise ExperimentError(
            f"no model has a rule for the audience '{experiment.audience}'", where=where("audience"),
            hint=nearest(experiment.audience, known) if known else "write one under `rows:` of a metric file",
        )  # fmt: skip
    for rule in rules:
        for _, condition in conditions_of(rule.get(experiment.audience, {})):
            if condition.source == "caller":
                raise ExperimentError(
                    f"the rule for '{experiment.audience}' needs the caller's '{condition.name}', who is nobody here",
                    where=where("audience"), hint="name an audience whose rule holds values",
                )  # fmt: skip


def entity_of(experiment: Experiment, catalogue: Catalogue, where: Where) -> str:
    """Return what the unit is in the metric model: what the exposures say, else what their column is the key of."""
    exposures = experiment.exposures
    if exposures is None:
        raise AssertionError(experiment)
    known = entities_of(catalogue.models)
    if exposures.entity is not None:
        if exposures.entity not in known:
            raise ExperimentError(
                f"the metric model has no entity '{exposures.entity}'", where=where("exposures", "entity"),
                hint=nearest(exposures.entity, known) if known else "give a model entities",
            )  # fmt: skip
        return exposures.entity
    found = entity_of_column(catalogue.models, exposures.unit)
    if len(found) != 1:
        said = f"is the key of {' and '.join(found)}" if found else "is no entity's key"
        raise ExperimentError(
            f"what the unit is in the metric model is not told: there the column '{exposures.unit}' {said}",
            where=where("exposures", "unit"),
            hint=f"say which it is, under exposures: entity: {(found or known or ['customer'])[0]}",
        )
    return found[0]


def require_free(experiment: Experiment, columns: Iterable[str], read: Iterable[str], where: Where) -> None:
    """Refuse a column that would have two meanings, and metrics that are read by the name of a unit's own column."""
    taken = next((name for name in read if name in TAKEN), None)
    if taken is not None:
        raise ExperimentError(
            f"the column '{taken}' is the unit's, and a metric of the metric model is called so",
            where=where("metrics", taken), hint="give the metric another name",
        )  # fmt: skip
    facts = {name: at for at, facts in enumerate(experiment.facts) for name in facts.columns}
    kept: dict[str, list[str | None]] = {
        "segments": [*experiment.segments], "cluster": [experiment.cluster], "strata": [experiment.strata],
    }  # fmt: skip
    for name in columns:
        place = where("metrics", name)
        if name in facts:
            place = where("facts", facts[name], "columns", name)
        elif name in experiment.kept:
            place = where(next(key for key, names in kept.items() if name in names))
        if name in facts or name in experiment.kept:
            what = "made of facts" if name in facts else "kept of exposures"
            raise ExperimentError(
                f"the column '{name}' is {what}, and a metric of the metric model is called so", where=place,
                hint="give the column another name" if name in facts else "give the metric another name",
            )  # fmt: skip
