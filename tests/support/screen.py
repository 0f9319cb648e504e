"""A terminal: what a program wrote to it becomes the lines that a person sees; commands run in one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

_PART = re.compile(r"\x1b\[(?P<given>[?0-9;]*)(?P<what>[A-Za-z])|(?P<text>[\s\S])")


class Screen:
    """Lines of text, as a terminal of so many columns shows them; nothing scrolls out."""

    def __init__(self, columns):
        self.columns = columns
        self.cells = [[]]
        self.row = self.column = 0
        self.cursor = True

    @property
    def lines(self):
        return ["".join(cells).rstrip() for cells in self.cells]

    def feed(self, text):
        """Show text with its control sequences; colours are left out."""
        for part in _PART.finditer(text):
            if part["what"]:
                self._control(part["what"], part["given"])
            elif part["text"] == "\r":
                self.column = 0
            elif part["text"] == "\n":
                self._move(self.row + 1, 0)
            else:
                self._put(part["text"])

    def _control(self, what, given):
        if what == "A":
            self._move(max(0, self.row - int(given or 1)), self.column)
        elif what == "K":
            del self.cells[self.row][0 if given == "2" else self.column :]
        elif given == "?25":
            self.cursor = what == "h"
        else:
            assert what == "m", f"unknown control sequence {given}{what}"

    def _put(self, character):
        if self.column == self.columns:
            self._move(self.row + 1, 0)
        cells = self.cells[self.row]
        cells += " " * (self.column + 1 - len(cells))
        cells[self.column] = character
        self.column += 1

    def _move(self, row, column):
        self.row, self.column = row, column
        self.cells += [[] for _ in range(row + 1 - len(self.cells))]


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *command, columns=80, folder=None, environment=None):
        self.screen = Screen(columns)
        self.seen = []
        self.pid, self._descriptor = pty.fork()
        if not self.pid:
            os.chdir(folder or ".")
            given = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
            os.execvpe(command[0], command, {key: given[key] for key in given if key not in {"COLUMNS", "LINES"}})
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def press_control_c(self):
        os.write(self._descriptor, b"\x03")

    def wait_for(self, true, timeout=120):
        """Read until something holds of the screen."""
        end = time.monotonic() + timeout
        while not true(self.screen):
            assert time.monotonic() < end, "\n".join(self.screen.lines)
            assert self._read() or true(self.screen), "\n".join(self.screen.lines)

    def finish(self, timeout=120):
        """Read to the end; return the exit status, negative for a signal's number."""
        end = time.monotonic() + timeout
        while self._read():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError("\n".join(self.screen.lines))
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self):
        """Read what has come; return False when the command has ended."""
        if not select.select([self._descriptor], [], [], 0.1)[0]:
            return True
        try:
            text = os.read(self._descriptor, 65536).decode()
        except OSError:  # the other side has closed
            return False
        self.screen.feed(text)
        self.seen.append(self.screen.lines)
        return bool(text)
