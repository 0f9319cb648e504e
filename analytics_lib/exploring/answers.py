"""What a view shows: words, charts, a table, a file to keep, the statement; and a sentence where it cannot be had."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from analytics_lib.errors import AnalyticsError, MetricError, nearest
from analytics_lib.exploring.drawing import draw
from analytics_lib.exploring.view import to_query
from analytics_lib.exploring.wording import (
    Shown,
    column_formats,
    dimension_name,
    escaped,
    period_name,
    sentence,
    value_name,
    view_name,
)
from analytics_lib.model.handover import ADDRESS, DOWNLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics_lib.exploring.metrics import ExplorableMetrics, Statement
    from analytics_lib.exploring.view import View

MOST_KEPT: Final = 20_000
"""Rows of the file that a reader may keep: it travels with the page."""

Output = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came of a view.

    Parameters
    ----------
    view
        What was asked for.
    frame
        The rows, in the order asked for; None where there is no answer.
    fault
        Why there is none: what was wrong, and what would be right.
    statement
        The statement that was run.
    """

    view: View
    frame: pd.DataFrame | None = None
    fault: tuple[str, str] | None = None
    statement: Statement | None = None
    metrics: Mapping[str, Shown] = field(default_factory=dict)


def shown_metrics(metrics: ExplorableMetrics) -> dict[str, Shown]:
    """Return all metrics of a model as readers see them."""
    rows = metrics.search()[["metric", "title", "unit", "description"]].itertuples(index=False)
    return {name: Shown(name, title, unit, description) for name, title, unit, description in rows}


def find_answer(
    metrics: ExplorableMetrics, view: View, can_stop: Callable[[Callable[[], None]], None] | None = None
) -> Answer:
    """Return what comes of a view; what is wrong with it is part of the answer.

    Parameters
    ----------
    metrics
        The metric model.
    view
        What is asked for.
    can_stop
        Told how to end the statement from another thread.
    """
    known = shown_metrics(metrics)
    if not view.metrics:
        return Answer(view, metrics=known)
    try:
        frame = ordered(metrics.answer(view, can_stop), view)
        return Answer(view, frame, statement=metrics.statement(view), metrics=known)
    except AnalyticsError as error:
        return Answer(view, fault=sentence(error), metrics=known)


def ordered(frame: pd.DataFrame, view: View) -> pd.DataFrame:
    """Return rows in the order that a view asks for; a missing value comes last.

    Raises
    ------
    MetricError
        The view has no such column.
    """
    if not view.order:
        return pd.DataFrame(frame)
    column = view.order.removeprefix("-")
    if column not in frame.columns:
        hint = nearest(column, [str(each) for each in frame.columns])
        raise MetricError(f"there is no column '{column}' to order by", hint=hint)
    falling = view.order.startswith("-")
    return pd.DataFrame(frame).sort_values(column, ascending=not falling, kind="stable", na_position="last")


def outputs_of(answer: Answer) -> tuple[Output, ...]:
    """Return what a view shows, from top to bottom, as outputs of a cell."""
    address = _output({ADDRESS: {"query": to_query(answer.view)}})
    if answer.fault is not None:
        wrong, right = (escaped(each) for each in answer.fault)
        return address, _html(f"<p><strong>{wrong}</strong> {right}</p>", " ".join(answer.fault))
    if answer.frame is None:
        return address, *_overview(answer.metrics)
    return address, *_found(answer.frame, answer)


def statement_outputs(statement: Statement) -> tuple[Output, ...]:
    """Return a statement, and the values that are sent apart from it."""
    shown = [_html(f"<pre><code>{escaped(statement.text)}</code></pre>", statement.text)]
    if statement.values:
        rows = pd.DataFrame(
            {"Name": [f":{name}" for name in statement.values], "Value": map(repr, statement.values.values())}
        )
        shown += [_html("<p>Values are sent apart from the statement:</p>", ""), _table(rows)]
    return tuple(shown)


def _found(frame: pd.DataFrame, answer: Answer) -> list[Output]:
    view, metrics = answer.view, answer.metrics
    words = view_name(view, metrics, len(frame))
    if frame.empty:
        return [_html(f"<p><strong>There are no rows.</strong> {escaped(words)}</p>", words)]
    charts, notes = draw(frame, view, metrics)
    if len(frame) > view.limit:
        notes.append(f"The table shows the first {view.limit:,} of {len(frame):,} rows.")
    shown = [_html(f"<p>{escaped(words)}</p>", words)]
    shown += [_output(chart._repr_mimebundle_()) for chart in charts]
    shown += [_html(f"<p>{escaped(' '.join(notes))}</p>", " ".join(notes))] if notes else []
    return [*shown, _file(frame, view), _table(readable(frame.head(view.limit), view, metrics))]


def readable(frame: pd.DataFrame, view: View, metrics: Mapping[str, Shown]) -> pd.DataFrame:
    """Return rows as a table shows them: numbers with their units, periods by their names."""
    found: dict[str, list[str]] = {}
    columns = column_formats(view, metrics)
    for name in frame.columns:
        values = frame[name].tolist()
        if name == view.grain:
            found[str(name).capitalize()] = [period_name(pd.Timestamp(each), view.grain) for each in values]
        elif name in columns:
            whole = bool(pd.api.types.is_integer_dtype(frame[name]))
            heading, written = columns[name]
            found[heading] = [written(each, whole=whole) for each in values]
        else:
            found[dimension_name(str(name))] = [value_name(each) for each in values]
    return pd.DataFrame(found)


def to_csv(frame: pd.DataFrame) -> str:
    """Return rows as CSV (RFC 4180), every digit and name as the model has it.

    Values are not changed to keep a spreadsheet from taking one that begins with ``=`` for a formula: other programs
    would then read something else than what the database holds.
    """
    text: str = frame.to_csv(index=False, lineterminator="\r\n")
    return text


def _file(frame: pd.DataFrame, view: View) -> Output:
    kept = frame.head(MOST_KEPT)
    rows = f"{len(kept):,} row{'' if len(kept) == 1 else 's'}"
    label = f"Download CSV, {rows}" if len(kept) == len(frame) else f"Download CSV, the first {rows} of {len(frame):,}"
    name, text = f"{'-'.join(view.metrics)[:80]}.csv", to_csv(kept)
    # A link that holds the file, where nobody knows the type: in JupyterLab. An app's page offers a button instead.
    held = base64.b64encode(text.encode()).decode()
    link = f'<a download="{escaped(name)}" href="data:text/csv;charset=utf-8;base64,{held}">{escaped(label)}</a>'
    return _output({DOWNLOAD: {"name": name, "label": label, "text": text}, "text/html": f"<p>{link}</p>"})


def _overview(metrics: Mapping[str, Shown]) -> list[Output]:
    """Return what there is to choose from."""
    if not metrics:
        return [_html("<p><strong>There are no metrics yet.</strong> Write one: metrics/NAME.yml.</p>", "no metrics")]
    rows = pd.DataFrame(
        {
            "Metric": [each.title for each in metrics.values()],
            "Meaning": [each.description for each in metrics.values()],
        }
    )
    return [_html("<p><strong>Choose a metric.</strong> There are:</p>", "choose a metric"), _table(rows)]


def _table(rows: pd.DataFrame) -> Output:
    with pd.option_context("display.max_colwidth", None):
        return _html(rows.to_html(index=False, border=0, justify="inherit"), rows.to_string(index=False))


def _html(markup: str, text: str) -> Output:
    return _output({"text/html": markup, "text/plain": text})


def _output(data: dict[str, Any]) -> Output:
    return {"output_type": "display_data", "data": data, "metadata": {}}
