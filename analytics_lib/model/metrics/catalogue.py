"""All metric files together: what is named is there, names are not given twice, nothing leads in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.checks import check_catalogue
from analytics_lib.model.metrics.defined import Defined, Measured
from analytics_lib.model.metrics.joins import Field, find_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics_lib.model.metrics.joins import Placed


class Catalogue:
    """The metric model: all its files.

    Parameters
    ----------
    files
        The files, as `analytics_lib.workspace.metrics` reads them.

    Raises
    ------
    MetricError
        They do not fit together.
    """

    def __init__(self, files: Iterable[Placed]) -> None:
        self.models = {each.name: each for each in files}
        self.metrics: dict[str, Defined] = {}
        for file in self.models.values():
            for name, metric in file.model.metrics.items():
                twin = next((each for each in self.metrics if each.lower() == name.lower()), None)
                if twin is not None:
                    raise MetricError(
                        f"metric '{name}' is defined twice: also at {self.metrics[twin].where()}",
                        where=file.where("metrics", name),
                        hint="rename or remove one of them",
                    )
                self.metrics[name] = Defined(name, metric, file)
        check_catalogue(self)

    def metric(self, name: str, *, where: str | None = None) -> Defined:
        """Return the metric called `name`.

        Raises
        ------
        MetricError
            There is none.
        """
        if name not in self.metrics:
            hint = nearest(name, self.metrics) if self.metrics else "write one: metrics/NAME.yml"
            raise MetricError(f"there is no metric '{name}'", where=where, hint=self._of_measure(name) or hint)
        return self.metrics[name]

    def _of_measure(self, name: str) -> str:
        """Return what to do about a measure that is taken for a metric; nothing where there is none of that name."""
        holder = next((each.name for each in self.models.values() if name in each.model.measures), None)
        if holder is None:
            return ""
        plain = (each for each in self.metrics.values() if each.metric.type == "simple" and not each.metric.where)
        made = next((each.name for each in plain if each.metric.measure in {name, f"{holder}.{name}"}), None)
        way = f"its metric is '{made}'" if made else f"make a metric of it: `{name}: {{}}` under `metrics`"
        return f"it is a measure of '{holder}'; {way}"

    def measure(self, name: str, file: Placed, where: str) -> Measured:
        """Return a measure of `file` by its name, or of another model by ``model.measure``.

        Raises
        ------
        MetricError
            There is none.
        """
        model, _, own = name.rpartition(".")
        if model and model not in self.models:
            raise MetricError(f"there is no model '{model}'", where=where, hint=nearest(model, self.models))
        placed = self.models[model] if model else file
        if own not in placed.model.measures:
            hint = nearest(own, placed.model.measures)
            raise MetricError(f"model '{placed.name}' has no measure '{own}'", where=where, hint=hint)
        return Measured(own, placed.model.measures[own], placed)

    def measure_of(self, defined: Defined) -> Measured:
        """Return the measure of a simple or cumulative metric."""
        metric = defined.metric
        return self.measure(metric.measure or defined.name, defined.file, defined.where("measure"))

    def field(self, start: str, asked: str, *, whose: str, where: str | None = None) -> Field:
        """Return a dimension by its name, as seen from a model; see `find_field`."""
        return find_field(self.models, start, asked, whose=whose, where=where)

    def search(self, text: str) -> list[Defined]:
        """Return the metrics that all words of `text` occur in: name, title, description, unit, owner, model.

        Those whose name holds the text come first, then by name.
        """
        words = text.lower().split()

        def said(each: Defined) -> str:
            parts = (each.name, each.title, each.metric.description, each.metric.unit, each.owner, each.file.name)
            return " ".join(parts).lower()

        found = [each for each in self.metrics.values() if all(word in said(each) for word in words)]
        return sorted(found, key=lambda each: (text.lower().strip() not in each.name.lower(), each.name))

    def made_of(self, names: Sequence[str]) -> list[Defined]:
        """Return the metrics made of measures that `names` are made of, each once."""
        found: dict[str, Defined] = {}
        waiting = list(names)
        while waiting:
            defined = self.metric(waiting.pop(0))
            if defined.name not in found:
                found[defined.name] = defined
                waiting = [*defined.parts, *waiting]
        return [each for each in found.values() if not each.parts]

    def start(self, defined: Defined) -> Measured:
        """Return the measure whose rows a metric is grouped by: its own, or the one that a conversion begins with."""
        if defined.metric.type == "conversion":
            return self.measure(str(defined.metric.base), defined.file, defined.where("base"))
        return self.measure_of(defined)
