"""What the state database keeps: versions, which one of each page is current, and why not a newer one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from analytics_lib.errors import PublishError
from analytics_lib.model.pages import Stale
from analytics_lib.registry import open_registry
from analytics_lib.registry.registry import Change
from analytics_lib.registry.tables import runs

MORNING = datetime(2026, 2, 1, 6, tzinfo=UTC)


def state(registry, page="north"):
    return next(each for each in registry.pages("sales") if each.page == page)


def shown(registry):
    return {each.page: each.version.number if each.version else None for each in registry.pages("sales")}


def test_a_version_comes_back_as_it_was(registry, add):
    version = add(parameters={"region": "north", "top": [1, None, 2.5]}, facts={"title": "Größe <b>"})
    (found,) = registry.versions_of("sales")
    assert asdict(found) == asdict(version)
    assert found.rendered_at.tzinfo is UTC


def test_times_are_kept_in_utc(registry, add):
    add(rendered_at=datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=-5))))
    assert registry.versions_of("sales")[0].rendered_at == datetime(2026, 1, 31, 6, tzinfo=UTC)


def test_numbers_count_within_the_report(registry, add):
    assert registry.next_number("sales") == 1
    add("north", 1)
    add("south", 1)
    add("north", 2)
    assert registry.next_number("sales") == 3
    assert registry.next_number("costs") == 1


def test_versions_are_listed_newest_first(registry, add):
    for page, number in (("north", 1), ("south", 1), ("north", 3), ("north", 2)):
        add(page, number)
    assert [each.number for each in registry.versions_of("sales")] == [3, 2, 1, 1]
    assert [each.number for each in registry.versions_of("sales", "south")] == [1]
    assert registry.versions_of("costs") == []


def test_a_recorded_version_is_not_shown_before_it_is_switched_to(registry, add):
    version = add()
    assert registry.pages() == []
    registry.switch("sales", [Change("north", version=version.id)])
    assert state(registry).version == version
    assert registry.pages("costs") == []


class TestSwitch:
    def test_all_pages_at_once(self, registry, add):
        registry.switch("sales", [Change(page, version=add(page, 1).id) for page in ("north", "south")])
        assert shown(registry) == {"north": 1, "south": 1}
        registry.switch("sales", [Change("north", version=add("north", 2).id)])
        assert shown(registry) == {"north": 2, "south": 1}

    def test_all_pages_or_none(self, registry, add):
        registry.switch("sales", [Change("north", version=add(number=1).id)])
        good = add(number=2)
        with pytest.raises(PublishError, match="cannot be used"):
            registry.switch("sales", [Change("north", version=good.id), Change("south", version=9999)])
        assert shown(registry) == {"north": 1}

    def test_a_stale_page_keeps_its_version_and_says_why(self, registry, add):
        version = add()
        registry.switch("sales", [Change("north", version=version.id)])
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        assert state(registry).version == version
        assert state(registry).stale == Stale(MORNING, "a cell raised", "rendering")

    def test_a_page_that_never_was_published_can_be_stale(self, registry):
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        assert state(registry).version is None
        assert state(registry).stale

    def test_since_when_is_the_first_time_and_why_the_last(self, registry):
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        later = MORNING + timedelta(hours=5)
        registry.switch("sales", [Change("north", stale=Stale(later, "a check failed", "checks"))])
        assert state(registry).stale == Stale(MORNING, "a check failed", "checks")

    def test_a_new_version_ends_it(self, registry, add):
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        registry.switch("sales", [Change("north", version=add().id)])
        assert state(registry).stale is None

    def test_so_does_the_word_that_all_is_well_again(self, registry, add):
        version = add()
        registry.switch("sales", [Change("north", version=version.id)])
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        registry.switch("sales", [Change("north")])
        assert (state(registry).stale, state(registry).version) == (None, version)


class TestRollBack:
    @pytest.fixture
    def old(self, registry, add):
        old, new = add(number=1), add(number=2)
        registry.switch("sales", [Change("north", version=new.id)])
        return old

    def test_the_older_version_is_shown_and_the_newer_refused(self, registry, old):
        registry.roll_back("sales", {"north": old.id}, {"north": "key-north-2"})
        assert state(registry).version == old
        assert state(registry).refused_key == "key-north-2"

    def test_it_ends_staleness(self, registry, old):
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        registry.roll_back("sales", {"north": old.id}, {"north": "key-north-2"})
        assert state(registry).stale is None

    def test_the_next_version_ends_the_refusal(self, registry, add, old):
        registry.roll_back("sales", {"north": old.id}, {"north": "key-north-2"})
        registry.switch("sales", [Change("north", version=add(number=3).id)])
        assert state(registry).refused_key is None

    def test_a_failure_does_not(self, registry, old):
        registry.roll_back("sales", {"north": old.id}, {"north": "key-north-2"})
        registry.switch("sales", [Change("north", stale=Stale(MORNING, "a cell raised", "rendering"))])
        assert state(registry).refused_key == "key-north-2"


def test_a_current_version_is_never_forgotten(registry, add):
    first, second = add(number=1), add(number=2)
    registry.switch("sales", [Change("north", version=first.id)])
    registry.forget([first, second])
    assert [each.number for each in registry.versions_of("sales")] == [1]
    registry.forget([])


def test_runs_are_recorded(registry):
    entry = {
        "report": "sales", "page": "north", "parameters": {"region": "north"}, "status": "failed",
        "reason": "a cell raised", "version": None, "started_at": MORNING, "seconds": 2.0,
    }  # fmt: skip
    registry.add_runs([])
    registry.add_runs([entry, {**entry, "page": "south"}])
    with registry._engine.connect() as connection:
        rows = connection.execute(select(runs.c.page, runs.c.reason, runs.c.started_at)).all()
    assert [row.page for row in rows] == ["north", "south"]
    assert rows[0].started_at == MORNING.replace(tzinfo=None)


def test_what_was_written_is_there_after_reopening(url, registry, add):
    registry.switch("sales", [Change("north", version=add().id)])
    registry.close()
    again = open_registry(url)
    assert shown(again) == {"north": 1}
    again.close()


def test_trouble_is_a_sentence(registry, tmp_path):
    registry.close()
    (tmp_path / "state/state.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(PublishError, match="the state database cannot be used"):
        registry.pages()
