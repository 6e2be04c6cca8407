import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.detect import FaceBox
from engine.faces.track import INTERVAL, PATIENCE, Sighting, Track, link, signature

LOOKS = [np.eye(4, dtype=np.float32)[index] for index in range(4)]


def seen(frame, x, y=100.0, *, size=50.0, score=3.0, looks=LOOKS[0]):
    return Sighting(
        frame, FaceBox(x - (size - 1) / 2, y - (size - 1) / 2, size, size, score), looks
    )


def looked(frames, *persons):
    """Look at every 4th frame and the last; a person is frame -> Sighting or None."""
    looks = sorted({*frames[::INTERVAL], frames[-1]})
    return {
        frame: [found for person in persons if (found := person(frame)) is not None]
        for frame in looks
    }


def test_when_a_face_moves_evenly_then_frames_between_the_looks_lie_on_its_way():
    frames = range(1001, 1050)
    (track,) = link(looked(frames, lambda frame: seen(frame, 3.0 * (frame - 1001))), frames, ())
    assert track.number == 1
    assert track.frames == tuple(frames)
    assert np.allclose([x for x, _ in track.centres], 3.0 * np.arange(49))
    assert np.allclose(track.sizes, 50)


def test_when_frames_are_missing_then_a_track_leaves_them_out_and_time_passes():
    frames = [frame for frame in range(1001, 1050) if frame not in {1010, 1011, 1012, 1013, 1020}]
    (track,) = link(looked(frames, lambda frame: seen(frame, 2.0 * frame)), frames, ())
    assert track.frames == tuple(frames)
    assert np.allclose([x for x, _ in track.centres], 2.0 * np.array(frames))


@pytest.mark.parametrize("count", [1, 3])
def test_when_the_plate_is_very_short_then_its_face_is_a_track(count):
    frames = range(7, 7 + count)
    (track,) = link(looked(frames, lambda frame: seen(frame, 10.0, score=1.5)), frames, ())
    assert track.frames == tuple(frames)


def test_when_a_cut_comes_then_tracks_end_and_begin_there():
    frames = range(1, 41)
    sightings = {frame: [seen(frame, 100.0)] for frame in (1, 5, 9, 13, 16, 17, 21, 25, 40)}
    tracks = link(sightings, frames, (17,))
    assert [(track.number, track.frames[0], track.frames[-1]) for track in tracks] == [
        (1, 1, 16),
        (2, 17, 40),
    ]


def test_when_two_people_cross_then_each_keeps_the_track():
    frames = range(1, 82)
    walkers = (
        lambda frame: seen(frame, 100 + 4.0 * frame, looks=LOOKS[0]),
        # Hidden while behind the other.
        lambda frame: None if 38 < frame < 60 else seen(frame, 480 - 4.0 * frame, looks=LOOKS[1]),
    )
    tracks = link(looked(frames, *walkers), frames, ())
    assert [track.centres[0][0] < 200 for track in tracks] == [True, False]
    assert [track.centres[-1][0] > 300 for track in tracks] == [True, False]
    assert all(track.frames == tuple(frames) for track in tracks)


def test_when_people_meet_and_turn_back_then_looks_tell_them_apart():
    frames = range(1, 82)

    def away(frame):
        return 4.0 * abs(frame - 41)

    walkers = (
        lambda frame: seen(frame, 200 - away(frame), looks=LOOKS[0]),
        lambda frame: seen(frame, 210 + away(frame), looks=LOOKS[1]),
    )
    tracks = link(looked(frames, *walkers), frames, ())
    assert [track.centres[0][0] < 200 for track in tracks] == [True, False]
    assert [track.centres[-1][0] < 200 for track in tracks] == [True, False]


def test_when_a_face_is_seen_once_in_a_long_shot_then_it_is_dropped():
    frames = range(1, 100)
    sightings = looked(frames, lambda frame: seen(frame, 50.0) if frame == 41 else None)
    assert link(sightings, frames, ()) == ()


def test_when_every_sighting_is_doubtful_then_there_is_no_track():
    frames = range(1, 100)
    assert link(looked(frames, lambda frame: seen(frame, 50.0, score=0.9)), frames, ()) == ()


def test_when_a_doubtful_sighting_is_among_sure_ones_then_it_counts():
    frames = range(1, 10)
    sightings = looked(frames, lambda frame: seen(frame, 50.0, score=0.6 if frame == 5 else 2.0))
    (track,) = link(sightings, frames, ())
    assert track.frames == tuple(frames)


@pytest.mark.parametrize("wrong", [{"x": 130.0}, {"x": 100.0, "size": 90.0}])
def test_when_one_box_is_off_then_it_is_left_out(wrong):
    frames = range(1, 82)
    sightings = looked(frames, lambda frame: seen(frame, 100.0))
    sightings[41] = [seen(41, **wrong)]
    (track,) = link(sightings, frames, ())
    assert np.ptp([x for x, _ in track.centres]) == 0
    assert np.ptp(track.sizes) == 0


def test_when_a_face_is_away_for_too_long_then_it_comes_back_as_another_track():
    frames = range(1, 160)
    gone = range(41, 41 + INTERVAL * (PATIENCE + 2))
    sightings = looked(frames, lambda frame: None if frame in gone else seen(frame, 100.0))
    assert len(link(sightings, frames, ())) == 2


def test_when_a_face_is_lost_near_the_end_then_it_is_held_to_the_end():
    frames = range(1, 42)
    sightings = looked(frames, lambda frame: seen(frame, 100.0) if 5 <= frame <= 37 else None)
    (track,) = link(sightings, frames, ())
    assert track.frames == tuple(frames)


def test_when_a_face_leaves_earlier_then_its_track_ends_there():
    frames = range(1, 42)
    sightings = looked(frames, lambda frame: seen(frame, 100.0) if frame <= 25 else None)
    (track,) = link(sightings, frames, ())
    assert track.frames == tuple(range(1, 26))


def test_when_tracks_begin_together_then_they_are_numbered_from_left_to_right():
    frames = range(1, 20)
    people = [lambda frame, x=x: seen(frame, x) for x in (400.0, 100.0, 250.0)]
    tracks = link(looked(frames, *people), frames, ())
    assert [track.centres[0][0] for track in tracks] == [100.0, 250.0, 400.0]
    assert [track.number for track in tracks] == [1, 2, 3]


def test_when_a_person_is_seen_noisier_then_the_looks_stay_nearer_than_another_persons(people):
    box = FaceBox(65, 64, 98, 98, 3)
    noise = np.random.default_rng(0).normal(0, 30, people[0].shape)
    noisy = np.clip(people[0] + noise, 0, 255).astype(np.uint8)
    moved = FaceBox(62, 67, 92, 92, 3)
    own = signature(people[0], box)
    other = FaceBox(230 - 65 - 98, 64, 98, 98, 3)
    assert np.linalg.norm(own - signature(noisy, moved)) < 0.8
    assert np.linalg.norm(own - signature(people[1], other)) > 1.0


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=9))
def test_when_a_track_is_written_as_json_then_it_comes_back_exactly(rows):
    frames = tuple(range(1001, 1001 + len(rows)))
    centres = tuple((x, y) for x, y, _ in rows)
    track = Track(3, frames, centres, tuple(size for *_, size in rows))
    assert Track.from_json(json.loads(json.dumps(track.to_json()))) == track
