"""A report file with everything that it names found: notebook, connections, suites, files, pages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import ReportError, SuiteError, nearest
from analytics_lib.model.report import OutputCheck, Query, Report, TableCheck
from analytics_lib.pipeline.basis import Basis
from analytics_lib.pipeline.identity import environment_digest, library_digest, packages
from analytics_lib.pipeline.pages import PagePlan, plan_pages
from analytics_lib.pipeline.sources import Sources, digest
from analytics_lib.validation import Suite, load_suite
from analytics_lib.workspace.metrics import load_metrics
from analytics_lib.workspace.notebooks import NotebookFile, load_notebook, refine
from analytics_lib.workspace.reports import ReportFile, load_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analytics_lib.model.parameters import Parameter, Value


@dataclass(frozen=True)
class ReportPlan:
    """A report with everything it names found and checked.

    Parameters
    ----------
    parameters
        What the notebook declares, refined by the report file.
    base_key
        Hash of all that decides the pages but parameters and data: notebook, report file, suites, library, environment.
    connections
        Connections known to be read before a kernel starts.
    files
        Files that the report file says it depends on.
    pages
        Its pages, once they are known.
    basis
        What `base_key` is the hash of, in a plan to be rendered.
    """

    file: ReportFile
    notebook: NotebookFile
    parameters: Mapping[str, Parameter]
    suites: Mapping[str, Suite]
    base_key: str
    connections: frozenset[str]
    files: frozenset[Path]
    pages: tuple[PagePlan, ...] = ()
    basis: Basis | None = None

    @property
    def name(self) -> str:
        """The report's name."""
        return self.file.name

    @property
    def title(self) -> str:
        """The title that all pages share: ``On-time performance: {carrier}`` without its parameter."""
        bare = re.sub(r"\{\w+\}", "", self.file.report.title)
        return re.sub(r"\s+", " ", bare).strip(" :-,()·\u2013") or self.name


def plan_report(sources: Sources, name: str, given: Mapping[str, object], *, self_contained: bool) -> ReportPlan:
    """Return the plan of report `name`.

    Parameters
    ----------
    sources
        The build's connections.
    given
        Parameters given on the command line; a `for_each` key among them narrows the report to that value.
    self_contained
        Whether pages carry their styles and scripts; part of what decides their content.

    Raises
    ------
    InputError
        Anything that a person wrote must change.
    """
    return spread(outline_report(sources, name, self_contained=self_contained), given, sources)


def outline_report(sources: Sources, name: str, *, self_contained: bool) -> ReportPlan:
    """Return the plan of report `name` as far as it is known without asking a database: it has no pages yet."""
    root = sources.workspace.root
    file = load_report(root, name)
    report = file.report
    notebook = load_notebook(root, report.notebook, where=file.where("notebook"))
    parameters = dict(notebook.parameters)
    for each, refinement in report.parameters.items():
        parameters[each] = refine(parameters, each, refinement, file.where("parameters", each))
    connections = _named_connections(file, notebook, sources)
    suites = _suites(file, sources)
    files = _declared_files(file, root)
    basis = Basis(
        notebook=report.notebook,
        cells=notebook.cells,
        report={key: digest(json.dumps(value)) for key, value in _said(report).items()},
        suites={suite.name: suite.fingerprint for suite in suites.values()},
        files=tuple(sorted(str(path.relative_to(root)) for path in files)),
        self_contained=self_contained,
        library=library_digest(),
        environment=environment_digest(),
        packages=packages(),
    )
    return ReportPlan(file, notebook, parameters, suites, basis.key, connections, files, basis=basis)


def spread(outline: ReportPlan, given: Mapping[str, object], sources: Sources) -> ReportPlan:
    """Return the plan with its pages: one for each value of `for_each`, which may ask a database."""
    return replace(outline, pages=plan_pages(outline.file, outline.parameters, given, sources))


def page_key(base_key: str, parameters: Mapping[str, Value], recorded: Mapping[str, Any]) -> str:
    """Return the content key of a page: the same inputs give the same key.

    A server's state is in its connection's fingerprint; those of single tables say the same once more.
    """
    data = {what: value for what, value in recorded.items() if what != "tables"}
    return digest(base_key, json.dumps(parameters, sort_keys=True), json.dumps(data, sort_keys=True))


def _said(report: Report) -> dict[str, Any]:
    """Return what a report file says, not what it leaves to the library: a key that is new there changes nothing."""
    return report.model_dump(mode="json", exclude_defaults=True)


def _named_connections(file: ReportFile, notebook: NotebookFile, sources: Sources) -> frozenset[str]:
    named = dict(notebook.connections)
    if notebook.asks_metrics:
        models = load_metrics(sources.workspace.root).models.values()
        named |= {each.model.connection: each.where("connection") for each in models}
    for number, check in enumerate(file.report.checks):
        if isinstance(check, TableCheck):
            named[check.connection] = file.where("checks", number, "connection")
    for key, values in file.report.for_each.items():
        if isinstance(values, Query):
            named[values.connection] = file.where("for_each", key, "connection")
    if file.report.freshness:
        named[file.report.freshness.connection] = file.where("freshness", "connection")
    for name, where in named.items():
        sources.workspace.connection(name, where=where)
    return frozenset(named)


def _suites(file: ReportFile, sources: Sources) -> dict[str, Suite]:
    folder = sources.workspace.root / "expectations"
    suites: dict[str, Suite] = {}
    for number, check in enumerate(file.report.checks):
        path = folder / f"{check.suite}.json"
        if not path.is_file():
            known = [each.stem for each in folder.glob("*.json")]
            raise SuiteError(
                f"there is no suite '{check.suite}'",
                where=file.where("checks", number, "suite"),
                hint=nearest(check.suite, known) if known else f"write it: expectations/{check.suite}.json",
            )
        with sources.workspace.places():
            suites[check.suite] = load_suite(path)
    return suites


def _declared_files(file: ReportFile, root: Path) -> frozenset[Path]:
    found: set[Path] = set()
    for number, pattern in enumerate(file.report.data):
        matches = {path for path in root.glob(pattern) if path.is_file()}
        if not matches:
            raise ReportError(
                f"no file matches '{pattern}'",
                where=file.where("data", number),
                hint="write the files' path from the workspace's folder",
            )
        found |= matches
    return frozenset(found)


def output_checks(plan: ReportPlan) -> list[tuple[int, OutputCheck]]:
    """Return the checks on frames, with their place in the report file."""
    return [(n, check) for n, check in enumerate(plan.file.report.checks) if isinstance(check, OutputCheck)]


def table_checks(plan: ReportPlan) -> list[tuple[int, TableCheck]]:
    """Return the checks on source tables, with their place in the report file."""
    return [(n, check) for n, check in enumerate(plan.file.report.checks) if isinstance(check, TableCheck)]
