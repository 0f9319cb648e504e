"""Row rules: which rows of a model an audience may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.conditions import conditions_of

if TYPE_CHECKING:
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.conditions import Condition, Conditions
    from analytics_lib.model.metrics.joins import Placed


@dataclass(frozen=True)
class Audience:
    """Who asks, and what is known of them.

    Parameters
    ----------
    name
        A name under ``rows:`` of the models; empty for those who see every row.
    given
        Values of the caller, by the names that rules call them.
    environment
        Values of the process's environment.
    """

    name: str = ""
    given: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def rule(self, file: Placed) -> Conditions:
        """Return what must hold of a model's rows; models without rules are open to everybody.

        Raises
        ------
        MetricError
            The model has rules and none for this audience, or a value that the rule needs is not known.
        """
        rules = file.model.rows
        if not self.name or not rules:
            return ()
        if self.name not in rules:
            raise MetricError(
                f"audience '{self.name}' may not see model '{file.name}'", where=file.where("rows"),
                hint=f"give it a rule there; {{}} lets it see every row, and {nearest(self.name, rules)}",
            )  # fmt: skip
        return tuple((name, self._filled(each, file, name)) for name, each in conditions_of(rules[self.name]))

    def _filled(self, condition: Condition, file: Placed, dimension: str) -> Condition:
        if not condition.source:
            return condition
        where = file.where("rows", self.name, dimension)
        known: Mapping[str, object] = self.environment if condition.source == "env" else self.given
        if condition.name not in known:
            if condition.source == "env":
                raise MetricError(f"environment variable {condition.name} is not set", where=where,
                                  hint=f"set it: export {condition.name}=…")  # fmt: skip
            raise MetricError(
                f"the rule for '{self.name}' needs the caller's '{condition.name}'", where=where,
                hint=f'metrics(audience="{self.name}", values={{"{condition.name}": …}})',
            )  # fmt: skip
        value = known[condition.name]
        try:
            if isinstance(value, (Mapping, tuple)) or value is None:
                raise ValueError(f"is {value!r}; give it a value or a list")  # noqa: TRY301 - one sentence for both
            return condition.filled(value)
        except ValueError as error:
            raise MetricError(f"the caller's '{condition.name}' {error}", where=where) from None


def require_audience(catalogue: Catalogue, name: str) -> None:
    """Refuse an audience that no model knows.

    Raises
    ------
    MetricError
        There is none of that name.
    """
    known = sorted({audience for file in catalogue.models.values() for audience in file.model.rows})
    if name and name not in known:
        hint = nearest(name, known) if known else "write one under `rows:` of a metric file"
        raise MetricError(f"no model has a rule for the audience '{name}'", hint=hint)
