"""Messages and open files over a socket: whole, in order, or an error."""

import os
import socket
from pathlib import Path

import pytest

from analytics_lib.forking.wire import receive, same_user, send


@pytest.fixture
def ends():
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        yield left, right


def test_messages_arrive_whole_and_in_order(ends):
    left, right = ends
    send(left, {"number": 1, "text": "ü\udc80"})
    send(left, {"long": "x" * 50_000})
    assert receive(right) == ({"number": 1, "text": "ü\udc80"}, [])
    assert receive(right) == ({"long": "x" * 50_000}, [])


def test_open_files_come_along(ends, tmp_path):
    left, right = ends
    with (tmp_path / "a").open("w") as stream:
        send(left, {}, [stream.fileno()])
    _, (descriptor,) = receive(right)
    os.write(descriptor, b"written by the other side")
    os.close(descriptor)
    assert (tmp_path / "a").read_text() == "written by the other side"


def test_the_end_of_the_line(ends):
    left, right = ends
    left.close()
    with pytest.raises(EOFError):
        receive(right)


@pytest.mark.parametrize("sent", [b"\0\0", b"\0\0\0\x05ab"])
def test_half_a_message(ends, sent):
    left, right = ends
    left.sendall(sent)
    left.close()
    with pytest.raises(EOFError):
        receive(right)


@pytest.mark.parametrize("sent", [b"\xff\xff\xff\xff", b"\0\0\0\x05hello", b"\0\0\0\x02[]"])
def test_what_is_no_message(ends, sent):
    left, right = ends
    left.sendall(sent)
    with pytest.raises(ValueError, match=r"message|Expecting"):
        receive(right)


def test_files_that_came_with_garbage_are_closed(ends, tmp_path):
    left, right = ends
    before = len(list(Path("/proc/self/fd").iterdir()))
    with (tmp_path / "a").open("w") as stream:
        socket.send_fds(left, [b"\0\0\0\x05"], [stream.fileno()])
    left.sendall(b"hello")
    with pytest.raises(ValueError, match="Expecting"):
        receive(right)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_both_ends_are_ours(ends):
    assert same_user(ends[0])
