from __future__ import annotations

import os
import time

import pytest

from engine.lease import Holder, Lease, Place


def lease(seconds=100, grace=10, held="finish"):
    return Lease(seconds, grace, held, now=1000.0)


def ends(one, now, *, idle=True, orphaned=False):
    return one.ends(now, idle=idle, orphaned=orphaned)


def test_when_nobody_is_heard_for_the_lease_then_it_ends():
    one = lease()
    assert not ends(one, 1099.9)
    assert "100 s" in ends(one, 1100.0)


def test_when_somebody_is_heard_then_the_lease_begins_anew():
    one = lease()
    one.heard(1090.0)
    assert not ends(one, 1189.9)
    assert ends(one, 1190.0)


@pytest.mark.parametrize("orphaned", [False, True])
def test_when_a_job_runs_then_it_stays_and_silence_counts_from_its_end(orphaned):
    one = lease(grace=100)
    assert not ends(one, 5000.0, idle=False, orphaned=orphaned)
    assert not ends(one, 5099.9, orphaned=orphaned)
    assert ends(one, 5100.0, orphaned=orphaned)


def test_when_the_holder_is_gone_then_silence_is_borne_for_the_grace_only():
    one = lease()
    assert not ends(one, 1050.0)
    one.heard(1055.0)
    assert not ends(one, 1060.0, orphaned=True), "another client still asks"
    assert "started it is gone" in ends(one, 1065.0, orphaned=True)


def test_when_the_owner_said_cancel_then_its_end_ends_all_at_once():
    assert ends(lease(held="cancel"), 1000.0, idle=False, orphaned=True)
    assert not ends(lease(held="cancel"), 1000.0, idle=False)


@pytest.mark.parametrize("orphaned", [False, True])
def test_when_the_lease_is_nought_then_it_never_ends(orphaned):
    assert not ends(lease(0), 1e9, orphaned=orphaned)


def test_when_what_is_held_open_closes_then_the_holder_is_gone():
    read, write = os.pipe()
    holder = Holder("finish", read)
    os.write(write, b"words are no end")
    assert not holder.gone
    os.close(write)
    end = time.monotonic() + 10.0
    while not holder.gone and time.monotonic() < end:
        time.sleep(0.01)
    assert holder.gone
    os.close(read)


def test_when_the_place_that_holds_an_engine_is_taken_away_then_the_holder_is_gone(tmp_path):
    place = Place("cancel", tmp_path / "session")
    assert place.gone
    (tmp_path / "session").mkdir()
    assert not place.gone
    name_too_long = Place("cancel", tmp_path / ("x" * 300))
    assert not name_too_long.gone, "what cannot be looked at may be there"
