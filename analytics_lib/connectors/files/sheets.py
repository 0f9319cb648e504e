"""Sheets of spreadsheets: their columns, and their rows as the cells hold them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import ConnectionFailed, QueryError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_lib.model.files import FileSpec

_LETTERS: Final = 26


def sheet_rows(path: Path, spec: FileSpec) -> Iterator[list[Any]]:
    """Yield the columns of a sheet, which its first row that is not empty names, then the values of each row.

    Whole numbers are `int`, other numbers `float`, days `date`, times of day text; a cell that is empty, or whose
    formula fails, is None.
    Columns without a name must be empty, and are left out, as are empty rows.

    Parameters
    ----------
    path, spec
        The file; the sheet is ``sheet`` of its options, the first one by default.

    Raises
    ------
    ConnectionFailed
        The package that reads spreadsheets is not installed.
    QueryError
        It is no spreadsheet, has no such sheet, or a column has values and no name.
    """
    with _opened(path, spec) as book:
        sheet = _sheet(book, spec)
        cells = book.get_sheet_by_name(sheet)
        first = cells.start[1] if cells.start else 0
        names: list[str] = []
        for number, row in enumerate(cells.iter_rows(), start=1):
            values = [_plain(value) for value in row]
            if all(value is None for value in values):
                continue
            if not names:
                names = ["" if value is None else str(value).strip() for value in values]
                yield [name for name in names if name]
                continue
            for at, (name, value) in enumerate(zip(names, values, strict=True)):
                if not name and value is not None:
                    raise QueryError(
                        f"column {_letters(first + at)} has no name, and holds {str(value)!r}",
                        where=f"{spec.shown}, sheet '{sheet}', row {number}",
                        hint="name it in the first row of the sheet that is not empty",
                    )
            yield [value for name, value in zip(names, values, strict=True) if name]
        if not names:
            raise QueryError(f"the sheet '{sheet}' is empty", where=spec.shown, hint="its first row names the columns")


def _sheet(book: Any, spec: FileSpec) -> str:
    """Return the sheet that is asked for; a chart or a macro can be one as well, and has no rows."""
    from python_calamine import SheetTypeEnum

    names = [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if not names:
        raise QueryError("the spreadsheet has no sheet of rows", where=spec.shown)
    sheet = str(spec.options.get("sheet", names[0]))
    if sheet not in names:
        raise QueryError(f"there is no sheet '{sheet}'", where=spec.shown, hint=nearest(sheet, names))
    return sheet


@contextmanager
def _opened(path: Path, spec: FileSpec) -> Iterator[Any]:
    try:
        import python_calamine
    except ImportError:
        raise ConnectionFailed(
            "spreadsheets need the package python-calamine",
            where=spec.where,
            hint="pip install python-calamine",
        ) from None
    try:
        with path.open("rb") as stream, python_calamine.CalamineWorkbook.from_filelike(stream) as book:
            yield book
    except python_calamine.CalamineError as error:
        raise QueryError(f"it is no spreadsheet: {str(error).splitlines()[0]}", where=spec.shown) from None


def _plain(value: Any) -> Any:
    """Return a cell's value: spreadsheets know floating numbers alone, and hold texts where nothing is."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, time | timedelta):
        return str(value)
    return None if value == "" else value


def _letters(at: int) -> str:
    """Return the letters of a column, as a spreadsheet shows them.

    Examples
    --------
    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    above, last = divmod(at, _LETTERS)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)
