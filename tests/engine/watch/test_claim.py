import json
import subprocess
import sys

import pytest

from engine.atomic import here
from engine.watch.claim import LEASE_S, Claims


class Clock:
    """A monotonic clock of one watcher, and the time of the file system, both set by the test."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(tmp_path):
    """Tells what time it is there; `later` lets time pass."""

    class Server:
        passed = 0.0

        def __call__(self, folder):
            (folder / "probe").touch()
            now = (folder / "probe").stat().st_mtime
            (folder / "probe").unlink()
            return now + self.passed

    return Server()


@pytest.fixture
def claims(tmp_path, clock, server):
    return lambda: Claims(tmp_path, clock, server)


def test_when_two_watchers_claim_a_drop_then_one_has_it_until_it_lets_go(claims):
    first, second = claims(), claims()
    assert first.take("sh010")
    assert not second.take("sh010")
    assert second.is_held("sh010")
    first.let_go("sh010")
    assert not first.is_held("sh010")
    assert second.take("sh010")
    assert not first.take("sh010")


def test_when_a_claim_is_older_than_its_lease_then_another_takes_it_and_the_first_hears(
    claims, clock, server
):
    first, second = claims(), claims()
    assert first.take("sh010")
    server.passed = LEASE_S - 1
    assert not second.take("sh010")
    server.passed = LEASE_S + 1
    assert second.take("sh010")
    clock.now += LEASE_S
    assert not first.keep("sh010")
    first.let_go("sh010")
    server.passed = 0
    assert second.is_held("sh010")
    assert second.keep("sh010")


def test_when_a_claim_is_kept_then_it_is_made_anew_now_and_then(claims, clock, tmp_path):
    first = claims()
    assert first.take("sh010")
    file = tmp_path / "sh010.faceplate.claim"
    before = file.stat().st_ino
    assert first.keep("sh010")
    assert file.stat().st_ino == before
    clock.now += LEASE_S / 4
    assert first.keep("sh010")
    assert file.stat().st_mtime_ns
    assert file.stat().st_ino != before


def test_when_the_claimant_of_this_machine_has_ended_then_nobody_waits_for_the_lease(
    claims, tmp_path
):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    told = {"place": here(), "process": ended.pid, "watcher": "00"}
    (tmp_path / "sh010.faceplate.claim").write_text(json.dumps(told))
    assert claims().take("sh010")
    assert [path.name for path in tmp_path.iterdir()] == ["sh010.faceplate.claim"]


def test_when_the_claimant_is_on_another_machine_then_its_lease_counts(claims, server, tmp_path):
    told = {"place": "0" * 8, "process": 1, "watcher": "00"}
    (tmp_path / "sh010.faceplate.claim").write_text(json.dumps(told))
    assert not claims().take("sh010")
    server.passed = LEASE_S + 1
    assert claims().take("sh010")


def test_when_a_claim_was_lost_then_it_stays_lost(claims, clock):
    first = claims()
    assert first.take("sh010")
    clock.now += LEASE_S
    first._path("sh010").write_text("{}")
    assert [first.keep("sh010") for _ in range(2)] == [False, False]


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", '{"place": 3}', "[" * 5000])
def test_when_a_claim_makes_no_sense_then_its_lease_counts_all_the_same(
    claims, server, tmp_path, text
):
    (tmp_path / "sh010.faceplate.claim").write_text(text)
    assert not claims().take("sh010")
    server.passed = LEASE_S + 1
    assert claims().take("sh010")


def test_when_another_takes_a_dead_claim_in_between_then_its_living_one_stays(
    claims, server, tmp_path, monkeypatch
):
    path = tmp_path / "sh010.faceplate.claim"
    path.write_text("{}")
    server.passed = LEASE_S + 1
    slow, quick = claims(), claims()
    judge = Claims._is_dead

    def is_dead(self, claim):
        dead = judge(self, claim)
        if self is slow and claim == path:  # judged, and not yet renamed
            monkeypatch.setattr(Claims, "_is_dead", judge)
            assert quick.take("sh010")
            server.passed = 0
        return dead

    monkeypatch.setattr(Claims, "_is_dead", is_dead)
    assert not slow.take("sh010")
    assert quick.keep("sh010")
    assert json.loads(path.read_text())["watcher"] == quick._me["watcher"]
