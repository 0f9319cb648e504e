"""The parts of a source file: a service on the web, its ways in, how its pages follow each other, where rows land."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from analytics_lib.model.experiment_parts import Strict, need

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_]\w*\}")
_RATE: Final = re.compile(r"(?P<count>\d+(?:\.\d+)?) ?/ ?(?P<unit>s|min|h)")
_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}
_TABLE: Final = re.compile(r"(?:[A-Za-z_]\w*\.)?[A-Za-z_]\w*")
_LONGEST_TABLE: Final = 48  # PostgreSQL's names end at 63 bytes, and ``__quarantine`` follows

Kind = Literal["boolean", "integer", "number", "decimal", "date", "timestamp", "text", "json"]
"""What a column holds; ``analytics_lib.model.columns`` says what fits."""


def _secret(value: str | None) -> str | None:
    if value is not None and not _VARIABLE.search(value):
        raise ValueError('a secret stands in the file; put it into the environment and write "${NAME}"')
    return value


class Key(Strict):
    """A key that is sent under a name."""

    name: str = Field(min_length=1, description="Name of the header, or of the parameter of the address.")
    value: str = Field(description="The key, from the environment: ${NAME}.")

    _value = field_validator("value")(_secret)


class Basic(Strict):
    """An account and its password."""

    user: str = Field(min_length=1, description="The account.")
    password: str = Field(description="Its password, from the environment: ${NAME}.")

    _password = field_validator("password")(_secret)


class ClientCredentials(Strict):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4)."""

    token_url: str = Field(description="Where tokens are given out.")
    client_id: str = Field(min_length=1, description="The client's name.")
    client_secret: str = Field(description="Its secret, from the environment: ${NAME}.")
    scope: str | None = Field(None, description="What the token is for, where the service asks for it.")
    send: Literal["body", "basic"] = Field("body", description="Where name and secret go: the body, or basic.")

    _client_secret = field_validator("client_secret")(_secret)

    @field_validator("token_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _web_address(value)


class Auth(Strict):
    """How the service lets us in: one of these."""

    bearer: str | None = Field(None, description="A token, from the environment: ${NAME}.")
    header: Key | None = Field(None, description="A key in a header.")
    query: Key | None = Field(None, description="A key in the address.")
    basic: Basic | None = Field(None, description="An account and its password.")
    oauth2: ClientCredentials | None = Field(None, description="OAuth 2.0 client credentials.")

    _bearer = field_validator("bearer")(_secret)

    @model_validator(mode="after")
    def _one(self) -> Self:
        _require_one(self, "auth")
        return self


class ByNumber(Strict):
    """Pages are numbered."""

    param: str = Field("page", min_length=1, description="Parameter of the page's number.")
    start: int = Field(1, ge=0, description="Number of the first page.")
    size_param: str | None = Field(None, min_length=1, description="Parameter of the rows a page.")
    size: int = Field(100, ge=1, description="Rows a page, where size_param is given.")
    pages: str | None = Field(None, min_length=1, description="Path to the number of pages in the answer.")


class ByOffset(Strict):
    """Pages begin after so many rows."""

    param: str = Field("offset", min_length=1, description="Parameter of the rows to pass over.")
    limit_param: str = Field("limit", min_length=1, description="Parameter of the rows a page.")
    limit: int = Field(100, ge=1, description="Rows a page.")
    total: str | None = Field(None, min_length=1, description="Path to the number of all rows in the answer.")


class ByCursor(Strict):
    """Each page says how to ask for the next one."""

    param: str = Field(min_length=1, description="Parameter that the cursor is sent as.")
    next: str = Field(min_length=1, description="Path to the next cursor in the answer; absent or null on the last.")


class ByLink(Strict):
    """Each page has the address of the next one: in its Link header (RFC 8288), or in the answer."""

    next: str | None = Field(None, min_length=1, description="Path to the address in the answer; else the Link header.")


class Paging(Strict):
    """How pages follow each other: one of the first four."""

    number: ByNumber | None = Field(None, description="Pages are numbered.")
    offset: ByOffset | None = Field(None, description="Pages begin after so many rows.")
    cursor: ByCursor | None = Field(None, description="Each page holds a cursor to the next.")
    link: ByLink | None = Field(None, description="Each page holds the address of the next.")
    limit: int = Field(10_000, ge=1, description="Pages at most; more are an error.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        _require_one(self, "page", besides=("limit",))
        return self


class Rest(Strict):
    """A service on the web that answers with JSON."""

    base: str = Field(description="The beginning of all its addresses.")
    path: str = Field("", description="What is asked for, behind the base.")
    params: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Parameters of the address; values may be from the environment."
    )
    headers: dict[str, str] = Field(default_factory=dict, description="Further headers.")
    auth: Auth | None = Field(None, description="How the service lets us in.")
    records: str | None = Field(None, min_length=1, description="Path to the list of rows in the answer: data.items.")
    page: Paging | None = Field(None, description="How pages follow each other; one page without it.")
    rate: str | None = Field(None, description="Requests at most: 10/s, 100/min, 1000/h.")
    timeout: float = Field(30.0, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(5, ge=0, le=20, description="How often a request is repeated that may succeed later.")
    patience: float = Field(300.0, ge=0, description="Seconds that are waited at most when the service asks to wait.")

    @field_validator("base")
    @classmethod
    def _address(cls, value: str) -> str:
        return _web_address(value)

    @field_validator("rate")
    @classmethod
    def _known_rate(cls, value: str | None) -> str | None:
        match = _RATE.fullmatch(value) if value is not None else None
        if value is not None and (match is None or float(match["count"]) <= 0):
            raise ValueError(f"the rate is '{value}'; 10/s, 100/min or 1000/h is right")
        return value

    @property
    def pause(self) -> float:
        """Seconds from one request to the next, at least."""
        match = _RATE.fullmatch(self.rate or "")
        return _SECONDS[match["unit"]] / float(match["count"]) if match else 0.0


class Incremental(Strict):
    """Load only what is new since the last load."""

    field: str = Field(min_length=1, description="Column whose greatest value marks how far the last load came.")
    param: str | None = Field(
        None, min_length=1, description="Parameter that the mark is sent as; of a query it is bound as :since."
    )
    start: str | int | None = Field(None, description="Mark of the first load; without it all is loaded.")

    @field_validator("start", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value  # YAML reads a day by itself


class Landing(Strict):
    """Where rows land."""

    connection: str = Field(min_length=1, description="A connection of analytics.toml with read_only = false.")
    table: str = Field(description="The table, with its schema: crm.contacts. It is made by the first load.")
    key: list[str] = Field(default_factory=list, description="Column, or list of columns, that tells rows apart.")
    mode: Literal["upsert", "replace", "append"] = Field(
        "replace", description="What becomes of rows that are there: see below."
    )
    incremental: Incremental | None = Field(None, description="Load only what is new since the last load.")
    tolerate: float = Field(0.5, ge=0, le=1, description="Share of rows that may go to the quarantine.")

    @field_validator("key", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("table")
    @classmethod
    def _named(cls, value: str) -> str:
        if not _TABLE.fullmatch(value):
            raise ValueError(f"'{value}' is no table's name; letters, digits and _ are right: crm.contacts")
        if len(value.rpartition(".")[2]) > _LONGEST_TABLE:
            raise ValueError(f"the table's name is longer than {_LONGEST_TABLE} letters; a shorter one is right")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        need(self.mode == "replace" or bool(self.key), "mode",
             f"mode {self.mode} has no key to tell rows apart by; add `key: id`")  # fmt: skip
        place = "mode" if "mode" in self.model_fields_set else "incremental"
        need(self.mode != "replace" or self.incremental is None, place,
             "an incremental load brings only what is new, and mode replace would drop the rest; "
             "write `mode: upsert`")  # fmt: skip
        return self


def _web_address(value: str) -> str:
    if _VARIABLE.match(value):
        return value
    if not re.match(r"https?://[^/\s?#]+", value):
        raise ValueError(f"'{value}' is no address; https://api.example.com/v2 is an example")
    if "?" in value or "#" in value or "@" in value.split("/")[2]:
        raise ValueError(
            "the address holds an account or parameters; keys of their own are right for them: auth, params"
        )
    return value


def _require_one(part: Strict, name: str, *, besides: tuple[str, ...] = ()) -> None:
    kinds = [key for key in type(part).model_fields if key not in besides]
    given = [key for key in kinds if getattr(part, key) is not None]
    if len(given) != 1:
        said = f"{' and '.join(given)} stand together" if given else "nothing is said"
        raise ValueError(f"{said} under {name}; one of {', '.join(kinds)} is right")
