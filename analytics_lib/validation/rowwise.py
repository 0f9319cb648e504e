"""Which rows a suite refuses: expectations whose ``meta`` says ``"quarantine": true``."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import SuiteError
from analytics_lib.validation.checks import require_columns
from analytics_lib.validation.sentences import describe

if TYPE_CHECKING:
    import sqlalchemy

    from analytics_lib.validation.suites import Suite

MARK: Final = "quarantine"


def split(suite: Suite) -> tuple[Suite, Suite]:
    """Return what is to hold for each row, and what is to hold for all rows together.

    Raises
    ------
    SuiteError
        An expectation is marked with something other than true or false.
    """
    marked = []
    for index, expectation in enumerate(suite.expectations):
        mark = (expectation.get("meta") or {}).get(MARK, False)
        if not isinstance(mark, bool):
            raise SuiteError(f"{MARK} is {mark!r}", where=suite.where(index, MARK), hint="give it true or false")
        marked.append(mark)
    return _part(suite, marked), _part(suite, [not each for each in marked])


def failing_rows(
    engine: sqlalchemy.Engine, table: str, suite: Suite, *, subject: str, identity: str
) -> dict[int, list[str]]:
    """Return the rows that break a suite, with the expectations that each of them breaks.

    Parameters
    ----------
    engine
        Where the table is.
    table
        ``table`` or ``schema.table``.
    suite
        What must hold for each row.
    subject
        What is checked, for a reader.
    identity
        The column that numbers the rows.

    Raises
    ------
    SuiteError
        A column or an expectation does not exist, or an expectation is not about rows.
    """
    if not suite.expectations:
        return {}
    from analytics_lib.validation import evaluation, tables

    with evaluation.quiet(), tables.borrowed(engine, subject) as execution:
        found = tables.find(execution, table, suite)
        require_columns(suite, found.columns, subject)
        configurations = evaluation.configure(suite, found.with_query)
        for index, expectation in enumerate(suite.expectations):
            if not evaluation.is_rowwise(expectation["type"]):
                raise SuiteError(
                    f"{expectation['type']} says nothing of single rows, and is marked to quarantine them",
                    where=suite.where(index, MARK),
                    hint=f'take "{MARK}" out of its meta: it then holds the whole load back',
                )
        outcomes = evaluation.find_rows(execution, found.batch, configurations, identity)
    failing: dict[int, list[str]] = {}
    for index, (expectation, outcome) in enumerate(zip(suite.expectations, outcomes, strict=True)):
        if outcome.problem is not None:
            raise SuiteError(
                f"{expectation['type']} could not be evaluated: {outcome.problem}", where=suite.where(index)
            )
        for each in outcome.result.get("unexpected_index_list") or ():
            failing.setdefault(int(each[identity]), []).append(describe(expectation))
    return failing


def _part(suite: Suite, chosen: list[bool]) -> Suite:
    expectations = tuple(compress(suite.expectations, chosen))
    return replace(suite, expectations=expectations, places=tuple(compress(suite.places, chosen)))
