"""What a notebook opens (`connect`, `experiment`, `metrics`), shows (`heading`, `note`) and hands over."""

from __future__ import annotations

import os
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from analytics_lib.connectors import CAN_SHARE, Connection, SharedAnswers, open_connection
from analytics_lib.errors import InputError, MetricError
from analytics_lib.model.handover import SHARED_FOLDER, WORKSPACE
from analytics_lib.recorder import recorder
from analytics_lib.workspace import Workspace, find_workspace, load_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from analytics_lib.experiments.recorded import RecordedExperiment
    from analytics_lib.exploring import ExplorableMetrics


def connect(name: str) -> Connection:
    """Return the connection called `name` in the workspace's ``analytics.toml``.

    Parameters
    ----------
    name
        A name under ``[connections]``.

    Raises
    ------
    ConnectionFailed
        There is none of that name.
    WorkspaceError
        No workspace is here, or the connection's url names an environment variable that is not set.

    Examples
    --------
    >>> db = connect("warehouse")  # doctest: +SKIP
    >>> db.sql("select count(*) as flights from ops.flights")  # doctest: +SKIP
    """
    workspace = _workspace()
    spec = workspace.connection(name)
    run = recorder()
    if run is None:
        return open_connection(spec)
    run.connection(name)
    return open_connection(spec, watcher=run, shared=_shared(int(workspace.settings["rendering.shared_mb"])))


def experiment(name: str) -> RecordedExperiment:
    """Return the registered experiment called `name`, with all that was seen of it at the newest look.

    Parameters
    ----------
    name
        A name that `analytics experiment list` shows.

    Raises
    ------
    ExperimentError
        There is none of that name.
    WorkspaceError
        No workspace is here, or its state database cannot be opened.

    Examples
    --------
    >>> trial = experiment("checkout")  # doctest: +SKIP
    >>> trial.verdict, trial.reason  # doctest: +SKIP
    """
    from analytics_lib.experiments.recorded import RecordedExperiment
    from analytics_lib.registry import open_experiments

    workspace = _workspace()
    with closing(open_experiments(workspace.state_url, where=workspace.state_where)) as registry:
        mark = registry.marks().get(name, "")  # before the rest is read: what comes meanwhile makes another mark
        stored = registry.get(name)
        newest = next(iter(registry.looks(name, newest=1)), None)
        found = RecordedExperiment(stored, registry.steps(name), registry.looks(name, data=False), newest)
    run = recorder()
    if run is not None:
        run.experiment(name, mark)
    return found


def metrics(audience: str | None = None, values: Mapping[str, object] | None = None) -> ExplorableMetrics:
    """Return the metric model of the workspace: the files of ``metrics/``, ready to be asked.

    Parameters
    ----------
    audience
        Whose row rules apply: a name under ``rows:`` of the files. None for nobody's: every row is seen.
    values
        What rules ask of the caller: ``{"partner": "acme"}``.

    Raises
    ------
    MetricError
        A file is invalid, the audience is empty, or no model knows it.
    WorkspaceError
        No workspace is here.

    Examples
    --------
    >>> metrics().query(["revenue"], by=["month", "channel"], start="2026-01-01")  # doctest: +SKIP
    """
    from analytics_lib.exploring import ExplorableMetrics
    from analytics_lib.model.metrics.audiences import Audience
    from analytics_lib.workspace.metrics import load_metrics

    if audience is not None and not audience.strip():  # a program that does not know who asks must not see every row
        raise MetricError("the audience is empty", hint="name one, or leave it out to see every row")
    asks = Audience(audience or "", dict(values or {}), dict(os.environ))
    return ExplorableMetrics(load_metrics(_workspace().root), connect, asks)


def finding(text: str) -> None:
    """Say the page's answer in one sentence; it stands at the page's top.

    Parameters
    ----------
    text
        Plain text. In JupyterLab it shows as an emphasised paragraph.
    """
    sentence = " ".join(text.split())
    run = recorder()
    if run is not None:
        run.finding(sentence)
    _show(f"**{_escaped(sentence)}**", role="finding")


def heading(text: str, *, level: int = 2) -> None:
    """Show a heading whose text is computed; it stands in the page's contents.

    Parameters
    ----------
    text
        One line; Markdown emphasis works, HTML shows as text.
    level
        2 for a section, 3 for a part of one.

    Raises
    ------
    InputError
        `level` is neither 2 nor 3.
    """
    if level not in {2, 3}:
        raise InputError(f"a heading's level cannot be {level}", hint="2 is a section, 3 a part of one")
    _show(f"{'#' * level} {_escaped(' '.join(text.split()))}", role="heading")


def note(text: str) -> None:
    """Show a paragraph whose text is computed: the sentence under a chart.

    Parameters
    ----------
    text
        Markdown works, HTML shows as text.
    """
    _show(_escaped(text.strip()), role="note")


def output(name: str, frame: pd.DataFrame | pa.Table) -> None:
    """Hand a frame over to the checks that the report file names for it.

    Parameters
    ----------
    name
        The name that the report file uses: ``checks: [{suite: …, output: name}]``.
    frame
        A DataFrame or an Arrow table; its index is left out.

    Raises
    ------
    InputError
        It is no frame, or a column's values do not share a type.
    """
    run = recorder()
    if run is not None:
        run.output(name, frame)


def _shared(limit_mb: int) -> SharedAnswers | None:
    """Return what the kernels of this fan-out share; None in JupyterLab, and where nothing is to be shared."""
    folder = os.environ.get(SHARED_FOLDER)
    return SharedAnswers(Path(folder), limit_mb) if folder and limit_mb and CAN_SHARE else None


@lru_cache(maxsize=1)
def _workspace() -> Workspace:
    folder = os.environ.get(WORKSPACE)
    return load_workspace(Path(folder)) if folder else find_workspace()


def _escaped(text: str) -> str:
    """Keep data from becoming markup: `<` begins HTML in Markdown, a pair of `$` mathematics."""
    return text.replace("<", "\\<").replace("$", "\\$")


def _show(markdown: str, *, role: str) -> None:
    from IPython.display import Markdown, display

    display(Markdown(markdown), metadata={"analytics_lib": {"role": role}})
