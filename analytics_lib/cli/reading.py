"""Values of options, as YAML says them."""

from __future__ import annotations

from typing import Any

from analytics_lib.errors import ExperimentError


def read_yaml(text: str, where: str) -> Any:
    """Return what a text says as YAML.

    Parameters
    ----------
    text
        The option's value.
    where
        The option, for errors.

    Raises
    ------
    ExperimentError
        It is no YAML.
    """
    import yaml

    from analytics_lib.workspace.complaints import yaml_complaint
    from analytics_lib.workspace.documents import read_yaml

    try:
        return read_yaml(text)
    except yaml.YAMLError as error:
        raise yaml_complaint(error, where, ExperimentError) from None
