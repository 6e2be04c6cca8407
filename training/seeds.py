"""Random numbers that depend on nothing but what they are for."""

from __future__ import annotations

import hashlib

import numpy as np


def random_stream(purpose: str, *numbers: int) -> np.random.Generator:
    """Start the random numbers of a purpose and its numbers.

    Two purposes, or other numbers of one purpose, give unrelated streams; equal ones give the
    same stream in any process.
    """
    # A digest, since SeedSequence takes (1,) and (1, 0) for the same seed.
    name = ":".join([purpose, *(str(int(number)) for number in numbers)])
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
