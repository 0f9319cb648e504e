"""The metric model as notebooks hold it: what it answers, and a widget to look around in it."""

from __future__ import annotations

import threading
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from analytics_lib.connectors.metrics import Metrics
from analytics_lib.exploring.view import View, make_view, read_query
from analytics_lib.model.metrics.plan import make_plan
from analytics_lib.model.metrics.requests import make_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Dialect, Select

    from analytics_lib.connectors.metrics.answers import MetricFrame
    from analytics_lib.exploring.explorer import Explorer
    from analytics_lib.model.metrics.plan import Plan

SECONDS = 60.0
"""How long a statement of the widget may take."""


@dataclass(frozen=True)
class Statement:
    """A statement and the values that are sent apart from it.

    Parameters
    ----------
    text
        The statement; ``:name`` stands for a value.
    values
        Name → value.
    """

    text: str
    values: Mapping[str, Any]


def with_names(dialect: Dialect) -> Dialect:
    """Return a dialect that writes ``:name`` for a value, and else what the database's own version understands."""
    named: Any = copy(dialect)
    named.paramstyle, named.positional = "named", False
    named.identifier_preparer = named.preparer(named)  # it asks the dialect once whether % is to be doubled
    return cast("Dialect", named)


class ExplorableMetrics(Metrics):
    """The metric model, ready to be asked and to be looked around in; made by `analytics_lib.metrics`."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._turn = threading.Lock()

    def explore(
        self,
        metrics: str | Sequence[str] | View = (),
        by: str | Sequence[str] = (),
        *,
        where: Mapping[str, Any] | str | None = None,
        start: object = None,
        end: object = None,
        **shown: Any,
    ) -> Explorer:
        """Return a widget: pick metrics, dimensions, filters, days and a chart; see chart, table and statement.

        Parameters
        ----------
        metrics
            Their names, or a `View`; or the address of a view in the playground, which is then opened.
        by, where, start, end
            What is chosen at first, as of `query`; `where` may be JSON text.
        **shown
            ``compare``, one of none, previous_period and previous_year; ``chart``, one of auto, line, bar and none;
            ``order``, a column, ``-`` in front for the highest first;
            ``limit``, rows of the table, 100 by default.

        Returns
        -------
        Explorer
            Its ``view`` and ``frame`` are what is chosen, and what was answered last.

        Raises
        ------
        MetricError
            A condition, day or other value is none. A name that the model does not know is a sentence in the widget.

        Examples
        --------
        >>> metrics.explore(["revenue"], by=["month"])  # doctest: +SKIP
        >>> metrics.explore("http://127.0.0.1:8866/app/metrics?metrics=revenue&by=month")  # doctest: +SKIP
        """
        from analytics_lib.exploring.explorer import Explorer

        if isinstance(metrics, View):
            return Explorer(self, metrics)
        if isinstance(metrics, str) and "?" in metrics:
            return Explorer(self, read_query(metrics))
        return Explorer(self, make_view(metrics, by, where, (start, end), **shown))

    def answer(self, view: View, can_stop: Callable[[Callable[[], None]], None] | None = None) -> MetricFrame:
        """Return what a view asks for, in groups as they come; one question is asked after the other.

        Parameters
        ----------
        view
            What is asked for.
        can_stop
            Told how to end the statement from another thread.

        Raises
        ------
        MetricError
            The model knows no such metric, dimension or value, or cannot tell the one by the other.
        QueryError
            The database refuses the statement, or takes longer than `SECONDS`.
        """
        request = make_request(view.metrics, view.by, view.where, view.start, view.end)
        connection = self.connection(make_plan(self._catalogue, request).connection)
        with self._turn, connection.time_limit(SECONDS) as deadline:
            if can_stop is not None:
                can_stop(deadline.cancel)
            if view.compare == "none":
                return self.query(view.metrics, view.by, where=view.where, start=view.start, end=view.end)
            return self.compare(
                view.metrics, view.by, where=view.where, start=view.start, end=view.end, to=view.compare
            )

    def statement(self, view: View) -> Statement:
        """Return the statement that answers a view, and its values apart; see `answer` for errors."""
        request = make_request(view.metrics, view.by, view.where, view.start, view.end)
        plan: Plan
        statement: Select[Any]
        with self._turn:
            if view.compare == "none":
                plan, statement = self._prepared(request)
            else:
                days = view.start, view.end
                plan, _, statement = self._comparison(view.metrics, view.by, view.where, days, view.compare)
        dialect = with_names(self._dialects[plan.connection])
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return Statement(str(compiled), dict(compiled.params))

    def times(self, metrics: Sequence[str]) -> set[str]:
        """Return those of the metrics' dimensions that are times: they are told by periods, not by their values.

        Raises
        ------
        MetricError
            A metric is unknown.
        """
        start = self._catalogue.start(self._catalogue.made_of(metrics)[0]).file.name
        fields = {name: self._catalogue.field(start, name, whose="a view") for name in self.dimensions(metrics)}
        return {name for name, field in fields.items() if field.dimension.type == "time"}
