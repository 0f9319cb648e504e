"""Problems that are told together, once everything has been looked at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics_lib.errors import InputError, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Gathered:
    """The problems found so far."""

    def __init__(self) -> None:
        self._problems: list[InputError] = []

    def add(self, problems: Iterable[InputError]) -> None:
        """Keep problems."""
        self._problems += problems

    @contextmanager
    def next(self) -> Iterator[None]:
        """Keep the problem that is raised within, and go on behind it."""
        try:
            yield
        except InputError as problem:
            self._problems.append(problem)

    def settle(self) -> None:
        """Raise what was kept, if anything.

        Raises
        ------
        InputError
            The only problem itself, or all of them as `ExperimentProblems`.
        """
        error = together(self._problems)
        if error is not None:
            raise error
