"""The source file: where rows come from, and where they land."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from analytics_lib.model.columns import RESERVED
from analytics_lib.model.experiment_parts import Strict, need
from analytics_lib.model.source_parts import Kind, Landing, Rest


class DataSource(Strict):
    """One source: ``sources/NAME.yml``. The file's name, without its ending, is the source's name."""

    title: str = Field("", description="Title for readers; the name by default.")
    owner: str = Field(min_length=1, description="Who answers for it: a name or an e-mail address.")
    description: str = Field("", description="What it holds, in a sentence or two.")
    rest: Rest | None = Field(None, description="A service on the web that answers with JSON.")
    file: str | None = Field(None, min_length=1, description="A file of the workspace: CSV or JSON lines.")
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
