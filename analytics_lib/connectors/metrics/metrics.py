"""What a notebook holds: `query`, `compare`, `search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import AnalyticsError, MetricError, nearest
from analytics_lib.model.metrics.audiences import Audience, require_audience
from analytics_lib.model.metrics.plan import make_plan
from analytics_lib.model.metrics.requests import MetricRequest, make_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from sqlalchemy import Dialect, Select

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.connectors.metrics.answers import MetricFrame
    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.defined import Defined
    from analytics_lib.model.metrics.plan import Plan

_KEPT: Final = 256
"""Statements that are kept ready."""
EARLIER: Final = ("previous_period", "previous_year")


class Metrics:
    """The metric model, ready to be asked.

    Made by `analytics_lib.metrics`. Nothing is asked of a database before a method is called.

    Parameters
    ----------
    catalogue
        The model.
    connect
        Opens a connection by its name.
    audience
        Who asks.

    Examples
    --------
    >>> metrics = al.metrics()  # doctest: +SKIP
    >>> metrics.query(["revenue"], by=["month"], start="2026-01-01")  # doctest: +SKIP
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

    def __repr__(self) -> str:
        return f"<metrics: {', '.join(sorted(self._catalogue.metrics)) or 'none'}>"

    def __len__(self) -> int:
        return len(self._catalogue.metrics)

    def query(
        self,
        metrics: str | Sequence[str],
        by: str | Sequence[str] = (),
        *,
        where: Mapping[str, Any] | None = None,
        start: object = None,
        end: object = None,
    ) -> MetricFrame:
        """Return metrics by dimensions and periods, from one statement, which the frame shows as ``.sql``.

        Parameters
        ----------
        metrics
            Their names.
        by
            Dimensions, as ``channel``, ``customer.region`` or ``ordered_at.month``, and at most one of day, week,
            month, quarter, year: periods without rows are there, sums and counts of them zero.
        where
            Dimension → a value, a list, a tuple ``(low, high)``, ``{"from": …, "to": …}`` or ``{"not": …}``.
        start, end
            First and last day.

        Returns
        -------
        MetricFrame
            A row a group: columns as in `by`, then one a metric. Counts are whole numbers, other metrics floats.

        Raises
        ------
        MetricError
            A metric, dimension, period or value is none, or cannot be had.
        QueryError
            The database refuses the statement.

        Examples
        --------
        >>> metrics.query(["revenue"], by=["month", "channel"], where={"channel": ["web", "app"]})  # doctest: +SKIP
        """
        from analytics_lib.connectors.metrics.answers import typed, with_sql

        plan, statement = self._prepared(make_request(metrics, by, where, start, end))
        frame = typed(self._run(plan, statement), plan)
        return with_sql(frame, lambda: self._shown(plan, statement))

    def sql(
        self,
        metrics: str | Sequence[str],
        by: str | Sequence[str] = (),
        *,
        where: Mapping[str, Any] | None = None,
        start: object = None,
        end: object = None,
        dialect: str | None = None,
    ) -> str:
        """Return the statement that `query` would run, its values written out; see there for parameters and errors.

        Parameters
        ----------
        dialect
            ``"spark"`` for text to be given to ``spark.sql``; no database is asked then. By default the connection's.
        """
        request = make_request(metrics, by, where, start, end)
        if dialect is None:
            return self._shown(*self._prepared(request))
        from analytics_lib.connectors.metrics.dialects import dialect_named, text_of
        from analytics_lib.connectors.metrics.statement import statement

        plan = make_plan(self._catalogue, request)
        language = dialect_named(dialect)
        return text_of(statement(self._scope(plan, language.name, {}), plan), language)

    def compare(
        self,
        metrics: str | Sequence[str],
        by: str | Sequence[str] = (),
        *,
        start: object,
        end: object,
        to: str = "previous_period",
        where: Mapping[str, Any] | None = None,
    ) -> MetricFrame:
        """Return metrics beside those of an earlier time, from one statement.

        Parameters
        ----------
        metrics, by, where
            As of `query`; periods are compared in their order, the first with the first.
        start, end
            First and last day.
        to
            ``"previous_period"``, as many days just before, or months where whole months are asked for;
            ``"previous_year"``, the same days a year earlier.

        Returns
        -------
        MetricFrame
            A row a group. Of each metric: itself, ``_before``, ``_change``, the difference, and ``_growth``, the
            difference as a share of what was before.

        Raises
        ------
        MetricError
            As of `query`; a day is missing, or `to` is none.
        """
        from analytics_lib.connectors.metrics.answers import with_sql
        from analytics_lib.connectors.metrics.comparison import compared, earlier, together

        if to not in EARLIER:
            raise MetricError(f"to is {to!r}", hint=nearest(str(to), EARLIER))
        if start is None or end is None:
            raise MetricError(
                f"the {'start' if start is None else 'end'} is missing", hint="a comparison needs both days"
            )
        request = make_request(metrics, by, where, start, end)
        plan, before = (make_plan(self._catalogue, each) for each in (request, earlier(request, to)))
        scopes = [self._scope(each, *self._surroundings(each)) for each in (plan, before)]
        both = together(scopes, (plan, before))
        frame = compared(self._run(plan, both), plan, before)
        return with_sql(frame, lambda: self._shown(plan, both))

    def search(self, text: str = "") -> pd.DataFrame:
        """Return the metrics that all words of `text` occur in, with what they mean.

        Returns
        -------
        DataFrame
            Columns metric, title, type, unit, desired, description, owner and model.
        """
        import pandas as pd

        columns = ["metric", "title", "type", "unit", "desired", "description", "owner", "model"]
        return pd.DataFrame([facts_of(each) for each in self._catalogue.search(text)], columns=columns)

    def dimensions(self, metrics: str | Sequence[str]) -> list[str]:
        """Return the dimensions that all of some metrics can be told by, besides periods.

        Raises
        ------
        MetricError
            A metric is unknown.
        """
        from analytics_lib.model.metrics.joins import names_from

        parts = self._catalogue.made_of(make_request(metrics).metrics)
        every = [names_from(self._catalogue.models, self._catalogue.start(each).file.name) for each in parts]
        return [name for name in every[0] if all(name in names for names in every)]

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

        clock = clock_of(dialect, plan.request.start, plan.request.end)
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


def facts_of(defined: Defined) -> dict[str, str | None]:
    """Return what a list says of a metric."""
    metric = defined.metric
    said = {"title": defined.title, "type": metric.type, "unit": metric.unit, "desired": metric.desired}
    more = {"description": metric.description, "owner": defined.owner, "model": defined.file.name}
    return {"metric": defined.name, **said, **more}
