"""A question on its way to a database: the statement for it, what the columns hold, the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import AnalyticsError
from analytics_lib.model.metrics.audiences import Audience, require_audience
from analytics_lib.model.metrics.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from sqlalchemy import Dialect, Select

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.plan import Plan
    from analytics_lib.model.metrics.requests import MetricRequest

_KEPT: Final = 256
"""Statements that are kept ready."""


class Asking:
    """What asks: it knows the model, who asks, and the databases.

    Parameters
    ----------
    catalogue
        The model.
    connect
        Opens a connection by its name.
    audience
        Who asks.

    Raises
    ------
    MetricError
        No model knows the audience.
    """

    def __init__(
        self, catalogue: Catalogue, connect: Callable[[str], Connection], audience: Audience | None = None
    ) -> None:
        self._catalogue = catalogue
        self._connect = connect
        self._audience = audience or Audience()
        require_audience(catalogue, self._audience.name)
        self._connections: dict[str, Connection] = {}
        self._kinds: dict[str, dict[str, str]] = {}
        self._dialects: dict[str, Dialect] = {}
        self._ready: dict[str, tuple[Plan, Select[Any]]] = {}

    def close(self) -> None:
        """Close the connections that were opened."""
        for connection in self._connections.values():
            connection.close()

    def connection(self, name: str) -> Connection:
        """Return a connection, opened once."""
        if name not in self._connections:
            self._connections[name] = self._connect(name)
        return self._connections[name]

    def kinds(self, model: str) -> dict[str, str]:
        """Return what a model's columns hold, asked of the database once.

        Raises
        ------
        MetricError
            The table, or a column that the file names, is not there, or a measure has no numbers.
        """
        if model not in self._kinds:
            from analytics_lib.connectors.metrics.columns import columns_of

            file = self._catalogue.models[model]
            name = file.model.connection
            self._kinds[model], self._dialects[name] = columns_of(self._opened(name, file.where("connection")), file)
        return self._kinds[model]

    def count_keys(self, model: str, entity: str) -> tuple[int, int]:
        """Return how many rows of a model have an entity, and how many different ones there are."""
        from analytics_lib.connectors.metrics.columns import count_keys

        self.kinds(model)
        file = self._catalogue.models[model]
        return count_keys(self.connection(file.model.connection), file, entity)

    def _opened(self, name: str, where: str) -> Connection:
        try:
            return self.connection(name)
        except AnalyticsError as error:
            error.where = error.where or where
            raise

    def _prepared(self, request: MetricRequest) -> tuple[Plan, Select[Any]]:
        """Return the statement for a question, the one of before where it was asked before."""
        key = repr(request)
        if key not in self._ready:
            from analytics_lib.connectors.metrics.statement import statement

            plan = make_plan(self._catalogue, request)
            if len(self._ready) >= _KEPT:
                del self._ready[next(iter(self._ready))]
            self._ready[key] = plan, statement(self._scope(plan, *self._surroundings(plan)), plan)
        return self._ready[key]

    def _surroundings(self, plan: Plan) -> tuple[str, dict[str, dict[str, str]]]:
        """Return the dialect, and what the columns of the models hold."""
        kinds = {model: self.kinds(model) for model in self._models(plan)}
        return self._dialects[plan.connection].name, kinds

    def _models(self, plan: Plan) -> list[str]:
        from analytics_lib.model.metrics.plan import models_of

        return models_of(plan, self._catalogue, self._audience)

    def _scope(self, plan: Plan, dialect: str, kinds: Mapping[str, Mapping[str, str]]) -> Scope:
        from analytics_lib.connectors.metrics.clocks import clock_of
        from analytics_lib.connectors.metrics.rows import Scope

        clock = clock_of(dialect, plan.reaches, plan.request.end)
        return Scope(self._catalogue, self._audience, dialect, clock, kinds)

    def _run(self, plan: Plan, statement: Any) -> pd.DataFrame:
        """Run a statement; what it reads is told as people would have written it."""
        from analytics_lib.connectors.metrics.columns import said

        reads = " union all ".join(said(self._catalogue.models[model]) for model in self._models(plan))
        frame: pd.DataFrame = self.connection(plan.connection).run(statement, reads, {})
        return frame

    def _shown(self, plan: Plan, statement: Any) -> str:
        from analytics_lib.connectors.metrics.dialects import text_of

        return text_of(statement, self._dialects[plan.connection])
