"""Up to when the data reaches, by the report's own query."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import ReportError

if TYPE_CHECKING:
    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.pipeline.plan import ReportPlan
    from analytics_lib.pipeline.sources import Sources


def data_through(plan: ReportPlan, page: PagePlan, sources: Sources) -> datetime | None:
    """Return up to when a page's data reaches; None where the report does not say, or there is no data.

    Raises
    ------
    QueryError
        The database refuses the query.
    ReportError
        It returns no time.
    """
    freshness = plan.file.report.freshness
    if freshness is None:
        return None
    where = plan.file.where("freshness", "query")
    present = sources.ask(freshness, page.parameters, where=where).iloc[:1, 0].dropna()
    return _moment(present.iloc[0], plan, where) if len(present) else None


def _moment(value: Any, plan: ReportPlan, where: str) -> datetime:
    try:
        moment = value if isinstance(value, (datetime, date)) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ReportError(
            f"the freshness query returns {value.item() if hasattr(value, 'item') else value!r}",
            where=where,
            hint="let it return one date or time: select max(day) from …",
        ) from None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    moment = moment.to_pydatetime() if hasattr(moment, "to_pydatetime") else moment
    return moment if moment.tzinfo else moment.replace(tzinfo=plan.file.report.zone)
