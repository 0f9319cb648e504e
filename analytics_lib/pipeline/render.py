"""From a page's plan to a version that lies complete in its folder."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import ChecksFailed, NotebookError, RenderError, nearest
from analytics_lib.model.checks import CheckResult, badge
from analytics_lib.model.pages import PageFacts
from analytics_lib.pipeline.failed import Failure, keep_run
from analytics_lib.pipeline.freshness import data_through
from analytics_lib.pipeline.plan import ReportPlan, output_checks, page_key
from analytics_lib.pipeline.recording import record
from analytics_lib.pipeline.results import gravest
from analytics_lib.publishing.files import disk_sentences
from analytics_lib.publishing.versions import CHECKS_NAME, FACTS_NAME, NOTEBOOK_NAME, PAGE_NAME, store_version
from analytics_lib.registry import NewVersion, StoredVersion
from analytics_lib.rendering.runner import Executed, RunRequest
from analytics_lib.validation import check_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nbformat import NotebookNode

    from analytics_lib.model.handover import Handover
    from analytics_lib.pipeline.executors import Executor
    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.pipeline.show import Shelf
    from analytics_lib.pipeline.sources import Sources
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class _Run:
    """One page being rendered: its plan, and what is fixed before its notebook starts."""

    plan: ReportPlan
    page: PagePlan
    number: int
    rendered_at: datetime
    data_through: datetime | None


class Renderer:
    """Renders pages of one build, several at a time.

    Parameters
    ----------
    workspace, shelf, sources
        Where it renders, where versions go, what they are made from.
    self_contained
        Whether pages carry their styles and scripts.
    executor
        What runs the notebooks.
    runs
        The build's own folder for runs.
    lock
        Connections and the exporter serve one thread at a time; notebooks run beside.
    """

    def __init__(
        self,
        workspace: Workspace,
        shelf: Shelf,
        sources: Sources,
        self_contained: bool,
        executor: Executor,
        runs: Path,
    ) -> None:
        self._workspace = workspace
        self._shelf = shelf
        self._sources = sources
        self._self_contained = self_contained
        self._executor = executor
        self._runs = runs
        self._shared: dict[str, Path] = {}
        self.lock = threading.Lock()

    def preload(self, plan: ReportPlan) -> None:
        """Import what comes after the notebook while its kernel is at work: seconds that nobody waits for.

        What starts kernels is imported first and here: two threads importing it at once see half of it.
        """
        import_module("papermill")
        modules = ["analytics_lib.rendering.html", "nbconvert.exporters", "pyarrow.feather"]
        if output_checks(plan):
            modules.append("analytics_lib.validation.frames")
        threading.Thread(target=self._import, args=(modules,), daemon=True).start()

    def share(self, report: str) -> None:
        """Let the pages of a report share what the database answers: many are about to be rendered."""
        folder = self._runs / f"shared-{report}"
        with disk_sentences("the run's folder", folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._shared[report] = folder

    def unshare(self, report: str) -> None:
        """Remove what the pages of a report have shared."""
        folder = self._shared.pop(report, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _import(self, modules: Iterable[str]) -> None:
        """Import modules, one at a time, while nobody else uses what they share."""
        for name in modules:
            with self.lock:
                import_module(name)

    def render(
        self,
        plan: ReportPlan,
        page: PagePlan,
        number: int,
        table_results: tuple[CheckResult, ...],
        cells_done: Callable[[], None],
    ) -> StoredVersion:
        """Run the notebook, check its frames, and store the version; it is not current yet.

        Raises
        ------
        RenderError
            The notebook did not run to its end; it is kept as far as it ran.
        ChecksFailed
            A frame is not fit to be published.
        PublishError
            The version cannot be written.
        """
        with self.lock:
            run = _Run(plan, page, number, datetime.now(UTC), data_through(plan, page, self._sources))
        with disk_sentences("the run's folder", self._runs):
            folder = Path(tempfile.mkdtemp(prefix=f"{plan.name}-", dir=self._runs))
        try:
            executed = self._run(run, folder, cells_done)
            with self.lock, disk_sentences("the version", folder):
                checks = table_results + self._check_outputs(plan, executed.handover)
                if any(check.holds_back for check in checks):
                    raise ChecksFailed(gravest(checks), where=f"report '{plan.name}'")
                return self._store(run, executed, checks, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, run: _Run, folder: Path, cells_done: Callable[[], None]) -> Executed:
        plan, page = run.plan, run.page
        request = RunRequest(
            notebook=plan.notebook.path,
            shown=plan.notebook.shown,
            parameters=page.parameters,
            root=self._workspace.root,
            folder=folder,
            start_timeout=int(self._workspace.settings["rendering.start_timeout"]),
            execution_timeout=plan.file.report.execution_timeout,
            memory_bytes=plan.file.report.memory_bytes,
            shared=self._shared.get(plan.name),
            cells_done=cells_done,
            report=plan.name,
        )
        try:
            with disk_sentences("the executed notebook", folder):
                return self._executor.run(request)
        except RenderError as error:
            self._keep_failed(run, error, folder)
            raise

    def _keep_failed(self, run: _Run, error: RenderError, folder: Path) -> None:
        """Keep a failed run, up to the cell that failed, for whoever mends it."""
        with self.lock:
            failure = Failure(run.plan, run.page, run.rendered_at, error, folder)
            keep_run(failure, self._shelf, self_contained=self._self_contained)

    def _check_outputs(self, plan: ReportPlan, handover: Handover) -> tuple[CheckResult, ...]:
        from pyarrow import feather

        results = []
        for number, check in output_checks(plan):
            if check.output not in handover.outputs:
                raise NotebookError(
                    f"the notebook hands over no output '{check.output}'",
                    where=plan.file.where("checks", number, "output"),
                    hint=nearest(check.output, handover.outputs)
                    if handover.outputs
                    else f'call analytics_lib.output("{check.output}", frame)',
                )
            frame = feather.read_feather(handover.outputs[check.output])
            suite = plan.suites[check.suite]
            with self._workspace.places():
                results.append(check_frame(frame, suite, subject=check.subject, severity=check.severity))
        return tuple(results)

    def _store(self, run: _Run, executed: Executed, checks: tuple[CheckResult, ...], folder: Path) -> StoredVersion:
        from analytics_lib.rendering.html import render_html

        plan, page, number = run.plan, run.page, run.number
        recorded = record(plan, executed.handover, run.rendered_at, self._sources)
        key = page_key(plan.base_key, page.parameters, recorded)
        facts = self._facts(run, key, executed.handover, checks)
        html = render_html(
            _without_finding(executed.notebook),
            facts,
            assets=self._shelf.assets,
            root="../",
            self_contained=self._self_contained,
        )
        listed = _listed(facts, page, plan)
        files = {
            PAGE_NAME: html.encode(),
            NOTEBOOK_NAME: (folder / NOTEBOOK_NAME).read_bytes(),
            CHECKS_NAME: _json([check.to_json() for check in checks]),
            FACTS_NAME: _json(
                {"report": plan.name, "page": page.name, "number": number, "key": key, "parameters": page.parameters,
                 "sources": recorded, "rendered_at": run.rendered_at.isoformat(), **listed}
            ),
        }  # fmt: skip
        place = store_version(self._workspace.state, plan.name, page.name, f"{number}-{key[:12]}", files)
        return self._shelf.registry.add_version(
            NewVersion(
                report=plan.name,
                page=page.name,
                number=number,
                key=key,
                base_key=plan.base_key,
                parameters=page.parameters,
                sources=recorded,
                facts=listed,
                badge=badge(checks),
                folder=place,
                rendered_at=run.rendered_at,
                seconds=executed.seconds,
            )
        )

    def _facts(self, run: _Run, key: str, handover: Handover, checks: tuple[CheckResult, ...]) -> PageFacts:
        report = run.plan.file.report
        sources = self._sources.of(run.plan.connections | handover.connections)
        return PageFacts(
            report=run.plan.name, title=run.page.title, finding=handover.finding, description=report.description,
            owner=report.owner, audience=report.audience, tags=tuple(report.tags), parameters=run.page.shown,
            data_through=run.data_through, sources=sources, checks=checks, version=run.number, key=key[:12],
            rendered_at=run.rendered_at, time_zone=report.time_zone,
        )  # fmt: skip


def _listed(facts: PageFacts, page: PagePlan, plan: ReportPlan) -> dict[str, Any]:
    """Return what the site's lists say of a version."""
    return {
        "title": facts.title,
        "report_title": plan.title,
        "label": page.label,
        "finding": facts.finding,
        "description": facts.description,
        "owner": facts.owner,
        "audience": facts.audience,
        "tags": list(facts.tags),
        "time_zone": facts.time_zone,
        "data_through": facts.data_through.isoformat() if facts.data_through else None,
        "reasons": list(page.reasons),
    }


def _json(value: list[Any] | Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode()


def _without_finding(notebook: NotebookNode) -> NotebookNode:
    """Leave out the finding's own output: on a page it stands at the top."""
    from nbformat import from_dict

    shown = dict(notebook)
    shown["cells"] = [
        {**cell, "outputs": [each for each in cell["outputs"] if not _is_finding(each)]} if "outputs" in cell else cell
        for cell in notebook["cells"]
    ]
    stripped: NotebookNode = from_dict(shown)
    return stripped


def _is_finding(output: Mapping[str, Any]) -> bool:
    return bool(output.get("metadata", {}).get("analytics_lib", {}).get("role") == "finding")
