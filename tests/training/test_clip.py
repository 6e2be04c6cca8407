import subprocess
import sys
import zlib

import numpy as np
import pytest

from training.clip import MAKERS, ProceduralClip, make_clip
from training.stills import SEEDS_PER_STILL

STILLS = ("leaves", "patterns")


@pytest.mark.parametrize("kind", STILLS)
def test_when_a_clip_is_made_then_it_is_what_the_contract_says(kind):
    clip = make_clip(kind, 5, 3, 48)
    assert (clip.kind, clip.seed, clip.labels) == (kind, 5, None)
    assert clip.pixels.shape == (3, 3, 48, 48)
    assert clip.pixels.dtype == np.float32
    assert clip.pixels.flags.c_contiguous
    assert 0 <= clip.pixels.min() < clip.pixels.max() <= 1


@pytest.mark.parametrize("kind", STILLS)
def test_when_the_seed_is_another_then_the_clip_is_another(kind):
    seeds = (0, 1, 2 * SEEDS_PER_STILL)  # two of one still, one of another
    first, second, third = (make_clip(kind, seed, 1, 48).pixels for seed in seeds)
    assert np.abs(first - second).mean() > 0.01
    assert np.abs(first - third).mean() > 0.01


def test_when_another_process_makes_the_clip_then_the_bits_are_the_same():
    code = (
        "import zlib\nfrom training.clip import make_clip\n"
        "for kind in ('patterns', 'leaves'):\n"
        "    print(zlib.crc32(make_clip(kind, 3, 2, 40).pixels.tobytes()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [zlib.crc32(make_clip(kind, 3, 2, 40).pixels.tobytes()) for kind in reversed(STILLS)]
    assert [int(word) for word in done.stdout.split()] == ours


@pytest.mark.parametrize(
    "asked", [("oil", 0, 1, 8), ("leaves", -1, 1, 8), ("leaves", 0, 0, 8), ("leaves", 0, 1, 0)]
)
def test_when_what_is_asked_for_cannot_be_then_it_is_refused(asked):
    with pytest.raises(ValueError, match=r"kind|no clip"):
        make_clip(*asked)


def test_when_the_table_is_read_then_every_kind_answers_with_its_own_name():
    for kind in MAKERS:
        clip = make_clip(kind, 1, 1, 64)
        assert isinstance(clip, ProceduralClip)
        assert clip.kind == kind
