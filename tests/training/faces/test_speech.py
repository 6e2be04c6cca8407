import numpy as np

from training.faces.geometry import MOVEMENTS, build_head
from training.faces.identity import draw_identity
from training.faces.landmarks import landmark_places, landmarks_of
from training.faces.motion import draw_motion
from training.faces.speech import SAMPLES_PER_FRAME, speak
from training.seeds import random_stream

FRAMES = 150


def heard_and_seen(seed):
    """The sound's envelope and the lips' distance, one number per frame."""
    rng = random_stream("test", seed)
    sound, mouth = speak(rng, FRAMES, 140.0)
    motion = draw_motion(rng, mouth)
    head = build_head(draw_identity(seed).shape)
    places = landmark_places(head)
    marks = np.stack([landmarks_of(places, head.posed(now)[..., :2]) for now in motion.strengths])
    loudness = np.sqrt((sound.reshape(FRAMES, SAMPLES_PER_FRAME) ** 2).mean(1))
    return loudness, marks[:, 66, 1] - marks[:, 62, 1]


def correlation(one, other):
    return np.corrcoef(one, other)[0, 1]


def test_when_a_face_talks_then_mouth_and_sound_belong_together():
    for seed in range(6):
        loudness, opening = heard_and_seen(seed)
        shuffled = loudness.reshape(15, 10)[random_stream("shuffle", seed).permutation(15)].ravel()
        assert correlation(loudness, opening) > 0.6
        assert abs(correlation(shuffled, opening)) < 0.5


def test_when_the_same_is_said_twice_then_the_sound_is_the_same():
    one, other = (speak(random_stream("test", 1), 20, 120.0) for _ in range(2))
    np.testing.assert_array_equal(one.sound, other.sound)
    np.testing.assert_array_equal(one.mouth, other.mouth)


def test_when_someone_speaks_then_there_are_loud_frames_and_pauses():
    sound = speak(random_stream("test", 2), FRAMES, 120.0).sound
    loudness = np.sqrt((sound.reshape(FRAMES, -1) ** 2).mean(1))
    assert loudness.min() < 0.02
    assert loudness.max() > 0.1


def test_when_the_voice_is_high_then_its_spectrum_has_its_partials():
    sound = speak(random_stream("test", 3), FRAMES, 200.0).sound
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / 16_000)
    assert spectrum[(hertz > 120) & (hertz < 3500)].sum() > 0.8 * spectrum.sum()


def test_when_movements_are_listed_then_speech_drives_the_first_four():
    assert MOVEMENTS[:4] == ("jaw", "round", "wide", "press")
