"""Lines of CSV and of JSON, one at a time: what is broken is named by its line."""

from __future__ import annotations

import codecs
import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_lib.model.files import FileSpec

_SEPARATORS: Final = ",;\t|"
_SHOWN: Final = 60
_CHUNK: Final = 64 * 1024


def encoding_of(spec: FileSpec) -> str:
    """Return the encoding of a file of text; the mark that UTF-8 may begin with is not part of the text.

    Raises
    ------
    QueryError
        There is no encoding of the name that is given.
    """
    encoding = str(spec.options.get("encoding", "utf-8"))
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding).close()  # knows encodings of text from others
    except LookupError:
        raise QueryError(
            f"there is no encoding '{encoding}'", where=spec.shown, hint='"utf-8" or "cp1252", say'
        ) from None
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def separator_of(spec: FileSpec, path: Path) -> str:
    """Return what stands between the values of a CSV file: what is said, else what is most frequent in its first line.

    Raises
    ------
    QueryError
        It is not one character, or the first line is of another encoding.
    """
    said = spec.options.get("separator")
    if said is None:
        with path.open(encoding=encoding_of(spec)) as stream:
            try:
                first = stream.readline()
            except UnicodeDecodeError as error:
                raise _undecodable(path, spec, error) from None
        return max(_SEPARATORS, key=first.count)
    if len(str(said)) != 1:
        raise QueryError(
            f"the separator is '{said}'", where=spec.shown, hint='give it one character: ";" say, or "\\t" for a tab'
        )
    return str(said)


def csv_rows(path: Path, spec: FileSpec) -> Iterator[tuple[int, list[str]]]:
    """Yield the header of a CSV file, then the values of each line, with its number; empty lines are passed over.

    Raises
    ------
    QueryError
        There is no header, a line has not as many values as it, a quote is never closed, or a byte is no text.
    """
    separator = separator_of(spec, path)
    header: list[str] = []
    begun = 1
    with path.open(encoding=encoding_of(spec), newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        try:
            for values in reader:
                if header and values and len(values) != len(header):
                    raise QueryError(
                        f"the line has {len(values)} values, and there are {len(header)} columns: "
                        f"{short(separator.join(values))}",
                        where=f"{spec.shown}:{begun}",
                        hint="a field that holds the separator stands in double quotes",
                    )
                if values:
                    header = header or values
                    yield begun, values
                begun = reader.line_num + 1
        except csv.Error as error:
            raise QueryError(
                f"the line cannot be read: {error}",
                where=f"{spec.shown}:{begun}",
                hint='close the quote, and write " within it as ""',
            ) from None
        except UnicodeDecodeError as error:
            raise _undecodable(path, spec, error) from None
    if not header:
        raise QueryError("the file is empty", where=spec.shown, hint="its first line names the columns")


def json_rows(path: Path, spec: FileSpec) -> Iterator[dict[str, Any]]:
    """Yield the object of each line; empty lines are passed over.

    Raises
    ------
    QueryError
        A line is no JSON, or no object.
    """
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            where, hint = f"{spec.shown}:{number}", "each line is one object: {…}"
            try:
                told = json.loads(line)
            except UnicodeDecodeError as error:
                raise QueryError(
                    f"byte {line[error.start]:#04x} is no utf-8", where=where, hint="save the file as UTF-8"
                ) from None
            except (ValueError, RecursionError) as error:
                raise QueryError(f"the line is no JSON: {error}", where=where, hint=hint) from None
            if not isinstance(told, dict):
                raise QueryError(f"the line holds {short(str(told))!r}", where=where, hint=hint)
            yield told


def short(text: str) -> str:
    """Return as much of a text as an error shows."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _undecodable(path: Path, spec: FileSpec, error: UnicodeDecodeError) -> QueryError:
    """Return the error of a byte that is no text, with its line; the decoder itself counts none."""
    encoding = encoding_of(spec)
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            state = decoder.getstate()
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError:
                decoder.setstate(state)
                line += _lines_before(decoder, chunk)
                break
    return QueryError(
        f"byte {error.object[error.start]:#04x} is no {encoding.removesuffix('-sig')}",
        where=f"{spec.shown}:{line}",
        hint='name the encoding that the file has: encoding = "cp1252", say',
    )


def _lines_before(decoder: codecs.IncrementalDecoder, chunk: bytes) -> int:
    lines = 0
    for at in range(len(chunk)):
        try:
            lines += decoder.decode(chunk[at : at + 1]).count("\n")
        except UnicodeDecodeError:
            break
    return lines
