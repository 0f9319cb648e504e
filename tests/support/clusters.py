"""Servers of a test's own, which it may stop, kill and start again: the shared ones are other tests' as well."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from support.servers import absent

LONGEST_S = 60


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def as_user(name):
    """Return how a process is started that must not be root's: as the account that its package has made."""
    return {"user": name, "group": name, "extra_groups": []} if os.geteuid() == 0 else {}


class Cluster:
    """A server, its folder and its port."""

    account = ""

    def __init__(self, folder):
        self.folder = folder
        self.options = []
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, self.account, self.account)

    def run(self, *command, **options):
        return subprocess.run(
            [str(each) for each in command], check=True, capture_output=True, text=True, timeout=LONGEST_S,
            cwd=self.folder, stdin=subprocess.DEVNULL, **as_user(self.account), **options,
        )  # fmt: skip

    def own(self, path):
        """Put a file where the server, and nobody else, may read it; return its new place."""
        owned = self.folder / path.name
        shutil.copyfile(path, owned)
        owned.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(owned, self.account, self.account)
        return owned

    def restart(self, mode):
        """Stop the server and start it again: ``fast`` ends its sessions, ``immediate`` just ends."""
        self.stop(mode)
        self.start()


class PostgreSQL(Cluster):
    account = "postgres"

    def __init__(self, folder, bin_folder):
        super().__init__(folder)
        self.bin = bin_folder
        self.data = folder / "data"
        self.run(self.bin / "initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", self.data)
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self):
        fixed = ("-p", self.port, "-k", self.folder, "-h", "127.0.0.1", "-c", "shared_buffers=16MB")
        options = " ".join(str(each) for each in (*fixed, *self.options))
        # Its output goes to a file: a pipe would stay open for as long as the server runs.
        self.run(self.bin / "pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode="immediate"):
        self.run(self.bin / "pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def session(self):
        return psycopg.connect(self.url, autocommit=True)

    def active(self, marker):
        """Return how many sessions have a statement under way that holds a text."""
        with self.session() as session:
            query = "select count(*) from pg_stat_activity where query like %s and pid <> pg_backend_pid()"
            return session.execute(f"{query} and state = 'active'", [f"%{marker}%"]).fetchone()[0]


class MariaDB(Cluster):
    account = "mysql"

    def __init__(self, folder, server):
        super().__init__(folder)
        self.server = server
        self.process = None
        self.run(
            "mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db",
            "--auth-root-authentication-method=normal",
        )  # fmt: skip
        self.url = f"mariadb+pymysql://root@127.0.0.1:{self.port}/lab"

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.server, "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket",
                 f"--pid-file={self.folder}/pid", f"--port={self.port}", "--bind-address=127.0.0.1",
                 "--innodb-buffer-pool-size=32M", *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **as_user(self.account),
            )  # fmt: skip
        until = time.monotonic() + LONGEST_S
        while not self.answers():
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            time.sleep(0.05)
        with self.session(None) as session:
            session.cursor().execute("create database if not exists lab")

    def answers(self):
        import pymysql

        with suppress(pymysql.err.OperationalError):
            self.session(None).close()
            return True
        return False

    def stop(self, mode="immediate"):
        self.process.send_signal(signal.SIGTERM if mode == "fast" else signal.SIGKILL)
        self.process.wait(LONGEST_S)

    def session(self, database="lab"):
        import pymysql

        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True)

    def active(self, marker):
        """Return how many sessions have a statement under way that holds a text."""
        with self.session() as session, session.cursor() as cursor:
            query = "select count(*) from information_schema.processlist where info like %s and id <> connection_id()"
            cursor.execute(query, [f"%{marker}%"])
            return cursor.fetchone()[0]


def _postgresql(folder):
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    if found:
        return PostgreSQL(folder, found[-1])
    initdb = shutil.which("initdb") or absent("PostgreSQL is not installed here; tests/services.sh installs it")
    return PostgreSQL(folder, Path(initdb).parent)


def _mariadb(folder):
    server = shutil.which("mariadbd") or absent("MariaDB is not installed here; tests/services.sh installs it")
    return MariaDB(folder, server)


@contextmanager
def cluster(kind):
    """Make a server that is up; stop and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))  # a socket's path must be short
    try:
        made = {"postgresql": _postgresql, "mariadb": _mariadb}[kind](folder)
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
