"""Statistics of experiments, decided from moments.

A metric declares the moments it needs; a frame or one statement in the warehouse gives them; every decision is computed
from them alone::

    from analytics_lib.experiments import Mean, analyze

    results = analyze(visits, metrics={"orders": Mean("orders", covariate="orders_before")}, variant="variant")

Names are loaded on first use: importing the package loads neither pandas nor scipy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics_lib.experiments.analysis import analyze
    from analytics_lib.experiments.bayes import Prior
    from analytics_lib.experiments.boundaries import boundaries
    from analytics_lib.experiments.comparison import Comparison, compare
    from analytics_lib.experiments.decision import decide_experiment
    from analytics_lib.experiments.interaction import interaction
    from analytics_lib.experiments.metrics import Mean, Proportion, Quantile, Ratio
    from analytics_lib.experiments.multiplicity import adjust
    from analytics_lib.experiments.planning import minimum_effect, power, sample_size
    from analytics_lib.experiments.sample_ratio import sample_ratio, sample_ratio_sequential
    from analytics_lib.experiments.sequential import AlwaysValid, GroupSequential
    from analytics_lib.experiments.sizing import Sizing, plan_from
    from analytics_lib.model.decisions import Decision, Finding, Role
    from analytics_lib.model.moments import Moments

__all__ = [
    "AlwaysValid",
    "Comparison",
    "Decision",
    "Finding",
    "GroupSequential",
    "Mean",
    "Moments",
    "Prior",
    "Proportion",
    "Quantile",
    "Ratio",
    "Role",
    "Sizing",
    "adjust",
    "analyze",
    "boundaries",
    "compare",
    "decide_experiment",
    "interaction",
    "minimum_effect",
    "plan_from",
    "power",
    "sample_ratio",
    "sample_ratio_sequential",
    "sample_size",
]

_NAMES_OF = {
    "analysis": ("analyze",),
    "bayes": ("Prior",),
    "boundaries": ("boundaries",),
    "comparison": ("Comparison", "compare"),
    "decision": ("decide_experiment",),
    "interaction": ("interaction",),
    "metrics": ("Mean", "Proportion", "Quantile", "Ratio"),
    "multiplicity": ("adjust",),
    "planning": ("minimum_effect", "power", "sample_size"),
    "sample_ratio": ("sample_ratio", "sample_ratio_sequential"),
    "sizing": ("Sizing", "plan_from"),
    "sequential": ("AlwaysValid", "GroupSequential"),
}
_HOME = {name: f"{__name__}.{module}" for module, names in _NAMES_OF.items() for name in names}
_HOME |= dict.fromkeys(("Decision", "Finding", "Role"), "analytics_lib.model.decisions")
_HOME["Moments"] = "analytics_lib.model.moments"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """A package whose functions stay where submodules have their names (boundaries, interaction, sample_ratio).

    Importing a submodule, from wherever, sets it as an attribute of its package.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOME or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
