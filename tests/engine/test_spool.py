import hashlib
import os
import stat
import time

import pytest

from engine.job import Job
from engine.spool import DAY_S, KEPT_S, Spool
from plugin_host.errors import EngineBusy, FrameCorrupt, OutputError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Deposit, Discard, Settings, Shot, Submit

SHELF, OTHER = "a" * 32, "b" * 32
DATA = b"a frame"
DEPOSIT = Deposit(SHELF, "a.1001.exr", hashlib.sha256(DATA).hexdigest())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def job_at(plate, output):
    shot = Shot(Plate.parse(f"{plate}/a.%04d.exr"), FrameRange.parse("1001"))
    return Job.of("0" * 16, Submit(shot, shot.frames, Settings("lite"), str(output)), "s")


def age(folder):
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (1, 1))


def test_when_a_file_is_left_then_it_lies_there_for_its_user_alone(folder):
    spool = Spool(str(folder))
    asked, _ = spool.keep(DEPOSIT, ())
    assert not asked.there
    kept, _ = spool.keep(DEPOSIT, (memoryview(DATA),))
    assert kept.there
    assert kept.path == asked.path == str(folder / SHELF / "a.1001.exr")
    assert (folder / SHELF / "a.1001.exr").read_bytes() == DATA
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / SHELF)] == [0o700] * 2
    assert spool.keep(DEPOSIT, ())[0].there


def test_when_another_file_of_that_name_comes_then_it_takes_the_place(folder):
    spool = Spool(str(folder))
    spool.keep(DEPOSIT, (DATA,))
    other = Deposit(SHELF, "a.1001.exr", hashlib.sha256(b"new").hexdigest())
    assert not spool.keep(other, ())[0].there
    spool.keep(other, (b"new",))
    assert (folder / SHELF / "a.1001.exr").read_bytes() == b"new"


def test_when_the_bytes_are_not_those_that_were_told_then_nothing_is_kept(folder):
    with pytest.raises(FrameCorrupt, match="send it again"):
        Spool(str(folder)).keep(DEPOSIT, (b"spoilt!",))
    assert not [*folder.iterdir()]


def test_when_there_is_no_spool_then_it_says_how_to_get_one():
    for call in (lambda s: s.keep(DEPOSIT, ()), lambda s: s.check_idle(Discard(SHELF), ())):
        with pytest.raises(SettingsError, match="--spool DIR"):
            call(Spool(""))


def test_when_a_name_is_longer_than_the_disk_takes_then_it_says_so(folder):
    name = "\u4e00" * 200
    with pytest.raises(OutputError, match="cannot keep"):
        Spool(str(folder)).keep(Deposit(SHELF, name, DEPOSIT.sha256), (DATA,))


def test_when_a_shelf_is_discarded_then_only_that_one_goes(folder):
    spool = Spool(str(folder))
    spool.keep(DEPOSIT, (DATA,))
    spool.keep(Deposit(OTHER, "b.exr", DEPOSIT.sha256), (DATA,))
    (folder / SHELF / "out").mkdir()
    (folder / SHELF / "out" / "a.exr").write_bytes(b"restored")
    spool.discard(Discard(SHELF))
    assert [path.name for path in folder.iterdir()] == [OTHER]
    spool.discard(Discard(SHELF))


@pytest.mark.parametrize("where", ["plate", "output"])
def test_when_a_job_works_on_a_shelf_then_it_stays(folder, where):
    spool = Spool(str(folder))
    job = job_at(
        folder / SHELF if where == "plate" else "/shots",
        folder / SHELF / "out" if where == "output" else "/out",
    )
    with pytest.raises(EngineBusy, match="still works there"):
        spool.check_idle(Discard(SHELF), [job])
    spool.check_idle(Discard(OTHER), [job])
    job.state = "finished"
    spool.check_idle(Discard(SHELF), [job])


def test_when_nobody_wrote_to_a_shelf_for_long_then_it_goes_at_the_next_start(folder):
    spool = Spool(str(folder))
    for shelf in (SHELF, OTHER):
        spool.keep(Deposit(shelf, "a.exr", DEPOSIT.sha256), (DATA,))
    (folder / OTHER / "out").mkdir()
    age(folder)
    (folder / OTHER / "out" / "fresh.exr").write_bytes(b"restored lately")
    Spool(str(folder))
    assert [path.name for path in folder.iterdir()] == [OTHER]
    assert KEPT_S > 7 * 24 * 3600


def test_when_an_engine_goes_on_for_long_then_shelves_that_nobody_used_go_meanwhile(
    folder, monkeypatch
):
    spool = Spool(str(folder))
    for shelf in (SHELF, OTHER):
        spool.keep(Deposit(shelf, "a.exr", DEPOSIT.sha256), (DATA,))
    age(folder)
    spool.keep(Deposit(OTHER, "b.exr", DEPOSIT.sha256), (DATA,))
    assert len([*folder.iterdir()]) == 2  # once a day is enough
    age(folder)
    now = time.monotonic()
    monkeypatch.setattr("engine.spool.time.monotonic", lambda: now + DAY_S + 1)
    assert spool.keep(Deposit(OTHER, "a.exr", DEPOSIT.sha256), ())[0].there
    assert [path.name for path in folder.iterdir()] == [OTHER]
    Spool(str(folder))  # to ask for a file is to use it
    assert [path.name for path in folder.iterdir()] == [OTHER]


def test_when_others_can_write_in_the_folder_then_the_engine_does_not_use_it(folder):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="--spool"):
        Spool(str(folder))
