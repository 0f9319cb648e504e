"""What a forked kernel does as a plain one does: each test runs with both."""

import os
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest
from nbclient import NotebookClient
from support.kernels import CellError, gone, kernel, with_variables


def test_environment_folder_and_mask(name, tmp_path):
    before = os.umask(0o027)
    try:
        with kernel(name, env=with_variables(GREETING="hallo", EMPTY=""), cwd=str(tmp_path)) as one:
            assert one.run("import os; print(os.environ['GREETING'], repr(os.environ['EMPTY']))") == "hallo ''"
            assert one.run("print(os.getcwd())") == str(tmp_path)
            assert one.run("m = os.umask(0); os.umask(m); print(oct(m))") == "0o27"
    finally:
        os.umask(before)


def test_variables_that_are_not_given_are_not_there(name, monkeypatch):
    monkeypatch.setenv("OF_THE_CALLER", "1")
    environment = {key: value for key, value in os.environ.items() if key != "OF_THE_CALLER"}
    with kernel(name, env=environment) as one:
        assert one.run("import os; print(os.environ.get('OF_THE_CALLER'))") == "None"


def test_the_clock_follows_the_environment(name):
    with kernel(name, env=with_variables(TZ="Asia/Tokyo")) as one:
        assert one.run("import time; print(time.strftime('%z', time.localtime(0)))") == "+0900"


@pytest.mark.parametrize(
    "question",
    [
        "import sys; print([each for each in sys.path if 'ipython' not in each.lower()])",
        "import sys; print(sys.argv[0].rpartition('/')[2], sys.argv[1])",
        "import sys; print(sys.flags)",
        "import sys; print(sys.executable, sys.prefix)",
        "print(__name__, type(get_ipython()).__name__)",
        "import signal; print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD))",
        "import sys; print(sys.stdin.read())",
        "import os; print(os.getpid() == os.getsid(0))",
        "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))",
        "import locale; print(locale.getlocale(), locale.getpreferredencoding())",
        "import tempfile; print(tempfile.gettempdir())",
        "import duckdb; print(duckdb.sql(\"select current_setting('threads')\").df().iat[0, 0])",
        "import pyarrow; print(pyarrow.cpu_count())",
        "import threadpoolctl as t, numpy, scipy.linalg; print({each['num_threads'] for each in t.threadpool_info()})",
        "import warnings; print(len(warnings.filters) > 0)",
        "import logging; print(logging.getLogger().level, logging.getLogger().handlers)",
    ],
)
def test_answers_are_those_of_a_plain_kernel(question):
    answers = []
    for each in ("analytics", "python3"):
        with kernel(each) as one:
            answers.append(one.run(question))
    assert answers[0] == answers[1]


def test_interrupt_stops_a_cell_and_nothing_else(name):
    with kernel(name) as one:
        one.run("kept = 7")
        timer = threading.Timer(1.0, one.manager.interrupt_kernel)
        timer.start()
        with pytest.raises(CellError, match="KeyboardInterrupt"):
            one.run("import time; time.sleep(60)")
        assert one.run("print(kept)") == "7"


def test_interrupt_reaches_the_processes_of_a_cell(name):
    with kernel(name) as one:
        timer = threading.Timer(1.0, one.manager.interrupt_kernel)
        timer.start()
        with pytest.raises(CellError, match="KeyboardInterrupt"):
            one.run("import subprocess; child = subprocess.Popen(['sleep', '60']); child.wait()")
        assert gone(int(one.run("print(child.pid)")))


def test_restart_gives_a_fresh_kernel_to_the_same_client(name):
    with kernel(name) as one:
        first = one.pid
        one.run("kept = 7")
        one.restart()
        assert one.pid != first
        assert gone(first)
        with pytest.raises(CellError, match="NameError"):
            one.run("print(kept)")
        one.restart()
        assert one.run("print(1 + 1)") == "2"


def test_shutdown_runs_what_was_registered_for_the_end(name, tmp_path):
    with kernel(name) as one:
        pid = one.pid
        one.run(f"import atexit, pathlib; atexit.register(pathlib.Path('{tmp_path}/ended').touch)")
    assert gone(pid)
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize(
    ("end", "status"),
    [("import os; os._exit(3)", 3), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL)],
)
def test_exit_status(end, status):
    with kernel("analytics") as one:
        one.client.execute(end)
        deadline = time.monotonic() + 10
        while one.manager.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert one.provisioner.status == status


def test_output_below_python_arrives(name):
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}  # ipykernel looks
    with kernel(name, env=environment) as one:
        said = one.run("import subprocess, os; os.system('echo from a shell'); os.write(1, b'from a descriptor\\n')")
        time.sleep(0.5)
        said += one.run("print('later')")
        assert "from a shell" in said
        assert "from a descriptor" in said


def test_classes_of_a_notebook_reach_other_processes(name):
    code = """
import multiprocessing
def double(x): return 2 * x
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(double, [1, 2, 3]))
"""
    with kernel(name) as one:
        assert "[2, 4, 6]" in one.run(code)


def test_a_folder_that_is_not_there(name, tmp_path):
    with pytest.raises(FileNotFoundError), kernel(name, cwd=str(tmp_path / "nowhere")):
        pass


def test_kernels_started_at_once_do_not_meet(tmp_path):
    answers: dict[int, str] = {}

    def ask(number):
        with kernel("analytics") as one:
            answers[number] = one.run(f"import os; print({number} * 2)")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: str(number * 2) for number in range(12)}


def test_nbclient_gets_the_same_outputs(tmp_path):
    cells = [
        "import pandas as pd, numpy as np\nframe = pd.DataFrame({'a': np.arange(3), 'b': list('xyz')})\nframe",
        "print('printed')\nimport sys; print('wrong', file=sys.stderr)",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))",
        "%time sum(range(10))",
        "frame.a.sum()",
        "1 / 0",
    ]
    outputs = []
    for each in ("analytics", "python3"):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        NotebookClient(
            notebook, kernel_name=each, allow_errors=True, resources={"metadata": {"path": tmp_path}}
        ).execute()
        outputs.append([[_comparable(output) for output in cell.outputs] for cell in notebook.cells])
    assert outputs[0] == outputs[1]


def _comparable(output):
    plain = dict(output)
    plain.pop("traceback", None)
    if "Wall time" in str(plain.get("text", "")):
        plain.pop("text")
    return plain


def test_papermill_takes_it_by_name(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; print(os.getcwd())")])
    nbformat.write(notebook, tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-k", "analytics", "--no-progress-bar"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells[0].outputs[0].text.strip() == str(tmp_path)


def test_nbval_takes_it_by_name(tmp_path):
    output = nbformat.v4.new_output("stream", name="stdout", text="3\n")
    cell = nbformat.v4.new_code_cell("print(1 + 2)", outputs=[output], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "three.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-kernel-name", "analytics", "three.ipynb"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert "1 passed" in done.stdout, done.stdout
