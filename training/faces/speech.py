"""Speech-like sound, and the mouth that would have made it.

Rules of this file:
    - Sound and mouth come from one list of phones; neither is made from the other.
    - 16 000 samples and 25 frames a second, so 640 samples a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000
FRAME_RATE = 25
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE
CONTROL_RATE = 200
"""Steps per second in which phones are laid out: 5 ms each."""
HIGHEST = 5_000.0
"""Hertz above which a voice has no partials here."""
TONGUE_LAG = 0.022
"""Seconds over which one phone's shape blends into the next."""


class Phone(NamedTuple):
    """One sound: three formants in hertz, loudness, breath noise, and the mouth's shape."""

    formants: tuple[float, float, float]
    voice: float
    noise: float
    jaw: float
    round: float
    wide: float
    press: float


VOWELS = (
    Phone((800, 1250, 2600), 1.0, 0.01, 1.0, 0.0, 0.1, 0.0),
    Phone((560, 1850, 2550), 0.8, 0.01, 0.65, 0.0, 0.5, 0.0),
    Phone((310, 2250, 3000), 0.5, 0.01, 0.26, 0.0, 0.9, 0.0),
    Phone((520, 900, 2500), 0.8, 0.01, 0.62, 0.7, 0.0, 0.0),
    Phone((340, 850, 2300), 0.45, 0.01, 0.24, 1.0, 0.0, 0.0),
    Phone((500, 1450, 2500), 0.6, 0.01, 0.42, 0.1, 0.1, 0.0),
)
CONSONANTS = (
    Phone((250, 1100, 2300), 0.12, 0.0, 0.0, 0.0, 0.0, 1.0),
    Phone((280, 1700, 2600), 0.15, 0.0, 0.15, 0.0, 0.1, 0.0),
    Phone((300, 1800, 2600), 0.0, 0.16, 0.08, 0.0, 0.4, 0.0),
    Phone((300, 1200, 2500), 0.0, 0.1, 0.06, 0.0, 0.1, 0.4),
    Phone((350, 1300, 2700), 0.25, 0.0, 0.2, 0.1, 0.0, 0.0),
    Phone((300, 1600, 2600), 0.0, 0.02, 0.12, 0.0, 0.0, 0.0),
)
SILENCE = Phone((500, 1500, 2500), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Speech(NamedTuple):
    """What was said.

    Attributes:
        sound: ``(S,)`` float32 at 16 kHz in [-1, 1].
        mouth: ``(T, 4)`` jaw, round, wide and press at the middle of each frame, in [0, 1].
    """

    sound: NDArray[np.float32]
    mouth: NDArray[np.float64]


def speak(rng: np.random.Generator, frames: int, pitch: float) -> Speech:
    """Return an utterance with pauses.

    Args:
        rng: Where the phones are drawn from.
        frames: Length at 25 frames a second.
        pitch: Mean of the voice's fundamental in hertz.
    """
    steps = frames * CONTROL_RATE // FRAME_RATE
    track = _phones(rng, steps)
    track = gaussian_filter1d(track, TONGUE_LAG * CONTROL_RATE, axis=0, mode="nearest")
    middle = (np.arange(frames) + 0.5) * CONTROL_RATE / FRAME_RATE
    at = np.arange(steps)
    # A lip is heavier than a voice: the mouth is smoothed once more.
    lips = gaussian_filter1d(track[:, 5:9], 2.0, axis=0, mode="nearest")
    mouth = np.stack([np.interp(middle, at, line) for line in lips.T], -1)
    return Speech(_sound(rng, track, frames, pitch), np.clip(mouth, 0, 1))


def _phones(rng: np.random.Generator, steps: int) -> NDArray[np.float64]:
    """Return ``(steps, 9)``: three formants, voice, noise, jaw, round, wide, press."""
    track = np.zeros((steps, 9))
    tempo = rng.uniform(0.85, 1.25)
    at = 0
    syllables = int(rng.integers(1, 6))
    while at < steps:
        if syllables == 0:
            spoken = [(SILENCE, rng.uniform(0.18, 0.5), 1.0)]
            syllables = int(rng.integers(3, 9))
        else:
            stress = rng.uniform(0.55, 1.0)
            vowel, consonant = VOWELS[rng.integers(6)], CONSONANTS[rng.integers(6)]
            spoken = [
                (consonant, rng.uniform(0.05, 0.09), 1.0),
                (vowel, rng.uniform(0.1, 0.2), stress),
            ]
            syllables -= 1
        for phone, seconds, stress in spoken:
            length = max(round(seconds * tempo * CONTROL_RATE), 1)
            row = np.array([*phone.formants, *phone[1:]])
            row[3:6] *= stress
            track[at : at + length] = row
            at += length
    return track


def _sound(
    rng: np.random.Generator, track: NDArray[np.float64], frames: int, pitch: float
) -> NDArray[np.float32]:
    samples = frames * SAMPLES_PER_FRAME
    time = np.arange(samples) * (CONTROL_RATE / SAMPLE_RATE)
    steps = np.arange(len(track))
    wander = gaussian_filter1d(rng.normal(0, 1, len(track)), 20, mode="wrap") * 4
    fundamental = pitch * np.exp2(0.12 * wander + 0.1 * (track[:, 3] - 0.4))
    phase = 2 * np.pi * np.cumsum(np.interp(time, steps, fundamental)) / SAMPLE_RATE
    voice = np.zeros(samples)
    for partial in range(1, int(HIGHEST / pitch) + 1):
        gain = _resonance(track, partial * fundamental) / partial
        voice += np.interp(time, steps, gain * track[:, 3]) * np.sin(partial * phase)
    breath = np.diff(rng.normal(0, 1, samples + 1))
    sound = voice + 0.6 * np.interp(time, steps, track[:, 4]) * breath
    return (0.8 * np.tanh(0.9 * sound)).astype(np.float32)


def _resonance(track: NDArray[np.float64], hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much the three formants let through at one frequency per step."""
    widths, gains = (90.0, 120.0, 180.0), (1.0, 0.7, 0.35)
    total = np.full(len(track), 0.05)
    for formant, width, gain in zip(track[:, :3].T, widths, gains, strict=True):
        total += gain / (1 + ((hertz - formant) / width) ** 2)
    return total * (1 + hertz / 1500)
