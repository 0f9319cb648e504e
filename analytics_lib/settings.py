"""One table of all settings: name, type, default, help.

A setting stands in ``analytics.toml`` under its section and can be overridden by an environment variable:
``site.title`` by ``ANALYTICS_SITE_TITLE``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import WorkspaceError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Setting:
    """One setting.

    Parameters
    ----------
    name
        ``section.key`` in ``analytics.toml``.
    type
        ``str``, ``int`` or ``bool``.
    default
        Its value where nothing is said.
    help
        What it does.
    minimum
        The smallest legal whole number.
    """

    name: str
    type: type[str | int | bool]
    default: str | int | bool
    help: str
    minimum: int = 0

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return "ANALYTICS_" + self.name.replace(".", "_").upper()

    def check(self, value: object, where: str) -> str | int | bool:
        """Return `value` if it is legal for the setting.

        Raises
        ------
        WorkspaceError
            It is of another type, or too small.
        """
        right = isinstance(value, bool) is (self.type is bool) and isinstance(value, self.type)
        if right and not (self.type is int and isinstance(value, int) and value < self.minimum):
            return value  # type: ignore[return-value] # the setting's type is one of the three
        number = f"a whole number, {self.minimum} or more" if right else "a whole number"
        word = {str: "text in quotes", int: number, bool: "true or false"}[self.type]
        raise WorkspaceError(f"setting '{self.name}' is {shown(value)}", where=where, hint=f"give it {word}")

    def parse(self, text: str) -> str | int | bool:
        """Return the value that an environment variable's text stands for."""
        where = f"environment variable {self.variable}"
        if self.type is bool:
            lowered = text.strip().lower()
            known: Mapping[str, bool] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            return self.check(known.get(lowered, text), where)
        if self.type is int:
            return self.check(int(text) if re.fullmatch(r"\s*-?[0-9]+\s*", text) else text, where)
        return text


SETTINGS: Final = (
    Setting("site.title", str, "Reports", "Title of the site's first page."),
    Setting("site.folder", str, "site", "Folder of the published site, from the workspace's folder."),
    Setting("site.self_contained", bool, False, "Inline styles, scripts and the chart library in every page."),
    Setting("state.url", str, "sqlite:///.analytics/state.db", "SQLAlchemy URL of the state database."),
    Setting("rendering.jobs", int, 0, "Notebooks run at the same time; 0 for one a processor."),
    Setting("rendering.start_timeout", int, 60, "Seconds a kernel may take to start.", 1),
    Setting(
        "rendering.shared_mb", int, 256, "Largest answer to a query, in MB, that pages of a report share; 0 for none."
    ),
    Setting("experiments.time_limit", int, 60, "Seconds that a look at an experiment's results may take.", 1),
    Setting(
        "loads.wait",
        int,
        60,
        "Seconds that a load waits for a database file that others use, and for another load of its table.",
    ),
    Setting("apps.idle_minutes", int, 30, "Minutes without use after which an app's kernel ends.", 1),
    Setting("apps.kernels", int, 20, "Kernels that apps may run at the same time.", 1),
    Setting("versions.keep", int, 30, "Versions kept for each page; the current one is always kept.", 1),
)
"""All settings, in the order of the documentation."""


def shown(value: object) -> str:
    """Return a value as ``analytics.toml`` would have it.

    Examples
    --------
    >>> shown(True), shown("two")
    ('true', "'two'")
    """
    return str(value).lower() if isinstance(value, bool) else repr(value)


_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def section_names() -> set[str]:
    """Return the sections of ``analytics.toml`` that hold settings."""
    return {setting.name.split(".")[0] for setting in SETTINGS}


def read_settings(
    tables: Mapping[str, Mapping[str, Any]], where: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> dict[str, str | int | bool]:
    """Return a value for every setting: from the environment, else from `tables`, else its default.

    Parameters
    ----------
    tables
        Section → key → value, as in ``analytics.toml``.
    where
        ``section.key`` → ``analytics.toml:line``, for errors.
    environment
        Environment variables; the process's own by default.

    Raises
    ------
    WorkspaceError
        An unknown key or a value of the wrong type.
    """
    given = os.environ if environment is None else environment
    values: dict[str, str | int | bool] = {setting.name: setting.default for setting in SETTINGS}
    for section, keys in tables.items():
        for key, value in keys.items():
            name = f"{section}.{key}"
            if name not in _BY_NAME:
                known = [each.split(".")[1] for each in _BY_NAME if each.startswith(f"{section}.")]
                raise WorkspaceError(
                    f"unknown key '{key}' in [{section}]", where=where.get(name), hint=nearest(key, known)
                )
            values[name] = _BY_NAME[name].check(value, where.get(name, "analytics.toml"))
    for setting in SETTINGS:
        if setting.variable in given:
            values[setting.name] = setting.parse(given[setting.variable])
    return values
