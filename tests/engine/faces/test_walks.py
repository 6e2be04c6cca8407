"""Drawn people cross, leave, come back and take each other's places, found by the cascades."""

from itertools import pairwise

import numpy as np
import pytest

from engine.faces.analysis import Proxy, analyse
from engine.faces.detect import FaceDetector
from engine.image import Box
from tests.engine.faces.drawn import HEIGHT, WIDTH, owners, scene

PROXY = Proxy.of(Box(0, 0, WIDTH - 1, HEIGHT - 1))
ANNA, BOB, CLEO = 1, 7, 2


class OnTwos(FaceDetector):
    """Looks once at a picture that is shown twice in a row, as drawn people's are."""

    def __init__(self):
        super().__init__()
        self.last = None, ()

    def detect(self, picture):
        if not np.array_equal(self.last[0], picture):
            self.last = picture.copy(), super().detect(picture)
        return self.last[1]


@pytest.fixture(scope="module")
def found_in():
    """Looks through a scene; returns what was found, and who each track shows."""
    detector = OnTwos()

    def find(*walkers, frames, elsewhere=()):
        pictures, truth = scene(range(frames), *walkers)
        pictures |= scene(elsewhere, room=2)[0]
        found = analyse(pictures.items(), PROXY, detector)
        return found, [owners(track, truth) for track in found.tracks]

    return find


def along(*points):
    """Return a way through (frame, x, y, side) points; None before the first, after the last."""

    def way(frame):
        for (start, *one), (end, *two) in pairwise(points):
            if start <= frame <= end:
                share = (frame - start) / (end - start)
                return tuple(a + share * (b - a) for a, b in zip(one, two, strict=True))
        return None

    return way


def either(*ways):
    return lambda frame: next((place for way in ways if (place := way(frame))), None)


def at(x, y, side):
    return lambda _: (x, y, side)


def track_of(person, found, shown):
    (track,) = (track for track, who in zip(found.tracks, shown, strict=True) if who == [person])
    return track


def test_when_three_people_cross_then_each_keeps_the_track(found_in):
    found, shown = found_in(
        (CLEO, along((0, 270, 95, 84), (47, 40, 95, 84))),
        (BOB, at(168, 100, 88)),
        (ANNA, along((0, 45, 105, 96), (47, 275, 105, 96))),
        frames=48,
    )
    assert sorted(shown) == [[ANNA], [CLEO], [BOB]]
    assert track_of(ANNA, found, shown).returns == ()


@pytest.mark.parametrize(("away", "back"), [(10, 370), (10, -50), (30, -50), (60, 370)])
def test_when_a_person_leaves_and_returns_then_the_track_goes_on_with_a_gap(found_in, away, back):
    leaves, returns = 20, 20 + away + 8
    stop = 60 if back < 0 else 260
    anna = either(
        along((0, 60, 105, 96), (8, 60, 105, 96), (leaves, -50, 105, 96)),
        along(
            (returns, back, 105, 92), (returns + 12, stop, 105, 92), (returns + 24, stop, 105, 92)
        ),
    )
    found, shown = found_in((BOB, at(160, 100, 90)), (ANNA, anna), frames=returns + 24)
    assert sorted(shown) == [[ANNA], [BOB]]
    (again,) = track_of(ANNA, found, shown).returns
    assert again > returns
    assert not any(leaves < frame < returns for frame in track_of(ANNA, found, shown).frames)


def test_when_two_leave_and_return_in_each_others_place_then_each_keeps_the_track(found_in):
    anna = either(
        along((0, 90, 105, 96), (12, 90, 105, 96), (26, -50, 105, 96)),
        along((40, 370, 105, 96), (54, 230, 105, 96), (80, 230, 105, 96)),
    )
    bob = either(
        along((0, 230, 100, 90), (12, 230, 100, 90), (26, 370, 100, 90)),
        along((40, -50, 100, 90), (54, 90, 100, 90), (80, 90, 100, 90)),
    )
    _, shown = found_in((BOB, bob), (ANNA, anna), frames=80)
    assert sorted(shown) == [[ANNA], [BOB]]


def test_when_another_comes_in_where_one_has_left_then_the_track_is_new(found_in):
    found, shown = found_in(
        (ANNA, along((0, 90, 105, 96), (12, 90, 105, 96), (26, -50, 105, 96))),
        (BOB, along((34, -50, 105, 96), (48, 90, 105, 96), (80, 90, 105, 96))),
        frames=72,
    )
    assert shown == [[ANNA], [BOB]]
    assert not any(track.returns for track in found.tracks)


def test_when_one_stands_before_another_for_long_then_the_hidden_track_waits(found_in):
    found, shown = found_in(
        (BOB, at(160, 100, 88)),
        (
            ANNA,
            along(
                (0, -50, 105, 112), (20, 165, 105, 112), (60, 165, 105, 112), (80, 380, 105, 112)
            ),
        ),
        frames=92,
    )
    assert sorted(shown) == [[ANNA], [BOB]]
    hidden = track_of(BOB, found, shown)
    assert len(hidden.returns) == 1
    assert not any(20 <= frame <= 60 for frame in hidden.frames)


def test_when_one_comes_closer_past_another_then_both_keep_the_track(found_in):
    found, shown = found_in(
        (BOB, along((0, 290, 70, 76), (47, 40, 70, 76))),
        (ANNA, along((0, 150, 110, 80), (47, 165, 120, 140))),
        frames=48,
    )
    assert sorted(shown) == [[ANNA], [BOB]]
    sizes = track_of(ANNA, found, shown).sizes
    assert sizes[-1] > 1.6 * sizes[0]


def test_when_the_shot_cuts_away_and_back_then_the_tracks_are_new(found_in):
    found, shown = found_in((ANNA, at(100, 100, 96)), frames=48, elsewhere=range(16, 32))
    assert found.cuts == (16, 32)
    assert shown == [[ANNA], [ANNA]]
    assert [track.frames for track in found.tracks] == [tuple(range(16)), tuple(range(32, 48))]
