"""Which rows of a model are about which unit: the way from a model to an entity that each of its rows has one of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.joins import Field, ways_from
from analytics_lib.model.metrics.parts import Dimension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.metrics.joins import Placed


_PLAIN: Final = Dimension.model_validate({})


def key_label(name: str) -> str:
    """Return the column's name of an entity, which no dimension has."""
    return f"{name}__key"


def role_of(key: Field) -> str:
    """Return the way to an entity as a person writes it: ``order.customer``."""
    return key.path.removesuffix(key_label(""))


def find_key(models: Mapping[str, Placed], start: str, entity: str, *, whose: str, way: str | None = None) -> Field:
    """Return the column that says which `entity` a row of the model `start` is about, and the joins that lead to it.

    A row has at most one: joins lead only to models where each row is another one.

    Parameters
    ----------
    models
        All models by name.
    start
        The model whose rows are told.
    entity
        What the unit is: ``customer``.
    whose
        What asks, for errors: ``metric 'revenue'``.
    way
        Which way, where several lead there: ``payer``, ``order.customer``.

    Raises
    ------
    MetricError
        No way leads there, or several do.
    """
    every = [
        Field(hops, name, key_label(role), _PLAIN)
        for hops, name in ways_from(models, start)
        for role, part in models[name].model.entities.items()
        if (part.of or role) == entity
        if not (hops and role == models[name].model.primary)  # that one stands where the join begins
    ]
    if not every:
        raise MetricError(
            f"{whose} cannot be joined to the unit: rows of model '{start}' are about no '{entity}'",
            hint=f"give '{start}' an entity '{entity}', or one of a model that has it",
        )
    if way is not None:
        found = [key for key in every if role_of(key) == way]
    else:
        exact = [key for key in every if role_of(key).rpartition(".")[2] == entity]
        own = [key for key in every if not key.hops]
        found = [key for key in exact if not key.hops] or own or exact or every
    if len(found) == 1:
        return found[0]
    ways = [role_of(key) for key in found or every]
    if way is not None:
        raise MetricError(f"no way '{way}' leads from {whose} (model '{start}') to '{entity}'", hint=nearest(way, ways))
    raise MetricError(
        f"{len(found)} ways lead from {whose} (model '{start}') to the unit, '{entity}'",
        hint=f"say which one: entity: {' or '.join(ways)}",
    )


def entities_of(models: Mapping[str, Placed]) -> list[str]:
    """Return what rows of all models are about, each once; parts that an entity takes stand for the entity."""
    every = (part.of or role for file in models.values() for role, part in file.model.entities.items())
    return list(dict.fromkeys(every))


def entity_of_column(models: Mapping[str, Placed], column: str) -> list[str]:
    """Return the entities that a column is the key of, by its name: of entities' columns, or their own names."""
    return list(dict.fromkeys(
        part.of or role
        for file in models.values()
        for role, part in file.model.entities.items()
        if part.expression is None and column in {part.column or role, role}
    ))  # fmt: skip
