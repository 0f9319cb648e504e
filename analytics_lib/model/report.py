"""The report file: which notebook, which parameters, which checks, who owns it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, field_validator

from analytics_lib.model.checks import Severity
from analytics_lib.model.parameters import ParameterType
from analytics_lib.model.sizes import parse_size

Status = Literal["draft", "running", "stopped", "decided"]
_STATUSES: Final = {
    "anyOf": [{"const": "all"}, {"type": "array", "items": {"enum": [*get_args(Status)]}, "minItems": 1}]
}
Scalar = bool | int | float | str | date | datetime


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Refinement(_Strict):
    """What the report file adds to a parameter that the notebook declares."""

    type: ParameterType | None = Field(None, description="Type, where the notebook's own is too wide.")
    label: str = Field("", description="Name for readers.")
    help: str = Field("", description="What it is for.")
    default: Scalar | list[Scalar] | None = Field(None, description="Default that replaces the notebook's.")
    required: bool = Field(False, description="A value must be given; the notebook's default does not count.")
    choices: list[Scalar] | None = Field(None, min_length=1, description="The only legal values.")
    min: Scalar | None = Field(None, description="Smallest legal value.")
    max: Scalar | None = Field(None, description="Largest legal value.")


class Query(_Strict):
    """A SELECT on a connection of the workspace."""

    connection: str = Field(description="A connection of analytics.toml.")
    query: str = Field(min_length=1, description="One SELECT.")


class Registered(_Strict):
    """Experiments of the register, as the values of `for_each`."""

    experiments: Annotated[list[Status], WithJsonSchema(_STATUSES)] = Field(
        description="all, or those of some statuses: [running, stopped]."
    )

    @field_validator("experiments", mode="before")
    @classmethod
    def _known_statuses(cls, given: Any) -> Any:
        known = get_args(Status)
        if given == "all":
            return [*known]
        if not isinstance(given, list) or not given:
            raise ValueError(f"the experiments are {given!r}; all is right, or a list: [running, stopped]")
        wrong = [each for each in given if each not in known]
        if wrong:
            raise ValueError(f"there is no status {wrong[0]!r}; {', '.join(known)} are known")
        return given

    @property
    def every(self) -> bool:
        """Whether none is left out."""
        return {*self.experiments} == {*get_args(Status)}


class TableCheck(_Strict):
    """A suite on a source table, run in the database before the notebook."""

    suite: str = Field(description="Name of the suite: expectations/NAME.json.")
    connection: str = Field(description="A connection of analytics.toml.")
    table: str = Field(description="The table, with its schema: ops.flights.")
    severity: Severity | None = Field(None, description="Severity of all its expectations; the suite's own by default.")

    @property
    def subject(self) -> str:
        """What is checked, for a reader."""
        return f"{self.connection}: {self.table}"


class OutputCheck(_Strict):
    """A suite on a frame that the notebook hands over with ``output(name, frame)``."""

    suite: str = Field(description="Name of the suite: expectations/NAME.json.")
    output: str = Field(description="The name given to analytics_lib.output.")
    severity: Severity | None = Field(None, description="Severity of all its expectations; the suite's own by default.")

    @property
    def subject(self) -> str:
        """What is checked, for a reader."""
        return f"output: {self.output}"


def _kind_of_check(raw: object) -> str:
    """Tell the two kinds apart by their own keys, so that an error speaks of one of them only."""
    keys = raw if isinstance(raw, dict) else getattr(raw, "__dict__", {})
    return "output" if "output" in keys and "table" not in keys else "table"


Check = Annotated[
    Annotated[TableCheck, Tag("table")] | Annotated[OutputCheck, Tag("output")], Discriminator(_kind_of_check)
]


class Report(_Strict):
    """One report: ``reports/NAME.yml``.

    The file's name, without its ending, is the report's name: it stands in addresses and on the command line.
    """

    title: str = Field(min_length=1, description="Title; {parameter} stands for the parameter's label or value.")
    notebook: str = Field(description="The notebook, from the workspace's folder: notebooks/NAME.ipynb.")
    description: str = Field("", description="A sentence for the site's list.")
    owner: str = Field("", description="Who answers for it: a name or an e-mail address.")
    audience: str = Field("", description="Whom it is for.")
    tags: list[str] = Field(default_factory=list, description="Words to filter the site's list by.")
    time_zone: str = Field("UTC", description="IANA name of the zone in which the page shows times.")
    parameters: dict[str, Refinement] = Field(
        default_factory=dict, description="Refinements of the parameters that the notebook declares."
    )
    for_each: dict[str, Annotated[list[Scalar], Field(min_length=1)] | Query | Registered] = Field(
        default_factory=dict,
        description="One page for each value: a list, a query whose first column holds the values and whose optional "
        "column `label` names them, or the registered experiments. Several keys make the product.",
    )
    freshness: Query | None = Field(
        None, description="A query whose one value is the time up to which the data reaches."
    )
    checks: list[Check] = Field(default_factory=list, description="Suites on source tables and on output frames.")
    data: list[str] = Field(
        default_factory=list,
        description="Files the page depends on besides its connections (globs from the workspace).",
    )
    outputs: list[Literal["html"]] = Field(["html"], min_length=1, description="Forms to publish.")
    execution_timeout: int = Field(600, ge=1, description="Seconds a cell may take.")
    memory_limit: str | None = Field(
        None,
        description="Memory that its notebook and all that it starts may hold: 800 MB, 4 GB. No limit by default.",
    )
    always_render: bool = Field(
        False, description="Render on every run, for data whose changes cannot be seen from outside."
    )
    app: bool = Field(False, description="Open it also as an app, with `analytics apps`: parameters from the address.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"'{name}' is no IANA time zone; e.g. Europe/Berlin is one")
        return name

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, text: str | None) -> str | None:
        if text is not None:
            parse_size(text)
        return text

    @property
    def memory_bytes(self) -> int | None:
        """The memory limit in bytes."""
        return parse_size(self.memory_limit) if self.memory_limit else None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which times are shown."""
        return ZoneInfo(self.time_zone)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a report file, for editors."""
    schema = Report.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "analytics_lib report file", **schema}
