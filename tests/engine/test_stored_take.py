from __future__ import annotations

import json

import pytest

from engine.stored_take import StoredTake
from plugin_host.errors import SettingsError
from tests.engine.plates import Run, request, write_frame, write_plate
from tests.engine.probes import LINKS

SHOT = "1001-1006"


@pytest.fixture
def submit(tmp_path):
    plate = write_plate(tmp_path / "plates", range(1001, 1007))
    write_frame(plate, 1005, b"no picture")
    return request(plate, tmp_path / "out", SHOT, handles=1, seed=3)


@pytest.fixture
def out(tmp_path, submit):
    Run(submit, LINKS["chained"])
    return tmp_path / "out"


def test_when_a_take_is_read_then_it_says_what_it_is_of_and_what_is_delivered(out, submit):
    take = StoredTake.at(out)
    assert take == StoredTake.at(out / "shot.take")
    assert (take.shot, take.settings) == (submit.shot, submit.settings)
    assert (set(take.bad), take.analysed) == ({1000, 1005, 1007}, True)
    assert {frame for frame in submit.shot.frames if take.receipt(frame)} == {
        *range(1001, 1005),
        1006,
    }


def test_when_a_delivered_file_is_cut_then_it_is_not_delivered(out):
    path = out / "shot_restored.1002.exr"
    path.write_bytes(path.read_bytes()[:-1])
    assert StoredTake.at(out).receipt(1002) is None


def test_when_there_is_no_take_or_more_than_one_then_it_says_what_would_be_right(tmp_path, out):
    with pytest.raises(SettingsError, match="there is no take"):
        StoredTake.at(tmp_path)
    (out / "another.take").mkdir()
    with pytest.raises(SettingsError, match=r"2 takes, name one: another\.take, shot\.take"):
        StoredTake.at(out)
    StoredTake.at(out / "shot.take")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "take.9"},
        {"frames": "1006-1001"},
        {"frames": None},
        {"handles": None},
        {"settings": {"restorer": 7}},
        {"settings": None},
        {"plate": None, "path": "a.%04d.%04d.exr"},
    ],
)
def test_when_the_manifest_is_another_then_it_is_refused(out, change):
    path = out / "shot.take" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SettingsError, match="its manifest is"):
        StoredTake.at(out)


def test_when_the_manifest_does_not_say_where_the_plate_lay_then_it_is_looked_for_beside(out):
    path = out / "shot.take" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["path"]
    path.write_text(json.dumps(manifest))
    assert StoredTake.at(out).shot.plate.pattern == str(out / "shot.%04d.exr")
