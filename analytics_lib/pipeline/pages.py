"""From parameters to pages: values resolved, `for_each` spread out, each page named."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics_lib.errors import ParameterError, ReportError, nearest
from analytics_lib.model.pages import ShownParameter
from analytics_lib.model.parameters import AS_OF, Parameter, Value, resolve
from analytics_lib.model.report import Query, Registered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics_lib.pipeline.sources import Sources
    from analytics_lib.workspace.reports import ReportFile

ONLY_PAGE = "index"


@dataclass(frozen=True)
class PagePlan:
    """One page to be: its parameters and how it is called.

    Parameters
    ----------
    name
        Its name within the report, as it stands in its address.
    label
        Its name for readers.
    title
        The page's title.
    parameters
        A value for each parameter of the notebook.
    shown
        The same for readers.
    reasons
        Why it is about to be rendered.
    """

    name: str
    label: str
    title: str
    parameters: dict[str, Value]
    shown: tuple[ShownParameter, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One value of a `for_each` key, with its name for readers."""

    value: Value
    label: str

    @property
    def shown(self) -> str:
        """The value for a reader: ``United Air Lines Inc. (UA)``."""
        return f"{self.label} ({self.value})" if self.label else str(self.value)


def plan_pages(
    file: ReportFile, parameters: Mapping[str, Parameter], given: Mapping[str, object], sources: Sources
) -> tuple[PagePlan, ...]:
    """Return the pages of a report, one for each combination of its `for_each` values.

    Raises
    ------
    ParameterError
        An unknown parameter, or a value that is not legal.
    ReportError
        The title or `for_each` names what there is not, or two pages would share an address.
    """
    where = f"report '{file.name}'"
    fixed = {name: value for name, value in given.items() if name not in file.report.for_each}
    unspread = {name: each for name, each in parameters.items() if name not in file.report.for_each}
    for name in fixed:
        if name not in parameters:
            raise ParameterError(f"unknown parameter '{name}'", where=where, hint=nearest(name, parameters))
    values = resolve(unspread, fixed, where=where if fixed else None)
    keys = list(file.report.for_each)
    spread = [_items(file, key, parameters, given, values, sources) for key in keys]
    asked = {name: values[name] for name in fixed if name != AS_OF and values[name] != parameters[name].default}
    pages = [
        _page(file, parameters, values, dict(zip(keys, items, strict=True)), asked)
        for items in itertools.product(*spread)
    ]
    return _with_unique_names(pages, file)


def _items(
    file: ReportFile,
    key: str,
    parameters: Mapping[str, Parameter],
    given: Mapping[str, object],
    values: Mapping[str, Value],
    sources: Sources,
) -> list[Item]:
    where = file.where("for_each", key)
    if key not in parameters:
        raise ReportError(f"the notebook declares no parameter '{key}'", where=where, hint=nearest(key, parameters))
    source = file.report.for_each[key]
    rows: Sequence[tuple[object, str]]
    if isinstance(source, Query):
        rows = _queried(source, values, sources, file.where("for_each", key, "query"))
    elif isinstance(source, Registered):
        rows = _registered(source, sources, file.where("for_each", key, "experiments"))
    else:
        rows = [(each, "") for each in source]
    items = {
        json.dumps(value): Item(value, label)
        for value, label in ((parameters[key].coerce(raw, where=where), label) for raw, label in rows)
    }
    if key not in given:
        return list(items.values())
    wanted = parameters[key].coerce(given[key], where=f"report '{file.name}'")
    if json.dumps(wanted) not in items:
        raise ParameterError(
            f"parameter '{key}' cannot be {wanted!r}",
            where=f"report '{file.name}'",
            hint=nearest(str(wanted), (str(item.value) for item in items.values())),
        )
    return [items[json.dumps(wanted)]]


def _registered(source: Registered, sources: Sources, where: str) -> Sequence[tuple[object, str]]:
    found = sources.registered(source.experiments)
    if not found:
        wanted = "registered" if source.every else " or ".join(source.experiments)
        raise ReportError(
            f"no experiment is {wanted}", where=where, hint="register one: `analytics experiment add FILE`"
        )
    return found


def _queried(source: Query, values: Mapping[str, Value], sources: Sources, where: str) -> list[tuple[object, str]]:
    frame = sources.ask(source, values, where=where)
    if frame.empty:
        raise ReportError("the query of for_each returns no row", where=where, hint="a report needs one value at least")
    if frame.iloc[:, 0].isna().any():
        raise ReportError("the query of for_each returns a NULL", where=where, hint="leave it out: where … is not null")
    first = [each.item() if hasattr(each, "item") else each for each in frame.iloc[:, 0]]
    labels = ["" if each is None or each != each else str(each) for each in frame["label"]] if "label" in frame else []  # noqa: PLR0124
    return list(zip(first, labels or [""] * len(first), strict=True))


def _page(
    file: ReportFile,
    parameters: Mapping[str, Parameter],
    values: Mapping[str, Value],
    items: Mapping[str, Item],
    asked: Mapping[str, Value],
) -> PagePlan:
    every = {name: items[name].value if name in items else values[name] for name in parameters}
    texts = {name: items[name].label or str(value) if name in items else str(value) for name, value in every.items()}
    shown = tuple(
        ShownParameter(name, parameter.shown_name, items[name].shown if name in items else _readable(every[name]))
        for name, parameter in parameters.items()
    )
    parts = [slug(str(item.value)) for item in items.values()]
    parts += [f"{slug(name)}-{slug(str(value))}" for name, value in asked.items()]
    labels = [f"{item.value} · {item.label}" if item.label else str(item.value) for item in items.values()]
    labels += [f"{parameters[name].shown_name} {value}" for name, value in asked.items()]
    title = _titled(file, texts)
    # No part holds two hyphens in a row: a-b with c and a with b-c keep apart.
    return PagePlan("--".join(parts) or ONLY_PAGE, ", ".join(labels) or title, title, every, shown)


def _titled(file: ReportFile, texts: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in texts:
            raise ReportError(
                f"the title names the unknown parameter '{match[1]}'",
                where=file.where("title"),
                hint=nearest(match[1], texts),
            )
        return texts[match[1]]

    return re.sub(r"\{(\w+)\}", value, file.report.title)


def _readable(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "none" if value is None else str(value)


def slug(text: str) -> str:
    """Return `text` fit for an address; where that loses something, a few digits of its hash keep it apart.

    Examples
    --------
    >>> slug("UA")
    'UA'
    >>> slug("São Paulo")
    'S-o-Paulo-52c4bd'
    """
    plain = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")[:60].rstrip("-.")
    if plain and plain == text and plain.lower() != ONLY_PAGE:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}".lstrip("-")


def _with_unique_names(pages: Iterable[PagePlan], file: ReportFile) -> tuple[PagePlan, ...]:
    """Refuse what would put two pages under one address, also where file names ignore case."""
    found: dict[str, PagePlan] = {}
    for page in pages:
        twin = found.get(page.name.lower())
        if twin is not None:
            raise ReportError(
                f"two pages would have the address {file.name}/{page.name}.html: {twin.label} and {page.label}",
                where=file.where("for_each"),
                hint="give for_each values that differ by more than case",
            )
        found[page.name.lower()] = page
    return tuple(found.values())
