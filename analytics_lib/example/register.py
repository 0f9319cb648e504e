"""Registers the example's experiments and gives each of them a life to look at."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from analytics_lib.example.trials import TRIALS
from analytics_lib.pipeline import experiments
from analytics_lib.registry import open_experiments
from analytics_lib.workspace.experiments import experiment_names, load_experiment

if TYPE_CHECKING:
    from analytics_lib.example.warehouse import Progress
    from analytics_lib.workspace import Workspace

_WHO: Final = "analytics demo"
_ENDED: Final = {
    "hiv_results": "the vouchers were handed out by the end of August 2004",
    "job_training": "the last men were assigned in July 1977",
    "checkout": "the planned units are in",
}
"""Why experiments were stopped; the others still run."""
_DECIDED: Final = {"hiv_results": "Vouchers more than double the share of people who learn their result."}


def register_trials(workspace: Workspace, progress: Progress) -> None:
    """Register the example's experiments that are not in the register yet, and look at each once.

    Parameters
    ----------
    workspace
        The example, with its warehouse.
    progress
        Called with a line for every experiment.

    Raises
    ------
    InputError
        The warehouse lacks what an experiment reads.
    """
    absent = {source.table.partition(".")[2] for source in TRIALS if source.missing}
    with closing(open_experiments(workspace.state_url, where=workspace.state_where)) as registry:
        known = {each.name for each in registry.find()}
    for name in experiment_names(workspace.root):
        if name in known or name in absent:
            continue
        experiments.register(workspace, load_experiment(workspace.root, name), who=_WHO)
        verdict = experiments.look(workspace, name, who=_WHO).verdict
        if name in _ENDED:
            experiments.stop(workspace, name, who=_WHO, why=_ENDED[name])
        if name in _DECIDED:
            experiments.decide(workspace, name, "ship", who=_WHO, why=_DECIDED[name])
        progress(f"registered experiment {name}: {verdict}")
