import numpy as np
import pytest

from bench.drive import restored
from bench.links import seam
from engine.restorers import load_restorer


@pytest.fixture(scope="module")
def plate():
    rng = np.random.default_rng(0)
    return np.clip(0.5 + rng.normal(0, 0.1, (24, 3, 32, 32)), 0, 1).astype(np.float32)


def test_when_a_restorer_has_no_memory_then_warming_it_leaves_no_seam(plate):
    restorer = load_restorer("passthrough")
    distance, jump = seam(restorer, plate, restored(restorer, plate), 0)
    assert distance == 0
    assert jump == pytest.approx(1)


def test_when_a_restorer_averages_then_a_longer_warm_up_comes_nearer_to_the_chain(plate):
    restorer = load_restorer("temporal-denoise")
    chained = restored(restorer, plate)
    distances, jumps = zip(*(seam(restorer, plate, chained, w) for w in (0, 4, 12)), strict=True)
    assert distances[0] > distances[1] > distances[2] > 0
    assert jumps[0] > jumps[2]
