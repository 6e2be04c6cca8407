import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.detect import FaceBox
from engine.faces.threads import PATIENCE, Sighting, gather, reunite
from engine.faces.track import INTERVAL, Track, link

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


def test_when_two_people_cross_then_each_keeps_the_track_and_the_hidden_one_has_a_gap():
    frames = range(1, 82)
    walkers = (
        lambda frame: seen(frame, 100 + 4.0 * frame, looks=LOOKS[0]),
        # Hidden while behind the other.
        lambda frame: None if 38 < frame < 60 else seen(frame, 480 - 4.0 * frame, looks=LOOKS[1]),
    )
    tracks = link(looked(frames, *walkers), frames, ())
    assert [track.centres[0][0] < 200 for track in tracks] == [True, False]
    assert [track.centres[-1][0] > 300 for track in tracks] == [True, False]
    assert (tracks[0].frames, tracks[0].returns) == (tuple(frames), ())
    assert tracks[1].frames == (*range(1, 38), *range(61, 82))
    assert tracks[1].returns == (61,)


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


def test_when_a_face_is_missed_for_an_instant_then_it_counts_as_there():
    frames = range(1, 82)
    missed = range(30, 30 + INTERVAL * (PATIENCE - 1))
    sightings = looked(frames, lambda frame: None if frame in missed else seen(frame, 100.0))
    (track,) = link(sightings, frames, ())
    assert (track.frames, track.returns) == (tuple(frames), ())


def test_when_a_face_goes_out_of_the_picture_for_an_instant_then_it_counts_as_gone():
    frames = range(1, 82)

    def peek(frame):
        x = 40 + 6.0 * abs(frame - 41)
        return seen(frame, x) if x > 100 else None

    (track,) = link(looked(frames, peek), frames, ())
    assert track.frames == (*range(1, 30), *range(53, 82))
    assert track.returns == (53,)


AWAY = range(41, 41 + INTERVAL * (PATIENCE + 4))


@pytest.mark.parametrize("x", [100.0, 400.0], ids=["there", "elsewhere"])
def test_when_a_face_was_away_and_looks_the_same_then_its_track_goes_on(x):
    frames = range(1, 160)
    sightings = looked(
        frames,
        lambda frame: None if frame in AWAY else seen(frame, 100.0 if frame < 41 else x, size=55.0),
    )
    (track,) = link(sightings, frames, ())
    assert track.returns == (AWAY[-1] + 1,)
    assert track.frames == (*range(1, 38), *range(AWAY[-1] + 1, 160))
    assert set(track.sizes) == {55.0}
    assert {centre[0] for centre in track.centres} == {100.0, x}


@pytest.mark.parametrize(
    "back",
    [
        {"looks": LOOKS[1]},
        {"looks": 0.6 * LOOKS[0] + 0.4 * LOOKS[1]},
        {"size": 95.0},
        {"x": 3000.0},
    ],
    ids=["a stranger", "alike", "another size", "too far"],
)
def test_when_it_is_not_sure_that_the_same_face_is_back_then_the_track_is_new(back):
    frames = range(1, 160)

    def person(frame):
        if frame in AWAY:
            return None
        return seen(frame, **{"x": 100.0, **(back if frame > 41 else {})})

    tracks = link(looked(frames, person), frames, ())
    assert [track.frames[-1] < 41 for track in tracks] == [True, False]
    assert not any(track.returns for track in tracks)


def test_when_two_who_look_alike_were_there_then_the_one_who_is_back_is_nobody():
    frames = range(1, 160)
    near = LOOKS[0] + 0.3 * LOOKS[1]
    walkers = (
        lambda frame: seen(frame, 100.0) if frame < 41 else None,
        lambda frame: seen(frame, 400.0, looks=near) if frame < 41 else None,
        lambda frame: seen(frame, 250.0, looks=LOOKS[0] + 0.1 * LOOKS[1]) if frame > 79 else None,
    )
    assert len(link(looked(frames, *walkers), frames, ())) == 3


def test_when_two_change_places_out_of_the_picture_then_each_keeps_the_track():
    frames = range(1, 160)

    def walker(looks, before, after):
        def at(frame):
            return (
                None if frame in AWAY else seen(frame, before if frame < 41 else after, looks=looks)
            )

        return at

    tracks = link(
        looked(frames, walker(LOOKS[0], 100, 400), walker(LOOKS[1], 400, 100)), frames, ()
    )
    assert [(track.centres[0][0], track.centres[-1][0]) for track in tracks] == [
        (100, 400),
        (400, 100),
    ]


def test_when_a_face_is_seen_once_between_two_absences_then_that_frame_is_left_out():
    frames = range(1, 120)

    def front(frame):
        steps = 6.0 * max(30 - frame, frame - 80, 0)
        return None if frame == 53 else seen(frame, 100.0 + steps, y=110.0, looks=LOOKS[1])

    def behind(frame):
        return seen(frame, 100.0) if not 24 < frame < 86 or frame == 53 else None

    tracks = link(looked(frames, front, behind), frames, ())
    assert [track.frames == tuple(frames) for track in tracks] == [False, True]
    assert tracks[0].frames == (*range(1, 22), *range(89, 120))


def test_when_somebody_steps_before_a_face_then_the_track_does_not_take_that_face_for_it():
    frames = range(1, 82)
    walkers = (
        lambda frame: None if 36 < frame < 46 else seen(frame, 200.0, looks=LOOKS[0]),
        lambda frame: (
            None if frame < 37 else seen(frame, 210 + 12.0 * (frame - 41), looks=LOOKS[1])
        ),
    )
    behind, before = link(looked(frames, *walkers), frames, ())
    assert behind.frames[0] == 1
    assert all(x == 200 for x, _ in behind.centres)
    assert before.frames[0] == 37


def test_when_a_face_turns_away_slowly_or_at_once_and_is_alone_then_it_is_the_same():
    frames = range(1, 82)
    turned = lambda frame: seen(frame, 100.0, looks=LOOKS[0] if frame < 41 else LOOKS[1])  # noqa: E731
    (track,) = link(looked(frames, turned), frames, ())
    assert track.frames == tuple(frames)


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


# whatever is seen


def boxes(draw, frame):
    count = draw(st.integers(0, 3))
    return [
        Sighting(
            frame,
            FaceBox(draw(st.integers(0, 300)), draw(st.integers(0, 90)), size, size, score),
            LOOKS[draw(st.integers(0, 3))] + 0.1 * LOOKS[draw(st.integers(0, 3))],
        )
        for size, score in [
            (draw(st.sampled_from([40.0, 44.0, 70.0])), draw(st.sampled_from([0.6, 1.5, 4.0])))
            for _ in range(count)
        ]
    ]


@st.composite
def shots(draw):
    """Sightings at random, frames with holes, cuts."""
    frames = sorted(draw(st.sets(st.integers(1, 70), min_size=1)))
    cuts = sorted(draw(st.sets(st.sampled_from(frames), max_size=2)))
    looks = sorted({*frames[::3], frames[-1]})
    return {frame: boxes(draw, frame) for frame in looks}, frames, cuts


@given(shots(), st.randoms(use_true_random=False))
def test_when_faces_of_a_look_come_in_another_order_then_the_tracks_are_the_same(shot, random):
    sightings, frames, cuts = shot
    shuffled = {frame: random.sample(found, len(found)) for frame, found in sightings.items()}
    assert link(shuffled, frames, cuts) == link(sightings, frames, cuts)


@given(shots(), st.integers(-2000, 2000))
def test_when_a_shot_begins_at_another_number_then_its_tracks_move_with_it(shot, by):
    sightings, frames, cuts = shot
    moved = link(
        {
            frame + by: [replace(one, frame=frame + by) for one in found]
            for frame, found in sightings.items()
        },
        [frame + by for frame in frames],
        [cut + by for cut in cuts],
    )
    assert [
        replace(
            track,
            frames=tuple(frame - by for frame in track.frames),
            returns=tuple(frame - by for frame in track.returns),
        )
        for track in moved
    ] == list(link(sightings, frames, cuts))


@given(shots())
def test_when_tracks_are_linked_then_each_lies_between_cuts_in_frames_that_are_there(shot):
    sightings, frames, cuts = shot
    tracks = link(sightings, frames, cuts)
    assert [track.number for track in tracks] == list(range(1, len(tracks) + 1))
    for track in tracks:
        assert set(track.frames) <= set(frames)
        assert list(track.frames) == sorted(set(track.frames))
        assert len(track.frames) == len(track.centres) == len(track.sizes)
        assert not any(track.frames[0] < cut <= track.frames[-1] for cut in cuts)
        assert set(track.returns) <= set(track.frames[1:])


@given(shots())
def test_when_faces_are_gathered_then_every_sighting_is_in_one_thread_and_one_person(shot):
    sightings, _, _ = shot
    threads = gather(sightings, sorted(sightings))
    people = reunite(threads)
    everything = sorted(id(one) for found in sightings.values() for one in found)
    assert sorted(id(one) for thread in threads for one in thread) == everything
    assert sorted(id(one) for who in people for thread in who for one in thread) == everything
    for who in people:
        times = [one.frame for thread in who for one in thread]
        assert times == sorted(set(times))


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=9))
def test_when_a_track_is_written_as_json_then_it_comes_back_exactly(rows):
    frames = tuple(range(1001, 1001 + len(rows)))
    centres = tuple((x, y) for x, y, _ in rows)
    track = Track(3, frames, centres, tuple(size for *_, size in rows), frames[1:3])
    assert Track.from_json(json.loads(json.dumps(track.to_json()))) == track
