"""Everything that can go wrong, as one tree.

Each error is a sentence: what was wrong, where, and what would be right. The command line prints it and leaves with
the class's exit code; a library caller catches the branch it can act on::

    AnalyticsError
    ├── InputError                  exit 2: something that a person wrote must change
    │   ├── WorkspaceError          analytics.toml, the folder, a setting, an environment variable
    │   ├── ReportError             a report file
    │   ├── ExperimentError         an experiment's file, or a step that it cannot take
    │   │   └── ExperimentProblems  several of them at once
    │   ├── MetricError             a metric file, or what is asked of the metric model
    │   ├── NotebookError           a notebook that cannot be run as it stands
    │   ├── ParameterError          a parameter's name, type, range or absence
    │   ├── SuiteError              an expectation suite, or what it names
    │   ├── ExecutorError           the cluster that is to run notebooks, or what is installed there
    │   └── DataError
    │       ├── ConnectionFailed    unknown, unreachable or refused connection
    │       ├── QueryError          a statement that the database refuses
    │       ├── SourceError         a source file, or a source that answers otherwise than its file says
    │       └── ReadOnlyError       a write through a read-only connection
    ├── ChecksFailed                exit 3: the data is not fit to be published
    ├── RenderError                 exit 4: the notebook did not run to its end
    │   ├── CellFailed              a cell raised
    │   ├── CellExited              a cell ended the kernel itself (``sys.exit``, ``os._exit``)
    │   ├── CellTimedOut            a cell ran beyond its time limit
    │   └── KernelDied              the kernel went away
    └── PublishError                exit 4: the site or the state could not be written
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class AnalyticsError(Exception):
    """Base of all errors of this library.

    Parameters
    ----------
    message
        What was wrong, as a sentence without a final full stop.
    where
        Where it was: ``file:line``, ``notebook cell 3, line 2``, a connection's name.
    hint
        What would be right.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way between processes: keyword arguments are not rebuilt by default."""
        return _rebuild, (type(self), self.message, self.where, self.hint)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}; {self.hint}" if self.hint else text


def _rebuild(kind: type[AnalyticsError], message: str, where: str | None, hint: str | None) -> AnalyticsError:
    return kind(message, where=where, hint=hint)


class InputError(AnalyticsError):
    """Something that a person wrote must change."""

    exit_code = 2


class WorkspaceError(InputError):
    """``analytics.toml``, the folder, a setting or an environment variable."""


class ReportError(InputError):
    """A report file."""


class ExperimentError(InputError):
    """An experiment's file, its results when it is registered, or a step that it cannot take."""


class ExperimentProblems(ExperimentError):
    """Several things that are wrong with an experiment, all told at once.

    Attributes
    ----------
    problems
        Each as it would be raised by itself.
    """

    problems: tuple[InputError, ...] = ()

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way between processes with its problems."""
        return (*super().__reduce__(), {"problems": self.problems})

    def __str__(self) -> str:
        return "\n".join(str(each) for each in self.problems) or super().__str__()


class MetricError(InputError):
    """A file of the metric model, or what is asked of it."""


class NotebookError(InputError):
    """A notebook that cannot be run as it stands."""


class ParameterError(InputError):
    """A parameter's name, type, range or absence."""


class SuiteError(InputError):
    """An expectation suite, or a column or table that it names."""


class ExecutorError(InputError):
    """The cluster that is to run notebooks: its address, or what is installed there."""


class DataError(InputError):
    """Something between the library and a database."""


class ConnectionFailed(DataError):
    """An unknown, unreachable or refused connection."""


class QueryError(DataError):
    """A statement that the database refuses."""


class SourceError(DataError):
    """A source file, or a source that answers otherwise than its file says."""


class ReadOnlyError(DataError):
    """A write through a read-only connection."""


class ChecksFailed(AnalyticsError):
    """The data is not fit to be published."""

    exit_code = 3


class RenderError(AnalyticsError):
    """The notebook did not run to its end."""

    exit_code = 4


class CellFailed(RenderError):
    """A cell raised an error."""


class CellExited(RenderError):
    """A cell ended the kernel itself."""


class CellTimedOut(RenderError):
    """A cell ran beyond its time limit."""


class KernelDied(RenderError):
    """The kernel went away."""


class PublishError(AnalyticsError):
    """The site or the state could not be written."""

    exit_code = 4


def problems_of(error: InputError) -> tuple[InputError, ...]:
    """Return the single problems that an error stands for."""
    return (error.problems if isinstance(error, ExperimentProblems) else ()) or (error,)


def together(problems: Iterable[InputError]) -> InputError | None:
    """Return one error for several problems: the only one itself, each sentence once; None for none.

    Examples
    --------
    >>> print(together([InputError("no owner", where="a.yml:1"), InputError("no end"), InputError("no end")]))
    a.yml:1: no owner
    no end
    """
    single = {str(each): each for error in problems for each in problems_of(error)}
    if len(single) > 1:
        problems = tuple(single.values())
        error = ExperimentProblems(f"{len(problems)} things are wrong", where=problems[0].where)
        error.problems = problems
        return error
    return next(iter(single.values()), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest of `known`, or all of them when none is near.

    Examples
    --------
    >>> nearest("carier", ["carrier", "origin"])
    "did you mean 'carrier'?"
    >>> nearest("x", ["carrier", "origin"])
    "known are 'carrier' and 'origin'"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "none is defined"
    quoted = [f"'{each}'" for each in names[:20]]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""  # noqa: PLR2004 - a sentence stays readable
    if len(quoted) == 1 or more:
        return f"known {'is' if len(quoted) == 1 else 'are'} {', '.join(quoted)}{more}"
    return f"known are {', '.join(quoted[:-1])} and {quoted[-1]}"
