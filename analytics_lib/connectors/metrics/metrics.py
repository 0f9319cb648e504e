"""What a notebook holds: `query`, `compare`, `search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.metrics.asking import Asking
from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.plan import make_plan
from analytics_lib.model.metrics.requests import make_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from sqlalchemy import Select

    from analytics_lib.connectors.metrics.answers import MetricFrame
    from analytics_lib.connectors.metrics.checking import MetricCheck
    from analytics_lib.model.metrics.defined import Defined
    from analytics_lib.model.metrics.plan import Plan

EARLIER: Final = ("previous_period", "previous_year")


class Metrics(Asking):
    """The metric model, ready to be asked.

    Made by `analytics_lib.metrics`. Nothing is asked of a database before a method is called.

    Examples
    --------
    >>> metrics = al.metrics()  # doctest: +SKIP
    >>> metrics.query(["revenue"], by=["month"], start="2026-01-01")  # doctest: +SKIP
    """

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
        from analytics_lib.connectors.metrics.comparison import compared

        plan, before, both = self._comparison(metrics, by, where, (start, end), to)
        frame = compared(self._run(plan, both), plan, before)
        return with_sql(frame, lambda: self._shown(plan, both))

    def _comparison(
        self,
        metrics: str | Sequence[str],
        by: str | Sequence[str],
        where: Mapping[str, Any] | None,
        days: tuple[object, object],
        to: str,
    ) -> tuple[Plan, Plan, Select[Any]]:
        """Return both plans of a comparison, and the one statement for them; see `compare`."""
        from analytics_lib.connectors.metrics.comparison import earlier, together

        start, end = days
        if to not in EARLIER:
            raise MetricError(f"to is {to!r}", hint=nearest(str(to), EARLIER))
        if start is None or end is None:
            raise MetricError(
                f"the {'start' if start is None else 'end'} is missing", hint="a comparison needs both days"
            )
        request = make_request(metrics, by, where, start, end)
        taken = {f"{name}{after}" for name in request.metrics for after in ("_before", "_change", "_growth")}
        twice = next((name for name in (*request.metrics, *request.by) if name in taken), None)
        if twice is not None:
            raise MetricError(f"'{twice}' is a column of the comparison as well", hint="compare it by itself")
        plan, before = (make_plan(self._catalogue, each) for each in (request, earlier(request, to)))
        scopes = [self._scope(each, *self._surroundings(each)) for each in (plan, before)]
        return plan, before, together(scopes, (plan, before))

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

    def check(self, metrics: Sequence[str] = ()) -> list[MetricCheck]:
        """Return what comes of some metrics, by default all: each runs, and agrees with its examples.

        Raises
        ------
        MetricError
            A metric is unknown.
        """
        from analytics_lib.connectors.metrics.checking import check_metrics

        return check_metrics(self, self._catalogue, metrics)


def facts_of(defined: Defined) -> dict[str, str | None]:
    """Return what a list says of a metric."""
    metric = defined.metric
    said = {"title": defined.title, "type": metric.type, "unit": metric.unit, "desired": metric.desired}
    more = {"description": metric.description, "owner": defined.owner, "model": defined.file.name}
    return {"metric": defined.name, **said, **more}
