import pytest

from training.lite.schedule import (
    DECAY,
    FLOOR,
    PEAK,
    WARM_UP,
    Schedule,
    clip_frames,
    decay,
    learning_rate,
)


def test_when_training_ends_by_steps_then_time_does_not_count():
    schedule = Schedule(steps=10)
    assert [schedule.progress(step, 1e9) for step in (0, 5, 10, 11)] == [0, 0.5, 1, 1]


def test_when_both_ends_are_given_then_the_nearer_counts():
    assert Schedule(steps=100, minutes=4).progress(10, 1) == 0.25
    assert Schedule(steps=100, minutes=4).progress(50, 1) == 0.5


@pytest.mark.parametrize("ends", [{}, {"steps": 0}, {"minutes": -1.0}])
def test_when_no_end_is_given_then_it_is_refused(ends):
    with pytest.raises(ValueError, match="when training ends"):
        Schedule(**ends)


def test_when_the_rate_is_asked_then_it_warms_up_and_falls_as_a_cosine():
    assert learning_rate(0, 0) == pytest.approx(PEAK / WARM_UP)
    assert learning_rate(WARM_UP, 0) == pytest.approx(PEAK)
    assert learning_rate(WARM_UP, 0.5) == pytest.approx(PEAK * (1 + FLOOR) / 2)
    assert learning_rate(WARM_UP, 1) == pytest.approx(PEAK * FLOOR)


def test_when_training_goes_on_then_clips_grow_from_3_to_10_frames():
    lengths = [clip_frames(done / 100) for done in range(101)]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (3, 10)


def test_when_training_is_young_then_the_average_follows_closely():
    assert decay(0) == 0.1
    assert decay(10**6) == DECAY
