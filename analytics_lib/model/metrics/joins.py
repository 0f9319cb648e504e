"""Ways from one model to another: over entities, and only to models where each is one row, so that no row doubles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.periods import GRAINS, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.model.metrics.files import MetricModel
    from analytics_lib.model.metrics.parts import Dimension

_FARTHEST: Final = 4


class Placed(Protocol):
    """A model, and where its keys stand."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def model(self) -> MetricModel:
        """What the file says."""

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key."""


@dataclass(frozen=True)
class Hop:
    """One join: from an entity of a model to the model whose rows are that entity.

    Parameters
    ----------
    role
        The entity's name where the join begins.
    target
        The model that is joined.
    entity
        The target's primary entity.
    """

    role: str
    target: str
    entity: str


@dataclass(frozen=True)
class Field:
    """A dimension, and the way to it.

    Parameters
    ----------
    hops
        The joins from the model where the way begins; none for its own dimension.
    model
        The model that the dimension is of.
    name, dimension
        What it is called there, and what it is.
    grain
        The period that a time is cut to; None where its values stay.
    """

    hops: tuple[Hop, ...]
    model: str
    name: str
    dimension: Dimension
    grain: str | None = None

    @property
    def label(self) -> str:
        """A column's name for it, unique within the model where the way begins."""
        return "__".join([*(hop.role for hop in self.hops), self.name])

    @property
    def path(self) -> str:
        """The name that says the whole way: ``customer.region``."""
        return ".".join([*(hop.role for hop in self.hops), self.name])


def find_field(models: Mapping[str, Placed], start: str, asked: str, *, whose: str, where: str | None = None) -> Field:
    """Return the dimension that `asked` names, as seen from the model `start`.

    Parameters
    ----------
    models
        All models by name.
    start
        The model whose rows are told.
    asked
        ``channel``, ``customer.region``, ``ordered_at.month``.
    whose
        What asks, for errors: ``metric 'revenue'``.
    where
        Where it asks.

    Raises
    ------
    MetricError
        There is none, no way leads there, several do, or the way would count rows twice.
    """
    parts = asked.split(".")
    grain = parts.pop() if len(parts) > 1 and parts[-1] in GRAINS else None
    *roles, name = parts
    found = [each for each in fields_from(models, start) if each.name == name and _fits(each, roles, models[start])]
    own, exact = ([each for each in found if not each.hops], [each for each in found if each.path == ".".join(parts)])
    found = own or exact or found
    if len(found) > 1:
        raise _ambiguous(found, asked, _told_of(whose, start), where)
    if not found:
        raise _unreachable(models, start, asked, parts, whose=whose, where=where)
    return _cut(found[0], grain, asked, where)


def fields_from(models: Mapping[str, Placed], start: str) -> Iterator[Field]:
    """Yield every dimension that rows of `start` have one value of: its own first, then those of models joined."""
    for hops, name in ways_from(models, start):
        for key, dimension in models[name].model.dimensions.items():
            yield Field(hops, name, key, dimension)


def names_from(models: Mapping[str, Placed], start: str) -> list[str]:
    """Return how every dimension that rows of `start` have one value of is asked for: its name, or the way to it."""
    every = list(fields_from(models, start))
    own = {each.name for each in every if not each.hops}
    names = [each.name for each in every]
    return [
        each.name if not each.hops or (each.name not in own and names.count(each.name) == 1) else each.path
        for each in every
    ]


def ways_from(models: Mapping[str, Placed], start: str) -> Iterator[tuple[tuple[Hop, ...], str]]:
    """Yield the ways to all models whose rows each row of `start` has at most one of, the shortest first."""
    front: list[tuple[tuple[Hop, ...], str]] = [((), start)]
    while front:
        yield from front
        front = [
            ((*hops, hop), hop.target)
            for hops, name in front
            if len(hops) < _FARTHEST
            for hop in _hops(models, name)
            if not (hops and hop.role == models[name].model.primary)  # those lie one join nearer as well
            if hop.target != start and hop.target not in {each.target for each in hops}
        ]


def _hops(models: Mapping[str, Placed], name: str) -> Iterator[Hop]:
    for role, entity in models[name].model.entities.items():
        for target, placed in models.items():
            if target != name and placed.model.primary == (entity.of or role):
                yield Hop(role, target, placed.model.primary)


def _fits(field: Field, roles: list[str], start: Placed) -> bool:
    if not field.hops:
        return roles in ([], [start.model.primary], [start.name])
    own = [hop.role for hop in field.hops]
    return not roles or own[-len(roles) :] == roles


def _cut(field: Field, grain: str | None, asked: str, where: str | None) -> Field:
    if grain is None:
        return field
    if field.dimension.type != "time":
        raise MetricError(
            f"'{asked}' asks for periods of a dimension that is no time", where=where, hint=f"ask for '{field.path}'"
        )
    require_grain(grain, field.dimension, f"the dimension '{field.path}'", where)
    return Field(field.hops, field.model, field.name, field.dimension, grain)


def require_grain(grain: str, dimension: Dimension, what: str, where: str | None = None) -> None:
    """Refuse a period that is finer than what is kept, or that what is kept does not make up.

    Raises
    ------
    MetricError
        It is one.
    """
    if not within(grain, dimension.finest):
        known = [str(each) for each in GRAINS if within(each, dimension.finest)]
        raise MetricError(
            f"{what} is kept by {dimension.finest} and cannot be told by {grain}",
            where=where,
            hint=f"ask for {_either(known)}",
        )


def _unreachable(
    models: Mapping[str, Placed], start: str, asked: str, parts: list[str], *, whose: str, where: str | None
) -> MetricError:
    """Return why no way leads to a dimension."""
    *roles, name = parts
    holders = [each for each, placed in models.items() if name in placed.model.dimensions and each != start]
    above = [each for each in models if each != start and start in {target for _, target in ways_from(models, each)}]
    between = [
        each
        for each in above
        if any(one.name == name and _fits(one, roles, models[each]) for one in fields_from(models, each))
    ]
    fanning = [*(each for each in holders if each in above), *between]
    if fanning:
        return MetricError(
            f"{whose} cannot be told by '{asked}': model '{fanning[0]}' has many rows for each row of model '{start}', "
            "which would then be counted more than once",
            where=where,
            hint=f"ask for a metric of '{fanning[0]}', or for another dimension",
        )
    reachable = list(fields_from(models, start))
    if holders and "." not in asked:
        key = models[holders[0]].model.primary
        return MetricError(
            f"no join leads from {_told_of(whose, start)} to the dimension '{asked}' (model '{holders[0]}')",
            where=where,
            hint=f"give '{start}' a foreign entity that is the primary one of '{holders[0]}'"
            if key
            else f"'{holders[0]}' has no primary entity to be joined by: ask for a metric of it",
        )
    known = {each.name for each in reachable} | {each.path for each in reachable}
    return MetricError(f"{whose} has no dimension '{asked}'", where=where, hint=nearest(asked, known | set(GRAINS)))


def _ambiguous(found: list[Field], asked: str, whose: str, where: str | None) -> MetricError:
    """Return which ways there are; two of the same name end at models that are about the same."""
    ways = list(dict.fromkeys(f"'{each.path}'" for each in found))
    twins = [each for each in found if each.path == found[0].path]
    if len(ways) > 1:
        message, hint = (
            f"{len(ways)} ways lead from {whose} to the dimension '{asked}'",
            f"say which one: {_either(ways)}",
        )
    else:
        models = " and ".join(f"'{each.model}'" for each in twins)
        message = f"models {models} have the same primary entity, and both have the dimension '{twins[0].name}'"
        hint = "rename it in one of them"
    return MetricError(message, where=where, hint=hint)


def _told_of(whose: str, start: str) -> str:
    return whose if whose == f"model '{start}'" else f"{whose} (model '{start}')"


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
