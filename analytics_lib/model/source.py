"""The source file: where rows come from, and where they land."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from analytics_lib.model.columns import RESERVED
from analytics_lib.model.experiment_parts import Strict, need
from analytics_lib.model.files import FILE_KEYS, FORMAT_KEYS, FORMATS, SECRET, Format, ending_of, format_of
from analytics_lib.model.source_parts import Kind, Landing, Rest


class DataSource(Strict):
    """One source: ``sources/NAME.yml``. The file's name, without its ending, is the source's name."""

    title: str = Field("", description="Title for readers; the name by default.")
    owner: str = Field(min_length=1, description="Who answers for it: a name or an e-mail address.")
    description: str = Field("", description="What it holds, in a sentence or two.")
    rest: Rest | None = Field(None, description="A service on the web that answers with JSON.")
    file: str | None = Field(None, min_length=1, description="A file: a path of the workspace, or an address.")
    format: Format | None = Field(None, description="Of a file: its format, which the ending tells by default.")
    encoding: str | None = Field(None, min_length=1, description="Of a CSV file: cp1252, say; UTF-8 by default.")
    separator: str | None = Field(None, description="Of a CSV file: one character; else told by its first line.")
    decimal: str | None = Field(None, description="Of a CSV file: what stands before decimals; a full stop by default.")
    thousands: str | None = Field(None, description="Of a CSV file: what stands between thousands.")
    sheet: str | None = Field(None, min_length=1, description="Of a spreadsheet: the sheet; the first one by default.")
    connection: str | None = Field(None, min_length=1, description="A connection to copy from, by a query.")
    query: str | None = Field(None, min_length=1, description="The SELECT whose rows are copied.")
    fields: dict[str, str] = Field(
        default_factory=dict, description="Column → path in a row: email: properties.email. All keys without it."
    )
    columns: dict[str, Kind] = Field(default_factory=dict, description="Column → its type, where it is to be told.")
    into: Landing = Field(description="Where rows land.")
    checks: str | None = Field(None, min_length=1, description="A suite that must hold: expectations/NAME.json.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = [key for key in ("rest", "file", "connection") if getattr(self, key) is not None]
        need(len(given) == 1, given[-1] if given else "into",
             f"the rows have {len(given) or 'no'} sources{': ' * bool(given)}{' and '.join(given)}; "
             "give one of rest, file, and connection with query")  # fmt: skip
        need((self.connection is None) == (self.query is None), "connection" if self.connection else "query",
             "connection and query belong together; the query says which rows are copied")  # fmt: skip
        mark = self.into.incremental
        if mark is not None:
            need(self.rest is None or mark.param is not None, "into",
                 "the mark of an incremental load is sent as no parameter; add `param: updated_since`")  # fmt: skip
            need(self.query is None or ":since" in self.query, "query",
                 "the load is incremental and the query does not name :since; write `where at >= :since`")  # fmt: skip
            need(self.query is None or mark.start is not None, "into",
                 "the first load has nothing to bind :since to; add `start: 2000-01-01`")  # fmt: skip
            need(self.file is None, "into", "a file is read whole; leave `incremental` out")
        if self.fields:
            for name in [*self.into.key, *([mark.field] if mark else []), *self.columns]:
                need(name in self.fields, "fields", f"the column '{name}' is not among the fields; add it")
        for name in (*self.fields, *self.columns):
            need(name.lower() not in RESERVED, "fields" if name in self.fields else "columns",
                 f"the column '{name}' is one of the library's own; give it another name")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        given = [key for key in FILE_KEYS if getattr(self, key) is not None]
        if self.file is None:
            need(not given, given[0] if given else "file", "the key is about a file, and there is none; add `file: …`")
            return self
        format_ = self.format or format_of(self.file)
        need(not SECRET.search(self.file), "file",
             'a secret stands in the file; put it into the environment and write "${NAME}"')  # fmt: skip
        need(format_ is not None or "${" in self.file, "file",
             f"the ending '{ending_of(self.file)}' tells no format; add `format: csv`, or another of "
             f"{', '.join(FORMATS)}")  # fmt: skip
        for key in given:
            said, known = getattr(self, key), FORMAT_KEYS.get(format_, ()) if format_ else FILE_KEYS
            need(key == "format" or key in known, key,
                 f"{key} is nothing of a file of format {format_}; leave it out")  # fmt: skip
            need(key not in {"separator", "decimal", "thousands"} or len(said) == 1, key,
                 f"{key} is '{said}'; one character is right")  # fmt: skip
        need(self.thousands is None or self.thousands != (self.decimal or "."), "thousands",
             "thousands and decimals have one mark; add what stands before decimals: `decimal: \",\"`")  # fmt: skip
        return self

    @property
    def kind(self) -> str:
        """What rows come from: ``rest``, ``file`` or ``query``."""
        return "rest" if self.rest is not None else "file" if self.file is not None else "query"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of source files, for editors."""
    schema = DataSource.model_json_schema()
    key = schema["$defs"]["Landing"]["properties"]["key"]  # one column may stand without a list
    key["anyOf"] = [{"type": "string"}, {"type": key.pop("type"), "items": key.pop("items")}]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "analytics_lib source file"}
    return {**schema, **head}
