"""Who may use what: secrets, other users, garbage on the socket."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.kernels import kernel, memory_of, parent_of, with_variables

from analytics_lib.forking.client import start_child
from analytics_lib.forking.places import FOLDER_VARIABLE, NoPlace, private_folder, socket_path
from analytics_lib.kernels.recipe import JOB, kernel_recipe

# Secrets


def test_the_parent_never_holds_what_kernels_are_given(own_folder, monkeypatch):
    secret = "-".join(["swordfish", str(8261), "kernel"])
    reversed_secret = secret[::-1]  # this process's own request must not be found by accident
    monkeypatch.setenv("WAREHOUSE_PASSWORD", secret)
    with kernel(env=with_variables()) as one:
        assert one.run("import os; print(os.environ['WAREHOUSE_PASSWORD'][::-1])") == reversed_secret
        parent = parent_of(one)
        assert secret.encode() in memory_of(one.pid), "the search finds what is there"
        assert secret.encode() not in memory_of(parent)
        assert secret.encode() not in Path(f"/proc/{parent}/environ").read_bytes()
    files = [path for path in own_folder.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files)


# Two users on one machine


def test_the_folder_and_the_socket_are_the_users_alone(own_folder):
    with kernel():
        assert own_folder.stat().st_mode & 0o777 == 0o700
        (listening,) = own_folder.glob("*.sock")
        assert listening.stat().st_mode & 0o777 == 0o600


def test_a_folder_open_to_others_is_refused(own_folder):
    own_folder.chmod(0o755)
    with pytest.raises(NoPlace, match="not this user's alone"):
        private_folder()
    with kernel() as one:
        assert "not this user's alone" in one.provisioner.fallback
    own_folder.chmod(0o700)


def test_a_link_in_the_folders_place_is_refused(own_folder, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(own_folder)
    with monkeypatch.context() as patch, pytest.raises(NoPlace):
        patch.setenv(FOLDER_VARIABLE, str(tmp_path / "link"))
        private_folder()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_another_user_gets_no_kernel_of_ours(own_folder):
    with kernel():
        (listening,) = own_folder.glob("*.sock")
    own_folder.chmod(0o755)
    listening.chmod(0o666)  # let them through to the last door
    code = f"""
import os, socket
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.connect({str(listening)!r})
s.settimeout(10)
print(repr(s.recv(100)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    own_folder.chmod(0o700)
    assert done.stdout.strip() == "b''", done


def test_a_parent_of_another_user_is_not_trusted(own_folder, monkeypatch):
    from analytics_lib.forking import client

    monkeypatch.setattr(client, "same_user", lambda _: False)
    with kernel() as one:
        assert "another user's" in one.provisioner.fallback


# Garbage


@pytest.mark.parametrize("sent", [b"", b"\0\0\0\5hello", b"\xff\xff\xff\xff", b"\0\0\0\2{}", b"GET / HTTP/1.0\r\n\r\n"])
def test_garbage_on_the_socket_does_no_harm(sent):
    with kernel():
        path = socket_path(kernel_recipe(), os.environ)
        stream = socket.socket(socket.AF_UNIX)
        with stream:
            stream.connect(str(path))
            stream.sendall(sent)
        with kernel() as another:
            assert another.provisioner.fallback == ""
            assert another.run("print(1)") == "1"


def test_a_job_that_raises_says_so_and_ends(own_folder, tmp_path):
    with (tmp_path / "log").open("w+") as log:
        child = start_child(
            kernel_recipe(), ["--no-such-option-at-all"], environment=os.environ, folder=tmp_path,
            streams=(log.fileno(), log.fileno(), log.fileno()),
        )  # fmt: skip
        assert child.wait(30) not in {None, 0}


def test_history_is_off():
    with kernel() as one:
        said = one.run("manager = get_ipython().history_manager; print(manager.enabled, manager.hist_file)")
        assert said == "False :memory:"


def test_parents_are_told_apart_by_what_they_import():
    environment = dict(os.environ)
    paths = {
        socket_path(kernel_recipe(), environment),
        socket_path(kernel_recipe(["json"]), environment),
        socket_path(kernel_recipe(), {**environment, "LANG": "xx"}),
        socket_path(kernel_recipe(), {**environment, "PYTHONHASHSEED": "7"}),
    }
    assert len(paths) == 4
    assert socket_path(kernel_recipe(), {**environment, "PASSWORD": "x"}) in paths
    assert kernel_recipe().job == JOB
