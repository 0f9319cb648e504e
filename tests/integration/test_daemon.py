"""The resident process: commands run in its children are the commands, only sooner."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.kernels import alive, gone, memory_of

from analytics_lib.cli import entry
from analytics_lib.example.workspace import copy_starter
from analytics_lib.forking.listing import running, stop
from analytics_lib.forking.places import FOLDER_VARIABLE, SUPPORTED

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="forking needs Linux")


@pytest.fixture(scope="module")
def own_folder():
    """Resident processes of these tests alone."""
    folder = Path(tempfile.mkdtemp(prefix="at-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder
        stop(running(), now=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def starter(tmp_path):
    root = tmp_path / "workspace"
    copy_starter(root)
    report = root / "reports" / "first_report.yml"
    report.write_text(report.read_text().replace("region: [north, south]", "region: [north]"))
    return root


@pytest.fixture
def command(own_folder, starter):
    """Run ``analytics`` as a person does, in the workspace."""

    def command(*arguments, environment=None, folder=starter, check=True):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "analytics"), *arguments], cwd=folder, capture_output=True, text=True,
            check=False, timeout=180, env={**os.environ, **(environment or {})},
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    return command


def residents():
    return {each.pid for each in running() if each.job == entry.JOB}


def test_the_same_pages_the_same_words(command, starter):
    ours = command("run", "first_report", "--force")
    assert len(residents()) == 1
    page = _without_moments((starter / "site/first_report/north.html").read_text())
    plain = command("run", "first_report", "--force", "--no-daemon")
    assert _without_moments(ours.stdout) == _without_moments(plain.stdout)
    assert _without_moments(ours.stderr) == _without_moments(plain.stderr)
    assert _without_moments((starter / "site/first_report/north.html").read_text()) == page


def _without_moments(text):
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.+]+|\d+ \w{3} 20\d\d(,? \d\d:\d\d)?", "MOMENT", text)
    text = re.sub(r"\d+\.\d( s)?", "SECONDS", text)
    text = re.sub(r"<dd>\d+ (·|<code)", "<dd>VERSION", text)
    text = re.sub(r"T_[0-9a-f]{5}", "TABLE", text)  # what pandas calls a styled table
    return re.sub(r" +", " ", text)


def test_without_it_no_process_is_started(command, own_folder):
    stop(running(), now=True)
    command("run", "first_report", "--force", "--no-daemon")
    assert running() == []
    command("run", "first_report", "--force", environment={"ANALYTICS_DAEMON": "off"})
    assert running() == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "nothing"], 2, "nothing"),
        (["run", "first_report", "-p", "regoin=north"], 2, "regoin"),
        (["run", "first_report", "--frce"], 2, "No such option"),
        (["check", "first_report"], 0, "No report checks a source table"),
    ],
)
def test_exit_codes_and_sentences_come_through(command, arguments, code, words):
    done = command(*arguments, check=False)
    assert done.returncode == code
    assert words in done.stderr + done.stdout


def test_the_callers_folder_and_environment(command, starter, tmp_path):
    notebook = starter / "notebooks/first_report.ipynb"
    content = json.loads(notebook.read_text())
    content["cells"].append({
        "cell_type": "code", "id": "own", "metadata": {}, "execution_count": None, "outputs": [],
        "source": "import os; print('given:', os.environ['GIVEN_NOW'])",
    })  # fmt: skip
    notebook.write_text(json.dumps(content))
    command("-w", "workspace", "run", "first_report", folder=tmp_path, environment={"GIVEN_NOW": "first"})
    assert "given: first" in (starter / "site/first_report/north.html").read_text()
    command("run", "first_report", "--force", environment={"GIVEN_NOW": "second"})
    assert "given: second" in (starter / "site/first_report/north.html").read_text()


def test_the_resident_process_holds_no_credentials(command):
    secret = "-".join(["halibut", str(4711), "resident"])
    command("run", "first_report", "--force", environment={"PASSWORD_OF_MINE": secret})
    for pid in {each.pid for each in running()}:
        assert secret.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
        assert secret.encode() not in memory_of(pid)


def test_a_terminal_is_a_terminal(command, starter):
    """Progress moves and words have colours where a person looks."""
    command("run", "first_report", "--force")  # warm
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(starter)
        os.environ["TERM"] = "xterm-256color"
        program = str(Path(sys.executable).parent / "analytics")
        os.execv(program, [program, "run", "first_report", "--force"])
    seen = b""
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"\x1b[32mpublished" in seen
    assert b"1 published" in seen


def test_a_resident_process_that_is_killed_is_replaced(command):
    command("run", "first_report", "--force")
    (first,) = residents()
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    command("run", "first_report", "--force")
    assert residents()
    assert first not in residents()


def test_killing_it_at_work_loses_nothing(command, starter):
    command("run", "first_report", "--force")
    before = (starter / "site/first_report/north.html").read_text()
    notebook = starter / "notebooks/first_report.ipynb"
    text = notebook.read_text()
    content = json.loads(text)
    content["cells"].insert(1, {
        "cell_type": "code", "id": "slow", "metadata": {}, "execution_count": None, "outputs": [],
        "source": "import time; time.sleep(60)",
    })  # fmt: skip
    notebook.write_text(json.dumps(content))
    program = subprocess.Popen(
        [str(Path(sys.executable).parent / "analytics"), "run", "first_report"], cwd=starter, stderr=subprocess.PIPE,
    )  # fmt: skip
    with program:
        (resident,) = residents()
        deadline = time.monotonic() + 60
        kernels = []
        while not kernels and time.monotonic() < deadline:
            kernels = [each for each in running() if each.job != entry.JOB and each.children]
            time.sleep(0.05)
        assert kernels
        os.kill(resident, signal.SIGKILL)
        assert program.wait(30) == 128 + signal.SIGKILL
        assert b"SIGKILL" in program.stderr.read()
    deadline = time.monotonic() + 10
    while any(each.children for each in running()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(each.children for each in running()), "no kernel stays"
    assert (starter / "site/first_report/north.html").read_text() == before
    notebook.write_text(text)
    assert "up to date" in command("run", "first_report").stdout


def test_status_and_stop(command):
    command("run", "first_report", "--force")
    listed = json.loads(command("daemon", "status", "--json").stdout)["processes"]
    assert {each["for"] for each in listed} == {"kernels", "commands"}
    assert all(each["memory_bytes"] > 10_000_000 and each["children"] == 0 for each in listed)
    shown = command("daemon", "status").stdout
    assert "kernels" in shown
    assert "MB" in shown
    assert "Stopped" in command("daemon", "stop").stdout
    assert not any(alive(each["pid"]) for each in listed)
    assert command("daemon", "status").stdout.startswith("No resident process")
    assert command("daemon", "stop").stdout.startswith("No resident process")


def test_stop_lets_work_finish_and_now_does_not(command, starter):
    from support.kernels import kernel

    with kernel() as one:
        one.run("kept = 7")
        done = command("daemon", "stop")
        assert "ends with its work under way (1); --now ends it at once" in done.stdout
        assert one.run("print(kept)") == "7"
        pid = one.pid
        (listed,) = json.loads(command("daemon", "status", "--json").stdout)["processes"]
        assert listed["retired"]
        assert "Stopped" in command("daemon", "stop", "--now").stdout
        assert gone(pid)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], ""),
        (["--version"], ""),
        (["run", "x"], "run"),
        (["-w", "run", "build"], "build"),
        (["--workspace", "a", "-w", "b", "check"], "check"),
        (["--workspace=a", "run"], "run"),
    ],
)
def test_the_command_among_arguments(arguments, found):
    assert entry.command(arguments) == found


def test_the_entry_imports_next_to_nothing():
    code = """
import sys
from analytics_lib.cli import entry
from analytics_lib.forking import client
from analytics_lib.kernels import recipe
heavy = {"typer", "rich", "pandas", "sqlalchemy", "pydantic", "yaml", "papermill", "jupyter_client", "traitlets"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
