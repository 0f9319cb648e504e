"""Suites through Great Expectations. Importing this module imports Great Expectations, which takes seconds."""

from __future__ import annotations

import copy
import functools
import logging
import re
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import SuiteError, nearest
from analytics_lib.model.checks import MAX_FAILING_ROWS
from analytics_lib.validation.optional import without_clients

with without_clients():
    from great_expectations.compatibility import pydantic
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        Expectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )
    from great_expectations.validator.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from great_expectations.core.batch import Batch
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.execution_engine.execution_engine import ExecutionEngine

    from analytics_lib.validation.suites import Suite

QUERY = "unexpected_rows_query"

# Great Expectations keeps registries and a log level for the whole process.
_lock = threading.RLock()

# Counts first, without values; rows only for what failed. Great Expectations puts the limit into the SQL.
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_ROWS = {
    "result_format": "BASIC",
    "partial_unexpected_count": MAX_FAILING_ROWS,
    "include_unexpected_rows": True,
}
# An unexpected-rows query shows its rows only in full; `tables` limits them in SQL.
_FOUND = {"result_format": "COMPLETE"}
_ROWWISE = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations said of one expectation; `problem` is why it could say nothing."""

    success: bool
    result: Mapping[str, Any]
    problem: str | None = None

    @property
    def rows(self) -> list[Mapping[Any, Any]]:
        """The rows that do not conform, as far as they were asked for."""
        found = self.result.get("unexpected_rows")
        if found is None:
            details = self.result.get("details") or {}
            found = details.get("unexpected_rows") or []
        if isinstance(found, list):
            return found
        return [dict(zip(found.columns, row, strict=True)) for row in found.itertuples(index=False, name=None)]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Great Expectations to one check at a time, and its log and warnings off the terminal."""
    log = logging.getLogger("great_expectations")
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = log.level
        log.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            log.setLevel(level)


def configure(
    suite: Suite, rewrite: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
) -> list[ExpectationConfiguration]:
    """Return Great Expectations' own objects for a suite.

    Parameters
    ----------
    suite
        The suite.
    rewrite
        Makes an expectation's arguments ready for where they are evaluated.

    Raises
    ------
    SuiteError
        An expectation does not exist, or not with these arguments.
    """
    configurations = []
    for index, entry in enumerate(suite.expectations):
        # The index comes back with the result: Great Expectations returns results in an order of its own.
        configuration = ExpectationConfiguration(
            type=entry["type"], kwargs=_hushed(rewrite(copy.deepcopy(entry.get("kwargs", {})))), meta={"index": index}
        )
        try:
            configuration.process_suite_parameters({})
            configuration.to_domain_obj()
        except ExpectationNotFoundError as error:
            raise SuiteError(
                f"there is no expectation '{entry['type']}'",
                where=suite.where(index, entry["type"]),
                hint=nearest(entry["type"], list_registered_expectation_implementations()),
            ) from error
        except Exception as error:
            message, argument, hint = _misfit(entry["type"], error)
            raise SuiteError(message, where=suite.where(index, argument), hint=hint) from error
        configurations.append(configuration)
    return configurations


def _hushed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return arguments whose query mentions ``{batch}``: without it Great Expectations prints to standard output."""
    query = kwargs.get(QUERY)
    if not isinstance(query, str) or "{batch}" in query:
        return kwargs
    return {**kwargs, QUERY: f"{query.rstrip('; ')}\n/* {{batch}} */"}


def evaluate(
    execution: ExecutionEngine[Any], batch: Batch, configurations: list[ExpectationConfiguration]
) -> list[Outcome]:
    """Evaluate expectations on a batch.

    Parameters
    ----------
    execution
        Where they are computed.
    batch
        The data.
    configurations
        What `configure` returned.

    Returns
    -------
    list of Outcome
        One an expectation, in the same order.
    """
    validator = Validator(execution_engine=execution, batches=[batch], data_context=_context())
    outcomes = _run(validator, configurations, _COUNTS)
    failed = [each for each in configurations if _failed(outcomes[_index(each)])]
    queries = [each for each in failed if each.type == "unexpected_rows_expectation"]
    others = [each for each in failed if each.type != "unexpected_rows_expectation"]
    for chosen, result_format in ((queries, _FOUND), (others, _ROWS)):
        # The verdict stands, whatever becomes of its illustration.
        again = _run(validator, chosen, result_format)
        outcomes |= {index: outcome for index, outcome in again.items() if _failed(outcome)}
    return [outcomes[index] for index in range(len(configurations))]


def is_rowwise(kind: str) -> bool:
    """Return whether an expectation speaks of each row by itself."""
    return issubclass(get_expectation_impl(kind), _ROWWISE)


def find_rows(
    execution: ExecutionEngine[Any], batch: Batch, configurations: list[ExpectationConfiguration], identity: str
) -> list[Outcome]:
    """Evaluate expectations on a batch; where one fails, its result names all rows that break it.

    Parameters
    ----------
    execution, batch, configurations
        See `evaluate`.
    identity
        The column that tells rows apart: ``unexpected_index_list`` holds its values.
    """
    validator = Validator(execution_engine=execution, batches=[batch], data_context=_context())
    asked = {"result_format": "COMPLETE", "unexpected_index_column_names": [identity]}
    outcomes = _run(validator, configurations, _COUNTS)
    failed = [each for each in configurations if _failed(outcomes[_index(each)])]
    outcomes |= _run(validator, failed, asked) if failed else {}
    return [outcomes[index] for index in range(len(configurations))]


def _failed(outcome: Outcome) -> bool:
    return not outcome.success and outcome.problem is None


def _run(
    validator: Validator, configurations: list[ExpectationConfiguration], result_format: Mapping[str, Any]
) -> dict[int, Outcome]:
    """Evaluate together, so that one statement computes many figures; what has a problem once more on its own."""
    runtime = {"result_format": dict(result_format), "catch_exceptions": True}
    try:
        results = validator.graph_validate(configurations=configurations, runtime_configuration=runtime)
        problem = "Great Expectations returned no result"
    except Exception as error:  # noqa: BLE001 - whatever it is, the expectation could not be evaluated
        results, problem = [], _sentence(str(error) or type(error).__name__)
    outcomes = {_index(each): Outcome(success=False, result={}, problem=problem) for each in configurations}
    outcomes |= {_index(each.expectation_config): _outcome(each) for each in results if each.expectation_config}
    if len(configurations) > 1:
        for each in configurations:
            if outcomes[_index(each)].problem is not None:
                outcomes |= _run(validator, [each], result_format)
    return outcomes


def _index(configuration: ExpectationConfiguration) -> int:
    return int(configuration.meta["index"])


def _outcome(result: ExpectationValidationResult) -> Outcome:
    problem = _problem(result.exception_info)
    return Outcome(success=bool(result.success) and problem is None, result=result.result or {}, problem=problem)


def _problem(info: Mapping[str, Any] | None) -> str | None:
    """Return the first message of Great Expectations' exception record: a single one, or one for each metric."""
    if not info:
        return None
    records = [info] if "raised_exception" in info else info.values()
    messages = (record["exception_message"] for record in records if record["raised_exception"])
    return next((_sentence(message) for message in messages), None)


def _sentence(message: str) -> str:
    """Return the first line of a message without its full stop and what SQLAlchemy adds for developers."""
    line = message.strip().partition("\n")[0].rstrip(". ")
    if "No provider found for" in line:
        return "Great Expectations cannot evaluate this expectation on this kind of data"
    return re.sub(r"^\([\w.]+\) ", "", line) or "Great Expectations gave no reason"


def _misfit(kind: str, error: Exception) -> tuple[str, str | None, str | None]:
    """Return what is wrong with an expectation's arguments, the argument that is to blame, and what would be right."""
    if not isinstance(error, pydantic.ValidationError):
        return f"{kind}: {_sentence(str(error))}", None, None
    first = error.errors()[0]
    argument = ".".join(str(part) for part in first["loc"] if part != "__root__")
    if first["type"] == "value_error.extra":
        known = set(get_expectation_impl(kind).__fields__) - set(Expectation.__fields__)
        return f"{kind} has no argument '{argument}'", argument, nearest(argument, known)
    if first["type"] == "value_error.missing":
        return f"{kind} lacks its argument '{argument}'", None, None
    return f"{kind}: {f'{argument}: ' if argument else ''}{first['msg']}", argument, None


@functools.cache
def _context() -> EphemeralDataContext:
    """Return the one context of this process: in memory, without progress bars, not made anybody's current one."""
    return EphemeralDataContext(
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        )
    )
