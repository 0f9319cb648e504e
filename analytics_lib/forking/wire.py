"""Messages over a unix socket: JSON with its length before it, and file descriptors beside it."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LENGTH: Final = struct.Struct("!I")
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_DESCRIPTORS: Final = 3
_CREDENTIALS: Final = struct.Struct("3i")


def send(stream: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send one message, and open files with it."""
    body = json.dumps(message).encode("ascii")
    socket.send_fds(stream, [_LENGTH.pack(len(body))], list(descriptors))
    stream.sendall(body)


def receive(stream: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the next message and the descriptors that came with it.

    Raises
    ------
    EOFError
        The other side has closed.
    ValueError
        What came is no message.
    """
    descriptors: list[int] = []
    try:
        head, descriptors, _, _ = socket.recv_fds(stream, _LENGTH.size, _MOST_DESCRIPTORS)
        head += _exactly(stream, _LENGTH.size - len(head))
        return _message(stream, head), descriptors
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def _message(stream: socket.socket, head: bytes) -> dict[str, Any]:
    (length,) = _LENGTH.unpack(head)
    if length > _MOST_BYTES:
        raise ValueError("the message is too long")
    message = json.loads(_exactly(stream, length))
    if not isinstance(message, dict):
        raise ValueError("the message is no object")  # noqa: TRY004 - it came over a wire; its sender passed a dict
    return message


def same_user(stream: socket.socket) -> bool:
    """Return whether the process at the other end belongs to this process's user."""
    packed = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(packed)
    return bool(user == os.getuid())


def _exactly(stream: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = stream.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
