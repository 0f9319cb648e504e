"""A small workspace on a DuckDB of eight orders, and the command ``analytics`` in it."""

from __future__ import annotations

import contextlib
import html
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

CONFIG = """\
[site]
title = "Shop"

[connections.warehouse]
url = "duckdb:///data/shop.duckdb"
"""

REPORT = """\
title: "Orders of the {region}"
notebook: notebooks/orders.ipynb
owner: shop@example.com

parameters:
  region: {choices: [north, south]}
  top: {min: 1, max: 5}
  as_of: {type: date}
"""

CELLS = (
    """\
region: str = "north"  # which region
top: int = 3  # how many orders to list
as_of: str = "2026-06-30"  # data up to and including this day""",
    """\
import analytics_lib as al

db = al.connect("warehouse")""",
    """\
query = "select * from orders where region = :region and day <= :as_of order by id limit :top"
orders = db.sql(query, region=region, as_of=as_of, top=top)""",
    """\
al.output("orders", orders)
al.finding(f"{len(orders)} orders for {orders['amount'].sum():.0f}")""",
    "orders",
)
"""The code cells; a heading stands above them, so the parameters cell is the notebook's second."""

PARAMETERS, CONNECT, QUERY, FINDING, SHOW = 2, 3, 4, 5, 6
"""Numbers of the cells, as an analyst counts them."""

ORDERS = """
create table orders (id integer, day date, region varchar, amount double);
insert into orders values
  (1, '2026-06-01', 'north', 10), (2, '2026-06-02', 'north', 20), (3, '2026-06-03', 'north', 30),
  (4, '2026-06-04', 'north', 40), (5, '2026-06-01', 'south', 15), (6, '2026-06-02', 'south', 25),
  (7, '2026-06-03', 'south', 35), (8, '2026-06-04', 'south', 45);
"""


BANNER = re.compile(r'<div class="banner".*?</div>', re.DOTALL)
SINCE = re.compile(
    r"since (.*? UTC)(?:, because it failed its checks)?: (.*?)(?: <a [^>]*>See the run that failed</a>)?</p>",
    re.DOTALL,
)
FAILED_RUN = "orders/index~failed.html"


@dataclass(frozen=True)
class Ran:
    """What a command said and left with."""

    code: int
    out: str
    err: str

    def __post_init__(self):
        assert "Traceback" not in self.out + self.err, self.err

    @property
    def errors(self):
        """Each error as one line: the sentence and its hint."""
        found = re.findall(r"^Error (.*(?:\n {6}(?!Failed run: ).*)?)", self.err, re.MULTILINE)
        return [re.sub(r"\n\s+", " ", each) for each in found]

    @property
    def error(self):
        """The only error."""
        assert len(self.errors) == 1, self.out + self.err
        return self.errors[0]

    @property
    def pages(self):
        """Page → status, of a command that was asked for JSON."""
        return {page["page"]: page["status"] for page in json.loads(self.out)["pages"]}


@dataclass
class Shop:
    """A workspace, and the command in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def site(self):
        return self.root / "site"

    @property
    def state(self):
        return self.root / ".analytics"

    @property
    def database(self):
        return self.root / "data" / "shop.duckdb"

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def replace(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        return self.write(name, text.replace(old, new, 1))

    def report(self, old, new):
        """Change the report file."""
        self.replace("reports/orders.yml", old, new)

    def config(self, text):
        """Add to ``analytics.toml``."""
        self.write("analytics.toml", CONFIG + text)

    def cell(self, number, source):
        """Change a cell of the notebook, counted as an analyst counts them."""
        path = self.root / "notebooks/orders.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["cells"][number - 1]["source"] = source
        path.write_text(json.dumps(content), encoding="utf-8")

    def suite(self, *expectations, name="orders"):
        """Write a suite; each expectation is a type with its arguments and perhaps a severity."""
        listed = [dict(zip(("type", "kwargs", "severity"), each, strict=False)) for each in expectations]
        self.write(f"expectations/{name}.json", json.dumps({"name": name, "expectations": listed}, indent=2))

    def sql(self, script):
        """Change the data."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(script)

    def call(self, *arguments):
        """Run the command in this process, which knows the libraries already."""
        from analytics_lib.cli.app import main

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.chdir(self.root):
            try:
                main(list(arguments))
                code = 0
            except SystemExit as left:
                code = left.code or 0
        return Ran(code, out.getvalue(), err.getvalue())

    def refused(self, *arguments):
        """Run the command in this process; it must call the input bad, and change nothing. Return its sentence."""
        before = self.published()
        ran = self.call(*arguments or ("build",))
        assert ran.code == 2, ran.out + ran.err
        assert self.published() == before
        return ran.error

    def stopped(self, *arguments, code=4):
        """Run the command; it must leave the page up under a banner that says since when and why. Return its sentence.

        What the command says is then what the banner says.
        """
        before, current = self.files(), self.current()
        ran = self.call(*arguments or ("build",))
        assert ran.code == code, ran.out + ran.err
        assert self.current() == current
        after = self.files()
        before.pop(FAILED_RUN, None)
        told = f"Failed run: site/{FAILED_RUN}\n" in ran.err
        assert (after.pop(FAILED_RUN, None) is not None) == told == (code == 4)
        changed = {name for name in after if after[name] != before.get(name)}
        assert after.keys() == before.keys()
        assert changed == {"index.html", "orders/index.html"}
        page = after["orders/index.html"].decode()
        found = BANNER.findall(page)
        assert len(found) == 1
        assert BANNER.sub("<!-- analytics:banner -->", page) == before["orders/index.html"].decode()
        assert ('href="index~failed.html"' in found[0]) == (code == 4)
        since, reason = SINCE.search(html.unescape(found[0])).groups()
        assert datetime.strptime(since, "%d %b %Y, %H:%M UTC").replace(tzinfo=UTC) <= datetime.now(UTC)
        assert reason[:-1].lower().replace("; ", ". ") in ran.error.lower().replace("; ", ". ")
        return ran.error

    def start(self, *arguments):
        """Start the command in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "analytics_lib.cli.app", *arguments],
            cwd=self.root, env={**os.environ, **self.environment}, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments):
        """Run the command and wait for it."""
        return finish(self.start(*arguments))

    def built(self, *arguments):
        """Build all reports in this process, which must succeed; return page → status."""
        ran = self.call("build", "--json", *arguments)
        assert ran.code == 0, ran.out + ran.err
        return ran.pages

    def files(self):
        """Every file of the site with its bytes."""
        return {str(path.relative_to(self.site)): path.read_bytes() for path in self.site.rglob("*") if path.is_file()}

    def page(self, name="orders/index.html"):
        return (self.site / name).read_text(encoding="utf-8")

    def rows(self, query):
        """Ask the state database, past the library."""
        with contextlib.closing(sqlite3.connect(self.state / "state.db")) as connection:
            return connection.execute(query).fetchall()

    def current(self):
        """Report, page → number of the version shown."""
        query = "select p.report, p.page, v.number from pages p join versions v on v.id = p.version"
        return {(report, page): number for report, page, number in self.rows(query)}

    def published(self):
        """All that a reader can see, and what is said to be current."""
        return self.files(), self.rows("select * from pages order by report, page"), self.current()


def finish(process, timeout=180):
    """Wait for a command that was started."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ran(process.returncode, out, err)


def make_shop(root, *, report=REPORT, cells=CELLS):
    """Make the workspace at `root`; nothing is published yet."""
    shop = Shop(root)
    shop.write("analytics.toml", CONFIG)
    shop.write("reports/orders.yml", report)
    shop.write("notebooks/orders.ipynb", notebook(cells))
    shop.database.parent.mkdir()
    shop.sql(ORDERS)
    return shop


def copy_shop(source, root):
    """Copy a workspace with all that is published; nothing in it depends on where it lies."""
    shutil.copytree(source.root, root, symlinks=True)
    return Shop(root)


def notebook(cells, *, heading="# Orders"):
    """Return a notebook's text; the first cell is the one with the parameters."""
    blank = {"cell_type": "code", "execution_count": None, "outputs": []}
    content = [{"cell_type": "markdown", "id": "heading", "metadata": {}, "source": heading}]
    content += [
        {**blank, "id": f"cell-{number}", "metadata": {"tags": ["parameters"]} if number == 0 else {}, "source": source}
        for number, source in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": content, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
