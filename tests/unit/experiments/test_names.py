"""The public names, in whatever order they are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analytics_lib import experiments


@pytest.mark.parametrize("first", ["AlwaysValid", "GroupSequential", "sample_ratio_sequential", "power", "analyze"])
def test_a_function_is_not_hidden_by_the_module_of_its_name(first):
    code = (
        f"from analytics_lib.experiments import {first}, boundaries, interaction, sample_ratio\n"
        "import analytics_lib.experiments.boundaries, analytics_lib.experiments.sample_ratio\n"
        "print(*(each.__name__ for each in (boundaries, interaction, sample_ratio)))\n"
        "from analytics_lib.experiments import boundaries\n"
        "print(boundaries.__name__)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["boundaries", "interaction", "sample_ratio", "boundaries"]


def test_every_public_name_is_there():
    assert all(getattr(experiments, name).__module__.startswith("analytics_lib.") for name in experiments.__all__)
