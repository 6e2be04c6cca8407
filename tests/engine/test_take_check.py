from __future__ import annotations

import json

import pytest

from engine.stored_take import StoredTake
from engine.take_check import check_take
from plugin_host.plate import Plate
from tests.engine.plates import Run, picture, request, write_frame, write_plate
from tests.engine.probes import LINKS

CHAINED = LINKS["chained"]
SHOT = "1001-1010"


@pytest.fixture
def plate(tmp_path):
    return write_plate(tmp_path / "plates", range(1001, 1011))


@pytest.fixture
def out(tmp_path, plate):
    Run(request(plate, tmp_path / "out", SHOT), CHAINED)
    return tmp_path / "out"


def check(out, **fields):
    """Return the last word and every frame's status."""
    take = StoredTake.at(out)
    heard = []
    how = {"frames": take.shot.frames, "plate": take.shot.plate, **fields}
    finished = check_take(take, emit=heard.append, **how)
    assert [progress.done for progress in heard] == list(range(1, len(how["frames"]) + 1))
    return finished, {progress.frame: progress.status for progress in heard}


def codes(out, **fields):
    return {error.frame: error.code for error in check(out, **fields)[0].errors}


def test_when_nothing_was_touched_then_every_frame_is_right(out):
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    finished, statuses = check(out)
    assert (finished.delivered, finished.errors, finished.notes) == (10, (), ())
    assert statuses == dict.fromkeys(range(1001, 1011), "restored")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_when_files_are_gone_cut_or_changed_then_each_is_named(out):
    paths = [out / f"shot_restored.{frame}.exr" for frame in range(1001, 1011)]
    paths[1].unlink()
    paths[3].write_bytes(paths[3].read_bytes()[:-1])
    paths[5].write_bytes(b"\0" * paths[5].stat().st_size)
    (out / "shot.take/receipts/1008.json").unlink()
    receipt = out / "shot.take/receipts/1009.json"
    receipt.write_bytes(receipt.read_bytes().replace(b"restored", b"restoren", 1))
    assert codes(out) == {
        1002: "frame.missing",
        1004: "frame.corrupt",
        1006: "frame.corrupt",
        1008: "frame.missing",
        1009: "frame.corrupt",
    }
    finished, statuses = check(out)
    assert finished.delivered == 5
    assert [frame for frame, status in statuses.items() if status == "failed"] == list(codes(out))


def test_when_a_receipt_names_a_file_elsewhere_then_it_is_not_followed(out, tmp_path):
    receipt = out / "shot.take/receipts/1001.json"
    told = json.loads(receipt.read_text())
    del told["seal"]
    for name in (
        "../plates/shot.1001.exr",
        str(tmp_path / "plates/shot.1001.exr"),
        "..",
        "",
        "a\0",
    ):
        receipt.write_text(json.dumps({**told, "file": name}))
        assert codes(out) == {1001: "frame.corrupt"}


def test_when_the_plate_is_another_then_it_is_told_and_when_it_is_gone_then_that_is(
    out, plate, tmp_path
):
    write_frame(plate, 1004, picture(7))
    assert codes(out) == {1004: "frame.changed"}
    (tmp_path / "plates").rename(tmp_path / "moved")
    finished, _ = check(out)
    assert finished.errors == ()
    assert "the plate of 10 frames is not there" in finished.notes[0]
    moved = Plate.parse(str(tmp_path / "moved" / "shot.%04d.exr"))
    assert codes(out, plate=moved) == {1004: "frame.changed"}


def test_when_a_frame_could_not_be_restored_then_it_is_told_why(plate, tmp_path):
    write_frame(plate, 1003, b"no picture")
    out = tmp_path / "out"
    Run(request(plate, out, SHOT), CHAINED)
    assert codes(out) == {1003: "frame.corrupt"}
    assert "1003" not in (check(out)[0].errors[0].message)
    asked = request(plate, out, SHOT, "1004-1006").frames
    assert codes(out, frames=asked) == {}


def test_when_a_neighbour_was_delivered_after_an_approximate_start_then_the_seam_is_measured(
    plate, tmp_path, monkeypatch
):
    monkeypatch.setattr("engine.late_seams.build_restorer", lambda _: CHAINED)
    out = tmp_path / "out"
    Run(request(plate, out, SHOT, "1005-1010", warm_up=2), CHAINED)
    kept = {path: path.read_bytes() for path in (out / "shot.take/seams").rglob("*.safetensors")}
    assert len(kept) == 1
    finished, _ = check(out)
    assert "measured once it is delivered" in finished.notes[-1]
    Run(request(plate, out, SHOT, "1001-1004", warm_up=2), CHAINED)
    (measured,) = (out / "shot.take/seams").rglob("*.json")
    for path, data in kept.items():  # as if the last writer had been killed before it measured
        path.write_bytes(data)
    measured.unlink()
    sentence = check(out)[0].notes[-1]
    assert sentence.startswith("seam after frame 1003 of track 0: ")
    assert sentence.endswith(" codes of 255")
    assert check(out)[0].notes[-1] == sentence
    assert not list((out / "shot.take/seams").rglob("*.safetensors"))


def test_when_a_seam_cannot_be_measured_then_it_is_told_why(plate, tmp_path):
    out = tmp_path / "out"
    Run(request(plate, out, SHOT, "1005-1010", warm_up=2), CHAINED)
    finished, _ = check(out)
    assert any("seams are not measured: no restorer 'probe'" in note for note in finished.notes)
