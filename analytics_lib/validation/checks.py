"""Run a suite on a table or a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_lib.errors import SuiteError, nearest
from analytics_lib.model.checks import CheckResult, ExpectationResult, Severity
from analytics_lib.validation.observations import observe
from analytics_lib.validation.rows import first_rows
from analytics_lib.validation.sentences import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    import sqlalchemy

    from analytics_lib.validation.evaluation import Outcome
    from analytics_lib.validation.suites import Suite

# These are about which columns there are: a column that is missing fails them.
_ABOUT_COLUMNS = frozenset({"expect_column_to_exist", "expect_table_columns_to_match_ordered_list"})
# Under these an expectation names the columns that it speaks of.
_DOMAIN = ("column", "column_A", "column_B", "column_list")


def check_table(
    engine: sqlalchemy.Engine, table: str, suite: Suite, *, subject: str, severity: Severity | None = None
) -> CheckResult:
    """Evaluate a suite on a table, in the database.

    Nothing is written, not even a temporary table; one connection is taken and given back.

    Parameters
    ----------
    engine
        Where the table is; read-only will do.
    table
        ``table`` or ``schema.table``; a view will do.
    suite
        What must hold.
    subject
        What is checked, for a reader: ``warehouse: ops.flights``.
    severity
        Replaces the severity of every expectation.

    Raises
    ------
    ConnectionFailed
        The database cannot be reached.
    SuiteError
        The table, a column that the suite names or an expectation does not exist.
    """
    from analytics_lib.validation import evaluation, tables

    with evaluation.quiet(), tables.borrowed(engine, subject) as execution:
        found = tables.find(execution, table, suite)
        _require(suite, _DOMAIN, found.columns, f"{subject} has no column")
        _require(suite, ("other_table_name",), found.neighbours, "there is no table")
        configurations = evaluation.configure(suite, found.with_query)
        outcomes = evaluation.evaluate(execution, found.batch, configurations)
    return _result(suite, subject, outcomes, severity)


def check_frame(frame: pd.DataFrame, suite: Suite, *, subject: str, severity: Severity | None = None) -> CheckResult:
    """Evaluate a suite on a frame.

    Parameters
    ----------
    frame
        The data; it is not changed, and its index is not looked at.
    suite
        What must hold.
    subject
        What is checked, for a reader: ``output: summary``.
    severity
        Replaces the severity of every expectation.

    Raises
    ------
    SuiteError
        A column that the suite names or an expectation does not exist.
    """
    from analytics_lib.validation import evaluation, frames

    _require(suite, _DOMAIN, [str(name) for name in frame.columns], f"{subject} has no column")
    with evaluation.quiet():
        configurations = evaluation.configure(suite)
        outcomes = evaluation.evaluate(*frames.batch(frame), configurations)
    return _result(suite, subject, outcomes, severity)


def require_columns(suite: Suite, known: Iterable[str], subject: str) -> None:
    """Refuse a suite that names a column which is not there.

    Raises
    ------
    SuiteError
        It does.
    """
    _require(suite, _DOMAIN, known, f"{subject} has no column")


def _require(suite: Suite, keys: Iterable[str], known: Iterable[str], missing: str) -> None:
    """Raise when an expectation's argument under one of `keys` names something that is not `known`."""
    names = list(known)
    for index, expectation in enumerate(suite.expectations):
        if expectation["type"] in _ABOUT_COLUMNS:
            continue
        kwargs = expectation.get("kwargs", {})
        for key in keys:
            wanted = kwargs.get(key, ())
            for name in [wanted] if isinstance(wanted, str) else wanted:
                if isinstance(name, str) and name not in names:
                    raise SuiteError(f"{missing} '{name}'", where=suite.where(index, name), hint=nearest(name, names))


def _result(suite: Suite, subject: str, outcomes: Iterable[Outcome], severity: Severity | None) -> CheckResult:
    results = tuple(
        _expectation_result(expectation, outcome, severity)
        for expectation, outcome in zip(suite.expectations, outcomes, strict=True)
    )
    return CheckResult(suite=suite.name, subject=subject, results=results)


def _expectation_result(
    expectation: Mapping[str, Any], outcome: Outcome, severity: Severity | None
) -> ExpectationResult:
    kwargs = expectation.get("kwargs", {})
    own: Severity = "error" if expectation.get("severity", "critical") == "critical" else "warning"
    named = [kwargs[key] for key in _DOMAIN if kwargs.get(key)]
    columns = [str(name) for each in named for name in ([each] if isinstance(each, str) else each)]
    return ExpectationResult(
        expectation=expectation["type"],
        sentence=describe(expectation),
        column=", ".join(columns) or None,
        severity=severity or own,
        passed=outcome.success,
        observed=observe(expectation["type"], outcome.result),
        failing_rows=() if outcome.success else first_rows(outcome.rows),
        problem=outcome.problem,
    )
