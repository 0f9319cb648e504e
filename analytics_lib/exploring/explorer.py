"""The widget: controls, what they choose, and what the database answers, in a thread beside the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from analytics_lib.errors import AnalyticsError
from analytics_lib.exploring.answers import Answer, Output, find_answer, outputs_of, shown_metrics, statement_outputs
from analytics_lib.exploring.controls import Picker, day, dropdown, row
from analytics_lib.exploring.filters import Filters
from analytics_lib.exploring.turns import Turns
from analytics_lib.exploring.view import CHARTS, COMPARED, View, to_query
from analytics_lib.exploring.wording import as_whole, column_names, dimension_name, sentence
from analytics_lib.model.metrics.periods import GRAINS

if TYPE_CHECKING:
    import pandas as pd

    from analytics_lib.exploring.metrics import ExplorableMetrics

MOST_VALUES: Final = 500
"""Values of a dimension that are offered to filter by: those of which the metric is highest."""
_FIRST_YEAR: Final = 1000
"""A year below is one that is still being typed."""
_CHART_NAMES: Final = dict(zip(CHARTS, ("Automatic", "Lines", "Bars", "No chart"), strict=True))
_COMPARED_NAMES: Final = dict(zip(COMPARED, ("Nothing", "Previous period", "Previous year"), strict=True))
_LIMITS: Final = (10, 25, 100, 500, 1000)
_BUSY: Final = "asking"


class Explorer:
    """Controls for a view of the metric model, and what it shows; made by `ExplorableMetrics.explore`.

    Parameters
    ----------
    metrics
        The metric model.
    view
        What is chosen at first; it is asked for before the widget is shown.
    """

    def __init__(self, metrics: ExplorableMetrics, view: View) -> None:
        self._metrics = metrics
        self._shown = shown_metrics(metrics)
        self._answer = Answer(view)
        self._still = True
        self._asking: Turns[View] = Turns(self._ask)
        self._looking: Turns[str] = Turns(self._look)
        self._make_controls(view)
        self._status = widgets.HTML()
        self._result, self._statement = widgets.Output(), widgets.Output()
        self._box = widgets.VBox(self._children())
        self._box.add_class("explorer")
        self._fit(view)
        self._still = False
        answer = find_answer(metrics, view)
        self._present(answer, outputs_of(answer))

    @property
    def view(self) -> View:
        """What was answered last, or could not be."""
        return self._answer.view

    @property
    def frame(self) -> pd.DataFrame | None:
        """The rows that were answered last; None where there is no answer."""
        return self._answer.frame

    @property
    def address(self) -> str:
        """The query string that opens this view in the playground."""
        return to_query(self.view)

    def __repr__(self) -> str:
        return f"<explorer: {self.address or 'nothing chosen'}>"

    def _repr_mimebundle_(self, **given: Any) -> dict[str, Any]:
        return {**self._box._repr_mimebundle_(**given), "text/plain": repr(self)}

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what is chosen was answered; return whether that came about within so many seconds."""
        return self._looking.join(seconds) and self._asking.join(seconds)

    def _make_controls(self, view: View) -> None:
        grains = [("None", ""), *((grain.capitalize(), str(grain)) for grain in GRAINS)]
        self._picked = Picker("metric", self._names_changed)
        self._told = Picker("dimension", self._names_changed)
        self._grain = dropdown("Period", grains, view.grain)
        self._filters = Filters(self._changed, self._looking.ask)
        self._start, self._end = day("First day", view.start), day("Last day", view.end)
        compared = [(name, key) for key, name in _COMPARED_NAMES.items()]
        self._compare = dropdown("Compare with", compared, view.compare)
        self._chart = dropdown("Chart", [(name, key) for key, name in _CHART_NAMES.items()], view.chart)
        self._order = dropdown("Order", [("As grouped", "")], view.order)
        self._limit = dropdown("Rows shown", [(f"{each:,}", each) for each in _LIMITS], view.limit)
        self._with_statement = widgets.Checkbox(
            description="Show the SQL", indent=False, layout=widgets.Layout(width="auto")
        )
        self._picked.offer({name: each.title for name, each in self._shown.items()})
        self._picked.show(view.metrics)
        self._told.show(view.dimensions)
        self._filters.show(view.where)
        for each in (self._start, self._end, self._chart, self._limit, self._order):
            each.observe(self._changed, "value")
        for each in (self._grain, self._compare):
            each.observe(self._names_changed, "value")
        self._with_statement.observe(lambda _: self._present_statement(), "value")

    def _children(self) -> tuple[Any, ...]:
        return (
            self._picked.box,
            self._told.box,
            row(self._grain, self._start, self._end, self._compare),
            self._filters.box,
            row(self._chart, self._order, self._limit, self._with_statement),
            self._status,
            self._result,
            self._statement,
        )

    def _names_changed(self, *_: object) -> None:
        """Take in that other columns were chosen: what can be told, filtered and ordered by follows."""
        if self._still:
            return
        self._still = True
        try:
            self._fit(self._chosen())
        finally:
            self._still = False
        self._changed()

    def _fit(self, view: View) -> None:
        try:
            times = self._metrics.times(view.metrics) if view.metrics else set()
            names = self._metrics.dimensions(view.metrics) if view.metrics else []
        except AnalyticsError:
            times, names = set(), []  # a metric is unknown: the answer says so
        kinds = [name for name in names if name not in times]
        self._told.offer({name: dimension_name(name) for name in kinds})
        self._filters.offer(names, times)
        columns = column_names(view, self._shown)
        columns |= {name: name.capitalize() if name == view.grain else dimension_name(name) for name in view.by}
        ways = [("As grouped", "")]
        for name, shown in columns.items():
            ways += [(f"{shown}, highest first", f"-{name}"), (f"{shown}, lowest first", name)]
        kept = self._order.value
        if self._answer.frame is None and kept not in [way for _, way in ways]:
            ways.append((kept, kept))  # what an address asked for stays to be seen beside the sentence
        self._order.options = ways
        self._order.value = kept if kept in [each for _, each in ways] else ""

    def _chosen(self) -> View:
        by = (*([self._grain.value] if self._grain.value else []), *self._told.value)
        days = self._start.value, self._end.value
        shown = self._compare.value, self._chart.value, self._order.value, self._limit.value
        return View(self._picked.value, by, self._filters.value, *days, *shown)

    def _changed(self, *_: object) -> None:
        days = self._start.value, self._end.value
        if self._still or any(day is not None and day.year < _FIRST_YEAR for day in days):
            return
        self._asking.ask(self._chosen())

    def _ask(self, view: View) -> None:
        self._say("Asking the database …")
        self._result.add_class(_BUSY)
        try:
            answer = find_answer(self._metrics, view, self._asking.can_stop)
            outputs = outputs_of(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            answer = Answer(view, fault=fault_of(error))
            outputs = outputs_of(answer)
        if self._asking.is_newest:
            self._present(answer, outputs)

    def _present(self, answer: Answer, outputs: tuple[Output, ...]) -> None:
        self._answer = answer
        self._result.outputs = outputs
        self._present_statement()
        self._result.remove_class(_BUSY)
        self._say("")

    def _present_statement(self) -> None:
        statement = self._answer.statement
        self._statement.outputs = statement_outputs(statement) if self._with_statement.value and statement else ()

    def _say(self, text: str) -> None:
        self._status.value = f'<p role="status">{text}</p>'

    def _look(self, dimension: str) -> None:
        """Look for the values of a dimension."""
        metrics = self._picked.value[:1]
        try:
            frame = self._metrics.answer(View(metrics, (dimension,)), self._looking.can_stop)
            rows = frame.sort_values(metrics[0], ascending=False, kind="stable", na_position="last").head(MOST_VALUES)
            values = values_of(rows.sort_values(dimension, na_position="last")[dimension])
        except Exception as error:  # noqa: BLE001 - as above
            self._filters.offer_values(dimension, [], " ".join(fault_of(error)))
            return
        self._filters.offer_values(dimension, values)


def fault_of(error: Exception) -> tuple[str, str]:
    """Return what was wrong as sentences: the library's own, or what else was raised."""
    if isinstance(error, AnalyticsError):
        return sentence(error)
    return "This could not be answered.", f"{type(error).__name__}: {error}"


def values_of(column: pd.Series[Any]) -> list[Any]:
    """Return a column's values as a view's conditions hold them; a missing one is None."""
    there = column.notna().tolist()
    plain = [value.item() if hasattr(value, "item") else value for value in column.tolist()]
    return [as_whole(value) if known else None for value, known in zip(plain, there, strict=True)]
