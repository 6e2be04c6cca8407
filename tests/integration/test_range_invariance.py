"""However a shot is cut into requests, in whatever order, with whatever crashes: the same bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from engine import take as take_module
from engine.frame_io.exr import pixel_hash
from engine.restorers import TABLE, build_restorer, load_restorer
from tests.engine.plates import (
    Run,
    delivered,
    delivered_image,
    litter,
    picture,
    put_faces,
    request,
    track,
    write_plate,
)
from tests.engine.probes import ALIGNED, LINKS, Spy

FIRST, LAST = 1001, 1024
GAP = 1010  # not on disk
SHOT = f"{FIRST}-{LAST}"
FRAMES = [frame for frame in range(FIRST, LAST + 1) if frame != GAP]
HANDLES = 2
# On a whole plate; those that need a face have a test of their own.
RESTORERS = [*LINKS, *(n for n in TABLE if build_restorer(n).info.content_agnostic)]


class Crash(BaseException):
    """The end of the process, as far as the pipeline can tell."""


class Crashing:
    """Lets the process end at the n-th of the chosen moments; counts them otherwise."""

    def __init__(self, moment, number):
        self.moment, self.left = moment, number

    def pass_by(self, moment):
        if moment == self.moment:
            self.left -= 1
            if self.left < 0:
                raise Crash

    def write(self, path, data, **how):
        self.pass_by("before a write")
        _write(path, data, **how)
        self.pass_by("after a write")


_write = take_module.write_atomically
MOMENTS = ("never", "before a write", "after a write", "told", "restoring")

requests = st.lists(
    st.tuples(
        st.sets(st.sampled_from(FRAMES), min_size=1),
        st.sampled_from(MOMENTS),
        st.integers(0, 12),
    ),
    max_size=6,
)
few = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(
        tmp_path_factory.mktemp("plates"),
        [*range(FIRST - HANDLES, FIRST), *FRAMES, LAST + 1],
    )


@pytest.fixture(scope="module")
def wide_plate(tmp_path_factory):
    return write_plate(
        tmp_path_factory.mktemp("wide"), FRAMES, lambda frame: picture(frame, (64, 112))
    )


def of_name(name):
    return LINKS.get(name) or (ALIGNED if name == "aligned" else load_restorer(name))


def in_pieces(plate, out, restorer, asked, **fields):
    """Carry the requests out, each in a life of its own, then one for all that is left."""
    for frames, moment, number in asked:
        crashing = Crashing(moment, number)
        spy = Spy(restorer, lambda _clip, c=crashing: c.pass_by("restoring"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("engine.take.write_atomically", crashing.write)
            try:
                run = Run(
                    request(plate, out, SHOT, frames, **fields),
                    spy,
                    emit=lambda _, c=crashing: c.pass_by("told"),
                )
            except Crash:
                event(f"crashed: {moment}")
            else:
                assert run.error is None
                assert set(run.said) == set(frames)
    last = Run(request(plate, out, SHOT, FRAMES, **fields), restorer)
    assert last.error is None
    assert last.finished.delivered == len(FRAMES)


@pytest.fixture(scope="module")
def continuous(plate, tmp_path_factory):
    """One run over the whole shot, for each restorer."""
    runs = {}

    def run(name):
        if name not in runs:
            runs[name] = out = tmp_path_factory.mktemp(name)
            whole = Run(request(plate, out, SHOT, FRAMES, handles=HANDLES), of_name(name))
            assert whole.error is None
            assert list(whole.statuses.values()) == ["restored"] * len(FRAMES)
        return runs[name]

    return run


def references(out):
    folder = Path(out) / "shot.take" / "references"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.safetensors")}


def check_same(out, whole):
    assert delivered(out) == delivered(whole)
    assert references(out) == references(whole)
    for frame in (FRAMES[0], FRAMES[len(FRAMES) // 2], FRAMES[-1]):
        assert pixel_hash(delivered_image(out, frame)) == pixel_hash(delivered_image(whole, frame))
    assert litter(out) == []
    assert list((Path(out) / "shot.take" / "windows").rglob("*.safetensors")) == []


@pytest.mark.parametrize("name", RESTORERS)
def test_when_a_shot_is_restored_in_pieces_then_every_bit_is_that_of_one_run(
    plate, continuous, name
):
    whole = continuous(name)

    @few
    @given(requests)
    def check(asked):
        with tempfile.TemporaryDirectory() as out:
            in_pieces(plate, out, of_name(name), asked, handles=HANDLES)
            check_same(out, whole)

    check()


@pytest.mark.parametrize("name", [*LINKS, "aligned"])
def test_when_faces_come_and_go_then_pieces_make_the_bits_of_one_run(
    wide_plate, tmp_path, monkeypatch, name
):
    put_faces(
        monkeypatch,
        track(1, range(FIRST, FIRST + 15), (30, 32), 8, drift=0.7),
        track(2, range(FIRST + 6, LAST + 1), (80, 32), 7, drift=-0.4),
    )
    restorer = of_name(name)
    fields = {"whole_frame": False, "layers": ("beauty", "matte", "confidence", "source")}
    Run(request(wide_plate, tmp_path, SHOT, FRAMES, **fields), restorer)

    @few
    @given(requests)
    def check(asked):
        with tempfile.TemporaryDirectory() as out:
            in_pieces(wide_plate, out, restorer, asked, **fields)
            check_same(out, tmp_path)

    check()


@pytest.mark.parametrize("name", RESTORERS)
def test_when_two_workers_share_a_take_then_their_frames_are_those_of_one(
    plate, continuous, tmp_path, name
):
    """The farm's case: each renders its chunk without having seen the other's references."""
    for chunk in (FRAMES[12:], FRAMES[:12]):
        Run(request(plate, tmp_path, SHOT, chunk, handles=HANDLES), of_name(name))
    check_same(tmp_path, continuous(name))


@pytest.mark.parametrize("name", RESTORERS)
def test_when_every_frame_is_asked_for_alone_and_backwards_then_the_bits_are_the_same(
    plate, continuous, tmp_path, name
):
    restored = Spy(of_name(name))
    for frame in reversed(FRAMES):
        Run(request(plate, tmp_path, SHOT, [frame], handles=HANDLES), restored)
    check_same(tmp_path, continuous(name))
    assert len(set(restored.windows)) == len(restored.windows), "no window is restored twice"


def test_when_delivered_frames_are_lost_then_they_come_back_with_the_same_bits(
    plate, continuous, tmp_path
):
    restorer = of_name("chained")
    Run(request(plate, tmp_path, SHOT, FRAMES, handles=HANDLES), restorer)
    for frame in FRAMES[3::5]:
        (tmp_path / f"shot_restored.{frame}.exr").unlink()
    Run(request(plate, tmp_path, SHOT, FRAMES, handles=HANDLES), restorer)
    check_same(tmp_path, continuous("chained"))
