"""Rows as the table takes them: its columns, and for each row the values or the reason why it does not fit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import SourceError, nearest
from analytics_lib.model.columns import compare, fit, wider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.connectors.landing.steps import Switch
    from analytics_lib.model.files import Notation
    from analytics_lib.model.source_parts import Kind, Landing
    from analytics_lib.pipeline.loading.spool import Spool
    from analytics_lib.workspace.sources import SourceFile


@dataclass(frozen=True)
class Shape:
    """What a load brings: columns with their types, how they differ from before (in sentences), number of rows."""

    columns: Mapping[str, Kind]
    drift: list[str]
    rows: int


def shape_of(file: SourceFile, spool: Spool, known: Mapping[str, Any], *, is_replay: bool = False) -> Shape:
    """Return the columns of a load: those of the first one, and what is new.

    Parameters
    ----------
    file, spool
        The source, and what was fetched.
    known
        Column → type as the table has it; empty for a first load.
    is_replay
        Whether rows are few and need not have all columns.

    Raises
    ------
    SourceError
        A column that the file names does not come, or its type is another one than the table's.
    """
    heads = spool.heads()
    found: dict[str, Kind | None] = {}
    for head in heads:
        for name, kind in head["kinds"].items():
            found[name] = wider(found.get(name), kind)
    rows = sum(head["rows"] for head in heads)
    declared = file.source.columns
    for name, kind in declared.items():
        if known.get(name, kind) != kind:
            raise SourceError(
                f"column '{name}' is to be {kind}, and is {known[name]} in the table",
                where=file.where("columns", name), hint=f"load it anew: `analytics load {file.name} --full`",
            )  # fmt: skip
    columns: dict[str, Kind] = {**known, **{name: kind or "text" for name, kind in found.items() if name not in known}}
    columns |= declared if columns else {}
    mark = file.source.into.incremental
    needed = [(key, "key") for key in file.source.into.key] + ([(mark.field, "incremental")] if mark else [])
    for name, keys in needed:
        if columns and name not in columns:
            raise SourceError(
                f"the rows have no column '{name}'", where=file.where("into", keys), hint=nearest(name, columns)
            )
    told = {name: declared.get(name, kind) for name, kind in found.items()}
    drift = compare(known, told) if known and rows and not is_replay else None
    return Shape(columns, [] if drift is None else drift.sentences(), rows)


@dataclass
class Fitting:
    """Fits rows, and notes which do not and how far an incremental load has come.

    Parameters
    ----------
    shape
        The columns.
    into
        The key, and the field of the mark.
    mark
        The mark of the load before.
    notation
        How numbers are written, where all values are text.
    """

    shape: Shape
    into: Landing
    mark: Any = None
    notation: Notation | None = None
    misfits: dict[int, str] = field(default_factory=dict)

    def batches(self, spool: Spool) -> Iterator[list[tuple[Any, ...]]]:
        """Yield rows that fit, page by page: a number each, then a value for each column."""
        for page in spool.rows():
            fitted = []
            for number, row in page:
                values, reasons = self._fitted(row)
                if reasons:
                    self.misfits[number] = "; ".join(reasons)
                else:
                    fitted.append((number, *values.values()))
                self._note(row, values)
            yield fitted

    def _fitted(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        values: dict[str, Any] = {}
        reasons = []
        for name, kind in self.shape.columns.items():
            try:
                values[name] = fit(row.get(name), kind, self.notation)
            except ValueError as error:
                reasons.append(f"{name} {error}")
        missing = [name for name in self.into.key if name in values and values[name] is None]
        return values, [*(f"the key {name} is missing" for name in missing), *reasons]

    def _note(self, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Keep the greatest mark: the value as it came, for the service to understand it."""
        if self.into.incremental is None:
            return
        name = self.into.incremental.field
        value = values.get(name)
        if value is None:
            return
        if self.mark is not None:
            try:
                if value <= fit(self.mark, self.shape.columns[name]):
                    return
            except ValueError:  # the mark was of another type: the new one counts
                pass
        self.mark = row[name]


def held_rows(spool: Spool, bad: Mapping[int, str], shape: Shape, switch: Switch) -> Iterator[list[Mapping[str, Any]]]:
    """Yield rows for the quarantine, page by page: values as text, and why, when, by which load they were held."""
    if not bad:
        return
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    for page in spool.rows():
        yield [
            {
                **{name: _text(row.get(name)) for name in shape.columns},
                "_row": f"{number:010d}", "_source": switch.source, "_load": switch.load, "_reason": _text(bad[number]),
                "_quarantined_at": now, "_record": json.dumps(row),
            }
            for number, row in page
            if number in bad
        ]  # fmt: skip


def _text(value: Any) -> str | None:
    """Return text that any database takes."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "␀").encode(errors="backslashreplace").decode()
