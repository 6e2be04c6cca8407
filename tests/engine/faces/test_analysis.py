import json
import weakref

import cv2
import numpy as np
import pytest

from engine.faces.analysis import Analysis, Proxy, analyse
from engine.faces.cuts import find_cuts
from engine.faces.detect import FaceBox, FaceDetector
from engine.image import Box

WINDOW = Box(0, 0, 319, 179)
PLAIN = Proxy.of(WINDOW)


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def test_when_two_people_cross_then_analysis_keeps_them_apart_and_knows_who_is_hidden(
    detector, people, stage
):
    frames = range(1001, 1030)

    def shot():
        for index, frame in enumerate(frames):
            ways = 70 + 6.4 * index, 250 - 6.4 * index
            yield frame, stage((people[1], (ways[1], 85)), (people[0], (ways[0], 95)))

    found = analyse(shot(), PLAIN, detector)
    assert found.cuts == ()
    assert [track.frames == tuple(frames) for track in found.tracks] == [True, False]
    hidden = set(frames) - set(found.tracks[1].frames)
    assert hidden
    # Their pictures, 100 wide, pass each other at 12.8 a frame.
    assert all(abs((frame - 1001) * 12.8 - 180) < 100 for frame in hidden)
    assert [round(track.centres[0][0], -1) for track in found.tracks] == [70, 250]
    assert [round(track.centres[-1][0], -1) for track in found.tracks] == [250, 70]


def test_when_the_shot_cuts_then_new_tracks_begin(detector, people, stage):
    pictures = [stage((people[0], (80, 90)))] * 6
    pictures += [stage((people[0], (220, 90)), turned=True)] * 7
    found = analyse(enumerate(pictures, 11), PLAIN, detector)
    assert found.frames == tuple(range(11, 24))
    assert found.cuts == (17,)
    assert [track.frames for track in found.tracks] == [tuple(range(11, 17)), tuple(range(17, 24))]


@pytest.mark.parametrize("count", [1, 3])
def test_when_the_plate_is_very_short_then_its_face_is_found(detector, portrait, count):
    found = analyse(((frame, portrait) for frame in range(5, 5 + count)), PLAIN, detector)
    (track,) = found.tracks
    assert track.frames == tuple(range(5, 5 + count))


def test_when_there_is_no_face_then_there_is_no_track(detector, stage):
    found = analyse(((frame, stage()) for frame in range(1, 12)), PLAIN, detector)
    assert found == Analysis(tuple(range(1, 12)), (), ())


def test_when_there_is_no_frame_then_there_is_nothing(detector):
    assert analyse((), PLAIN, detector) == Analysis((), (), ())


class _Blind:
    def __init__(self):
        self.looked = 0

    def detect(self, _picture):
        self.looked += 1
        return ()


def test_when_a_shot_is_long_then_only_a_few_pictures_are_held():
    alive = weakref.WeakSet()

    class Picture(np.ndarray):
        __hash__ = object.__hash__

    def shot():
        rng = np.random.default_rng(0)
        for frame in range(60):
            picture = rng.integers(0, 255, (18, 32, 3), np.uint8).view(Picture)
            alive.add(picture)
            assert len(alive) <= 6
            yield frame, picture

    blind = _Blind()
    assert len(analyse(shot(), PLAIN, blind).frames) == 60
    assert blind.looked == 16  # 0, 4, ... 56 and the last


def test_when_cuts_are_found_in_a_stream_then_they_are_those_of_the_whole(portrait):
    rng = np.random.default_rng(5)
    crops = [portrait[y : y + 90, x : x + 160] for y, x in rng.integers(0, 350, (12, 2))]
    lengths = rng.integers(1, 6, 12)
    pictures = [crop for crop, length in zip(crops, lengths, strict=True) for _ in range(length)]
    small = {frame: np.asarray(picture) for frame, picture in enumerate(pictures)}
    streamed = analyse(small.items(), PLAIN, _Blind()).cuts
    assert len(streamed) > 3
    whole = {
        frame: cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA)
        for frame, picture in small.items()
    }
    assert streamed == find_cuts(whole)


def test_when_a_proxy_is_made_then_no_side_is_above_the_longest_and_none_grows():
    assert Proxy.of(Box(-10, 5, 4085, 2164)) == Proxy(Box(-10, 5, 4085, 2164), 640, 338)
    assert Proxy.of(WINDOW) == Proxy(WINDOW, 320, 180)
    assert Proxy.of(Box(0, 0, 9999, 0)).height == 1


def test_when_the_whole_proxy_is_a_box_then_the_plate_is_the_display_window():
    window = Box(-64, 32, -64 + 1919, 32 + 1079)
    box = Proxy.of(window).to_plate(FaceBox(0, 0, 640, 360, 1))
    assert box == FaceBox(-64, 32, 1920, 1080, 1)


def test_when_a_box_is_brought_to_the_plate_then_its_centre_is_where_the_picture_shows_it():
    # Proxy pixel 0 shows plate pixels 100 to 102, of which 101 is the middle.
    box = Proxy(Box(100, 100, 129, 129), 10, 10).to_plate(FaceBox(0, 1, 1, 1, 1))
    assert box.centre == (101, 104)
    assert box.size == 3


def test_when_an_analysis_is_written_as_json_then_it_comes_back(detector, portrait):
    found = analyse([(1001, portrait)], PLAIN, detector)
    assert found.tracks
    assert Analysis.from_json(json.loads(json.dumps(found.to_json()))) == found
