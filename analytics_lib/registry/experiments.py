"""What the state database is asked and told about experiments."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Engine, Row, Subquery, Table, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from analytics_lib.errors import ExperimentError, nearest
from analytics_lib.registry.database import aware, naive, open_database, transaction
from analytics_lib.registry.records import Look, NewExperiment, Step, StoredExperiment
from analytics_lib.registry.tables import experiment_looks, experiment_steps, experiments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

DRAFT, RUNNING, STOPPED, DECIDED = "draft", "running", "stopped", "decided"
STATUSES: Final = (DRAFT, RUNNING, STOPPED, DECIDED)

NEXT: Final[Mapping[str, str]] = {DRAFT: RUNNING, RUNNING: STOPPED, STOPPED: DECIDED}
"""The only step that each status takes."""
_ADVICE: Final[Mapping[str, str]] = {
    DRAFT: "it has not started: `analytics experiment start {name}`",
    RUNNING: "stop it first: `analytics experiment stop {name} --why …`",
    STOPPED: "decide it: `analytics experiment decide {name} ship --why …`",
    DECIDED: "its life is over: register a new experiment under another name",
}


class ExperimentRegistry:
    """The experiments of a state database. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(self, experiment: NewExperiment, *, who: str, at: datetime, why: str) -> StoredExperiment:
        """Register an experiment as a draft.

        Raises
        ------
        ExperimentError
            There is one of that name.
        """
        values = {name: getattr(experiment, name) for name in NewExperiment.__dataclass_fields__}
        row = {**values, "tags": [*experiment.tags], "status": DRAFT, "registered_at": naive(at)}
        step = {"experiment": experiment.name, "at": naive(at), "who": who, "why": why, "after": DRAFT}
        with transaction(self._engine) as connection:
            try:
                connection.execute(insert(experiments).values(**row))
            except IntegrityError:
                raise _exists(experiment.name) from None
            connection.execute(insert(experiment_steps).values(**step))
        return StoredExperiment(**values, status=DRAFT, decision=None, registered_at=at)

    def require_new(self, name: str) -> None:
        """Refuse a name that is taken.

        Raises
        ------
        ExperimentError
            There is an experiment of that name.
        """
        with transaction(self._engine) as connection:
            if connection.execute(select(experiments.c.name).where(experiments.c.name == name)).first() is not None:
                raise _exists(name)

    def get(self, name: str) -> StoredExperiment:
        """Return an experiment.

        Raises
        ------
        ExperimentError
            There is none of that name.
        """
        with transaction(self._engine) as connection:
            row = connection.execute(select(experiments).where(experiments.c.name == name)).first()
            if row is None:
                raise _unknown(connection, name)
        return _stored(row)

    def find(
        self, *, search: str | None = None, status: str | None = None, owner: str | None = None, tag: str | None = None
    ) -> list[StoredExperiment]:
        """Return the experiments that fit, the latest start first.

        Parameters
        ----------
        search
            Words that must all stand in name, title, hypothesis, owner, tags or a metric's name, whatever their case.
        status
            One of `STATUSES`.
        owner
            Part of the owner's name.
        tag
            A whole tag.

        Raises
        ------
        ExperimentError
            There is no such status.
        """
        if status is not None and status not in STATUSES:
            raise ExperimentError(f"there is no status '{status}'", hint=nearest(status, STATUSES))
        query = select(experiments).order_by(experiments.c.start.desc(), experiments.c.name)
        if status is not None:
            query = query.where(experiments.c.status == status)
        if owner is not None:
            query = query.where(func.lower(experiments.c.owner).contains(owner.lower(), autoescape=True))
        with transaction(self._engine) as connection:
            found = [_stored(row) for row in connection.execute(query)]
        words = (search or "").lower().split()
        kept = [each for each in found if all(word in _searched(each) for word in words)]
        return [each for each in kept if tag is None or tag in each.tags]

    def step(
        self, name: str, after: str, *, who: str, at: datetime, why: str, decision: str | None = None
    ) -> StoredExperiment:
        """Take an experiment's next step. Of several who take it at once one succeeds.

        Parameters
        ----------
        name
            The experiment.
        after
            The status that it is to have.
        who, at, why
            Kept with the step.
        decision
            How it was decided, with the step to `DECIDED`.

        Raises
        ------
        ExperimentError
            There is none of that name, or its status allows no such step.
        """
        before = next((first for first, last in NEXT.items() if last == after), None)
        here = (experiments.c.name == name) & (experiments.c.status == before)
        values = {"status": after, **({"decision": decision} if decision is not None else {})}
        row = {
            "experiment": name, "at": naive(at), "who": who, "why": why,
            "before": before, "after": after, "decision": decision,
        }  # fmt: skip
        with transaction(self._engine) as connection:
            # The update comes first: it takes the lock, and whoever comes second finds another status.
            if connection.execute(update(experiments).where(here).values(**values)).rowcount != 1:
                raise self._refused(connection, name, after)
            connection.execute(insert(experiment_steps).values(**row))
            stored = connection.execute(select(experiments).where(experiments.c.name == name)).one()
        return _stored(stored)

    def steps(self, name: str) -> list[Step]:
        """Return the steps of an experiment's life, in order."""
        query = select(experiment_steps).where(experiment_steps.c.experiment == name).order_by(experiment_steps.c.id)
        with transaction(self._engine) as connection:
            return [
                Step(row.who, aware(row.at), row.why, row.before, row.after, row.decision)
                for row in connection.execute(query)
            ]

    def add_look(self, name: str, look: Look) -> None:
        """Keep what was seen; `data` must be plain JSON without NaN and infinities."""
        values = {
            "experiment": name, "at": naive(look.at), "who": look.who, "verdict": look.verdict, "data": look.data,
        }  # fmt: skip
        with transaction(self._engine) as connection:
            if connection.execute(select(experiments.c.name).where(experiments.c.name == name)).first() is None:
                raise _unknown(connection, name)
            connection.execute(insert(experiment_looks).values(**values))

    def looks(self, name: str, *, newest: int | None = None, data: bool = True) -> list[Look]:
        """Return the looks at an experiment, oldest first; or the `newest` so many of them.

        Without `data` it is told when there was a look, and what it said, but not all that was seen.
        """
        told = [experiment_looks.c[name] for name in ("who", "at", "verdict")]
        query = select(*told, experiment_looks.c.data if data else literal({}, JSON).label("data"))
        query = query.where(experiment_looks.c.experiment == name)
        query = query.order_by(experiment_looks.c.id.desc()).limit(newest)
        with transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Look(row.who, aware(row.at), row.verdict, row.data) for row in reversed(rows)]

    def marks(self) -> dict[str, str]:
        """Return a mark for each experiment: it is another one after each step and each look."""
        steps = _newest(experiment_steps)
        looks = _newest(experiment_looks)
        query = select(experiments.c.name, experiments.c.registered_at, steps.c.id, steps.c.at, looks.c.id, looks.c.at)
        query = query.outerjoin(steps, steps.c.experiment == experiments.c.name)
        query = query.outerjoin(looks, looks.c.experiment == experiments.c.name)
        with transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return {name: hashlib.sha256(repr(rest).encode()).hexdigest() for name, *rest in rows}

    def verdicts(self) -> dict[str, str | None]:
        """Return the verdict of the newest look at each experiment that was looked at."""
        newest = select(func.max(experiment_looks.c.id)).group_by(experiment_looks.c.experiment)
        query = select(experiment_looks.c.experiment, experiment_looks.c.verdict)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.where(experiment_looks.c.id.in_(newest))).all()
        return {row.experiment: row.verdict for row in rows}

    @staticmethod
    def _refused(connection: Connection, name: str, after: str) -> ExperimentError:
        status = connection.execute(select(experiments.c.status).where(experiments.c.name == name)).scalar()
        if status is None:
            return _unknown(connection, name)
        said = f"is {status} already" if status == after else f"is {status} and cannot become {after}"
        return ExperimentError(
            f"the experiment {said}", where=f"experiment '{name}'", hint=_ADVICE[status].format(name=name)
        )


def open_experiments(url: str, *, where: str | None = None) -> ExperimentRegistry:
    """Return the experiments of the state database at `url`, which was given at `where`.

    Raises
    ------
    WorkspaceError, PublishError
        It cannot be opened.
    """
    return ExperimentRegistry(open_database(url, where=where))


def _newest(table: Table) -> Subquery:
    """Return the newest row of each experiment: its id and its time."""
    columns = table.c.experiment, func.max(table.c.id).label("id"), func.max(table.c.at).label("at")
    return select(*columns).group_by(table.c.experiment).subquery()


def _exists(name: str) -> ExperimentError:
    return ExperimentError(
        f"there is an experiment '{name}' already",
        hint=f"give another name; `analytics experiment show {name}` shows the one there is",
    )


def _unknown(connection: Connection, name: str) -> ExperimentError:
    names = [*connection.scalars(select(experiments.c.name))]
    hint = nearest(name, names) if names else "register one: `analytics experiment add FILE`"
    return ExperimentError(f"there is no experiment '{name}'", hint=hint)


def _searched(experiment: StoredExperiment) -> str:
    more = (str(experiment.definition.get("hypothesis", "")), *experiment.definition.get("metrics", {}))
    return "\n".join((experiment.name, experiment.title, experiment.owner, *experiment.tags, *more)).lower()


def _stored(row: Row[Any]) -> StoredExperiment:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
    return StoredExperiment(
        **{**values, "tags": tuple(values["tags"]), "registered_at": aware(values["registered_at"])}
    )
