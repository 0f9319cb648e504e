"""The part of the metric model that some metrics are made of, as plain values: kept with what was decided by it.

Whoever registers an experiment agrees to definitions as they are on that day. What is kept is what decides a number:
tables, columns, conditions, joins; not titles, examples, or what else the same files hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.model.metrics.catalogue import Catalogue
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.files import MetricModel
from analytics_lib.model.metrics.keys import key_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analytics_lib.model.metrics.joins import Field
    from analytics_lib.model.metrics.plan import Leaf

Excerpt = dict[str, dict[str, Any]]
"""Model → its keys, as in a metric file."""
_SAID: Final = frozenset({"title", "description", "owner"})
"""Keys that decide no number."""
_PARTS: Final = ("entities", "dimensions", "measures", "metrics", "rows")
_MODEL: Final = ("owner", "connection", "table", "query")


@dataclass(frozen=True)
class Kept:
    """A model as it was kept: a `Placed` without a file."""

    name: str
    model: MetricModel
    shown: str

    def where(self, *keys: str | int) -> str:
        """Return who kept it, and the key."""
        return f"{self.shown}, {'.'.join(str(each) for each in (self.name, *keys))}"


@dataclass
class _Named:
    """The names of one model's parts that something is made of."""

    entities: dict[str, None] = field(default_factory=dict)
    dimensions: dict[str, None] = field(default_factory=dict)
    measures: dict[str, None] = field(default_factory=dict)
    metrics: dict[str, None] = field(default_factory=dict)
    rows: dict[str, None] = field(default_factory=dict)


def catalogue_of(excerpt: Mapping[str, Any], shown: str) -> Catalogue:
    """Return the metric model that was kept.

    Parameters
    ----------
    excerpt
        As of `Taking`.
    shown
        Who kept it, for errors: ``experiment 'checkout' as registered``.
    """
    return Catalogue(Kept(name, MetricModel.model_validate(content), shown) for name, content in excerpt.items())


def changes_between(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the keys that were added, changed or are gone, those that decide no number left out.

    Examples
    --------
    >>> changes_between({"orders": {"table": "sold"}}, {"orders": {"table": "sales", "owner": "ann"}})
    ['orders.table']
    """
    return list(_changed(before, now, ()))


def _changed(before: Any, now: Any, path: tuple[str, ...]) -> Iterator[str]:
    if not (isinstance(before, dict) and isinstance(now, dict)) or "where" in path[-1:]:
        if before != now:
            yield ".".join(path)
        return
    for name in dict.fromkeys((*before, *now)):
        if not (name in _SAID and len(path) != 2):  # noqa: PLR2004 - a part may be called so: orders.metrics.title
            yield from _changed(before.get(name), now.get(name), (*path, name))


class Taking:
    """What some metrics are made of.

    Parameters
    ----------
    catalogue
        The metric model.
    metrics
        Their names.
    leaves
        What is read for them; the fields of their `by` are keys or dimensions.
    audience
        Whose row rules hold.
    """

    def __init__(self, catalogue: Catalogue, metrics: Iterable[str], leaves: Sequence[Leaf], audience: str) -> None:
        self._catalogue = catalogue
        self._audience = audience
        self._models: dict[str, _Named] = {}
        self.joined: dict[str, str] = {}
        """Model that is joined to others → its primary entity, which is to be unique."""
        for name in metrics:
            self._metric(name)
        for leaf in leaves:
            self._leaf(leaf)
        self._meant = self._meanings()

    @property
    def models(self) -> list[str]:
        """The models that are read."""
        return list(self._models)

    @property
    def excerpt(self) -> Excerpt:
        """What is kept: of each model the parts that the metrics are made of, as keys of its file."""
        models = self._catalogue.models
        return {name: _said(models[name].model, parts) for name, parts in (self._models | self._meant).items()}

    def _meanings(self) -> dict[str, _Named]:
        """Return the models that are not read, and say what an entity of others is: a payer is a customer."""
        models = self._catalogue.models
        every = [
            models[name].model.entities[role].of for name, parts in self._models.items() for role in parts.entities
        ]
        found: dict[str, _Named] = {}
        for entity in filter(None, every):
            holder = next((name for name, file in models.items() if file.model.primary == entity), None)
            if holder is None:  # units of experiments alone
                continue
            named = self._models.get(holder) or found.setdefault(holder, _Named())
            named.entities[entity] = None
        return found

    def _metric(self, name: str) -> None:
        defined = self._catalogue.metric(name)
        self._model(defined.file.name).metrics[name] = None
        for part in defined.parts:
            self._metric(part)

    def _leaf(self, leaf: Leaf) -> None:
        for measured in (leaf.measured, leaf.then):
            if measured is not None:
                named = self._model(measured.file.name)
                named.measures[measured.name] = None
                if measured.time is not None:
                    named.dimensions[measured.time] = None
                if leaf.defined.metric.entity is not None:
                    named.entities[leaf.defined.metric.entity] = None
        for way in (*leaf.by, *(each for each, _ in (*leaf.where, *leaf.filters))):
            self._way(leaf.measured.file.name, way)
        for way, _ in leaf.then_filters:
            self._way(leaf.then.file.name, way)  # type: ignore[union-attr] # none without a second measure

    def _way(self, start: str, way: Field) -> None:
        at = start
        for hop in way.hops:
            self._model(at).entities[hop.role] = None
            at = hop.target
            self._model(at).entities[hop.entity] = None
            self.joined[at] = hop.entity
        named = self._model(way.model)
        role = way.name.removesuffix(key_label(""))
        (named.entities if role != way.name else named.dimensions)[role] = None

    def _model(self, name: str) -> _Named:
        if name not in self._models:
            self._models[name] = _Named()
            model = self._catalogue.models[name].model
            given = [model.where, *([model.rows[self._audience]] if self._audience in model.rows else [])]
            if self._audience in model.rows:
                self._models[name].rows[self._audience] = None
            for conditions in given:
                for asked, _ in conditions_of(conditions):
                    self._way(name, self._catalogue.field(name, asked, whose=f"model '{name}'"))
        return self._models[name]


def _said(model: MetricModel, named: _Named) -> dict[str, Any]:
    """Return the keys of a model that are kept, as its file says them."""
    every = model.model_dump(exclude_unset=True)
    found: dict[str, Any] = {key: every[key] for key in _MODEL if key in every}
    if model.time in named.dimensions:
        found["time"] = model.time
    if model.where:
        found["where"] = model.where
    for key in _PARTS:
        kept = {name: every[key][name] for name in every.get(key, {}) if name in getattr(named, key)}
        if kept:
            found[key] = {
                name: {own: value for own, value in part.items() if own != "examples"} for name, part in kept.items()
            }
    plain: dict[str, Any] = _plain(found)
    return plain


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a time as it would be sent to a database."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value
