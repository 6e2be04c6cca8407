"""What the first look through a shot decides: whose faces there are, when, and who found them."""

import json
import os
import time
from dataclasses import replace

import pytest

from plugin_host.errors import TakeConflict, WeightsError
from tests.engine.faces.networks import constant, outputs, put
from tests.engine.plates import SIZE, Run, delivered, put_faces, request, track, write_plate
from tests.engine.probes import LINKS


@pytest.fixture
def detector(tmp_path):
    """A file that sees a face at x 20, y 14 of every picture."""
    values = outputs(64, 64)
    marks = [(16, 10), (24, 10), (20, 14), (17, 18), (23, 18)]
    put(values, 8, (2, 2), score=0.9, centre=(20, 14), size=(16, 20), marks=marks, width=64)
    path = tmp_path / "yunet.onnx"
    path.write_bytes(constant(values, 64, 64))
    return path


@pytest.fixture
def ask(tmp_path, detector):
    plate = write_plate(tmp_path / "plate", range(1, 14))

    def ask(**settings):
        settings = {"detector": str(detector), "whole_frame": False, **settings}
        return Run(request(plate, tmp_path / "out", "1-13", "1-4", **settings), LINKS["chained"])

    return ask


def test_when_a_detector_is_named_then_its_faces_are_restored(ask, tmp_path):
    assert max(SIZE) < 64
    assert set(ask().statuses.values()) == {"restored"}
    found = json.loads((tmp_path / "out" / "shot.take" / "analysis.json").read_text())
    (track,) = found["faces"]["tracks"]
    assert track["frames"] == list(range(1, 14))
    assert track["centres"][0] == pytest.approx([20, 14 - 0.1 * 20], abs=0.01)


def test_when_the_detector_is_another_one_then_the_take_is_not_continued(ask, detector):
    assert ask().error is None
    detector.write_bytes(constant(outputs(64, 64), 64, 64))
    error = ask().error
    assert isinstance(error, TakeConflict)
    assert "guides.detector" in error.message
    assert isinstance(ask(detector=None).error, TakeConflict)


def test_when_the_detector_is_no_yunet_then_nothing_is_begun(ask, detector, tmp_path):
    whole = detector.read_bytes()
    detector.write_bytes(whole[: len(whole) // 2])
    error = ask().error
    assert isinstance(error, WeightsError)
    assert error.path == str(detector)
    assert not (tmp_path / "out" / "shot.take" / "analysis.json").exists()
    detector.write_bytes(whole)
    assert ask().error is None


def test_when_the_whole_frame_is_restored_then_the_detector_is_not_run(ask, detector):
    detector.write_bytes(b"never opened")
    assert ask(whole_frame=True).error is None


@pytest.mark.parametrize("link", LINKS)
def test_when_a_face_was_gone_then_only_those_frames_are_the_plates_in_any_pieces(
    tmp_path, monkeypatch, link
):
    frames = [*range(1, 6), *range(13, 21)]
    put_faces(monkeypatch, replace(track(1, frames, drift=0.5), returns=(13,)))
    plate = write_plate(tmp_path / "plate", range(1, 21))

    def ask(output, *ranges):
        runs = [
            Run(request(plate, tmp_path / output, "1-20", asked, whole_frame=False), LINKS[link])
            for asked in ranges
        ]
        return {frame: status for run in runs for frame, status in run.statuses.items()}

    statuses = ask("whole", "1-20")
    assert [frame for frame, status in statuses.items() if status == "restored"] == frames
    assert ask("pieces", "14-20", "1-3", "4-13") == statuses
    assert delivered(tmp_path / "pieces") == delivered(tmp_path / "whole")


class TestPlateOfDeliveredFrames:
    """What becomes of delivered frames when the plate is no longer what it was."""

    @pytest.fixture
    def run(self, tmp_path):
        plate = write_plate(tmp_path / "plate", range(1, 9))

        def run():
            return Run(request(plate, tmp_path / "out", "1-8", "1-8"), LINKS["warmed"])

        assert set(run().statuses.values()) == {"restored"}
        return run

    def spoil(self, tmp_path, frame, *, age_s=0.0):
        path = tmp_path / "plate" / f"shot.{frame:04d}.exr"
        other = tmp_path / "plate" / f"shot.{frame % 8 + 1:04d}.exr"
        path.write_bytes(other.read_bytes())
        written = time.time() + 60 - age_s
        os.utime(path, (written, written))

    def test_when_a_frame_was_rendered_anew_then_it_is_told_and_nothing_else(self, run, tmp_path):
        before = delivered(tmp_path / "out")
        self.spoil(tmp_path, 5)
        again = run()
        assert again.codes == {5: "frame.changed"}
        assert {again.statuses[frame] for frame in (1, 2, 3, 4, 6, 7, 8)} == {"kept"}
        assert delivered(tmp_path / "out") == before

    def test_when_a_frame_was_only_touched_then_it_is_kept(self, run, tmp_path):
        path = tmp_path / "plate" / "shot.0005.exr"
        os.utime(path, (time.time() + 60,) * 2)
        assert set(run().statuses.values()) == {"kept"}

    def test_when_it_is_another_plate_of_that_name_then_its_first_frame_tells(self, run, tmp_path):
        for frame in range(1, 9):
            self.spoil(tmp_path, frame, age_s=1e6)
        assert {"frame.changed"} == set(run().codes.values())
        assert {1, 8} <= set(run().codes)

    def test_when_the_plate_is_gone_then_what_was_made_of_it_is_kept(self, run, tmp_path):
        for path in (tmp_path / "plate").glob("*.exr"):
            path.unlink()
        assert set(run().statuses.values()) == {"kept"}
