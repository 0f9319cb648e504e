"""Slots where several machines share a state's folder."""

from __future__ import annotations

import platform
import threading

import pytest

from analytics_lib.pipeline.locking import LOCKS
from analytics_lib.pipeline.slots import Slots

pytestmark = pytest.mark.skipif(not LOCKS, reason="this system has no file locks")


def test_each_machine_has_slots_of_its_own(tmp_path, monkeypatch):
    stopped = threading.Event()
    held = [Slots(tmp_path, 1).take(stopped)]
    monkeypatch.setattr(platform, "node", lambda: "other/machine")
    held.append(Slots(tmp_path, 1).take(stopped))
    stopped.set()
    assert None not in held
    assert Slots(tmp_path, 1).take(stopped) is None
    for slot in held:
        slot.close()
