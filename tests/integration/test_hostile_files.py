"""A living engine fed with spoilt files: each costs its own frame, never the worker.

What is spoilt, and how, is chosen by numbers; `make fuzz` tries as many as there is time for.
"""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from engine.manifest import sealed
from plugin_host.errors import FaceplateError, FrameError, FrameMissing, every_error
from plugin_host.replies import Finished, Progress
from tests.engine.frame_io.plates import plate_of
from tests.fuzz.mutants import marks, mutant
from tests.fuzz.samples import KINDS

FRAME_CODES = set(every_error(FrameError))
SPACE = "lin_rec709_scene"


@pytest.fixture(scope="module")
def held(tmp_path_factory, tools):
    """An engine whose worker the kernel holds, where it can, and its folder."""
    here = tmp_path_factory.mktemp("held")
    (here / "engine").mkdir()
    engine = tools.Engine(here / "engine", "--roots", str(here / "roots"))
    (here / "roots").mkdir()
    yield here / "roots", engine.wait_ready()
    engine.end()


@pytest.fixture
def ask(held, tools):
    """Asks for a job; returns its last word or error. The worker must outlive it."""
    _, engine = held
    worker = engine.worker()

    def run(pattern, output, frames, *, colourspace=SPACE, **settings):
        submit = tools.request(pattern, output, frames, **{"restorer": "passthrough", **settings})
        plate = submit.shot.plate._replace(colourspace=colourspace)
        submit = replace(submit, shot=replace(submit.shot, plate=plate))
        with engine.client() as client:
            try:
                *_, last = told = list(client.events(client.submit(submit).job))
            except FaceplateError as error:
                last, told = error, []
            assert client.status().ready
        assert engine.worker() == worker, engine.words()
        return last, [event for event in told if isinstance(event, Progress)]

    return run


def spoilt(kind, name, number):
    data, suffix = KINDS[kind]()[name], name.rpartition(".")[2]
    where = marks(suffix, data)
    return mutant(suffix, data, len(where.boundaries) * (number % 3 > 0) + number, where)


def write_spoilt(folder, kind, names, count):
    """Write a sequence whose every fourth frame is sound; return its pattern."""
    folder.mkdir(parents=True)
    suffix = names[0].rpartition(".")[2]
    for frame in range(1, count + 1):
        name = names[frame % len(names)]
        sound = KINDS[kind]()[names[0]]
        data = spoilt(kind, name, frame) if frame % 4 else sound
        (folder / f"p.{frame:04d}.{suffix}").write_bytes(data)
    return str(folder / f"p.%04d.{suffix}")


@pytest.mark.parametrize("policy", ["skip", "source"])
def test_when_exr_frames_are_spoilt_then_only_they_fail_and_each_by_name(held, ask, policy):
    roots, _ = held
    names = ["zip_compression.exr", *sorted(KINDS["exr"]())]
    pattern = write_spoilt(roots / policy / "plate", "exr", names, 44)
    Path(pattern % 41).unlink()
    os.mkfifo(pattern % 41)
    last, told = ask(pattern, roots / policy / "out", "1-44", on_error=policy)
    assert isinstance(last, Finished)
    assert len(told) == 44
    assert {error.code for error in last.errors} <= FRAME_CODES
    assert 41 in {error.frame for error in last.errors}
    statuses = {progress.frame: progress.status for progress in told}
    expected = plate_of("ZIP_COMPRESSION").beauty.channels
    for frame in range(4, 45, 4):
        assert statuses[frame] == "restored"
        found = read_image(str(roots / policy / "out" / f"p_restored.{frame:04d}.exr"))
        for name, samples in expected.items():
            assert np.array_equal(found.beauty.channels[name], samples)


@pytest.mark.parametrize("suffix", ["dpx", "tif", "png"])
def test_when_pictures_are_spoilt_then_only_they_fail_and_each_by_name(held, ask, suffix):
    roots, _ = held
    names = sorted(name for name in KINDS["pictures"]() if name.endswith(suffix))
    pattern = write_spoilt(roots / suffix, "pictures", names, 24)
    last, _ = ask(pattern, roots / suffix / "out", "1-24", colourspace="srgb_rec709_scene")
    assert isinstance(last, Finished)
    assert {error.code for error in last.errors} <= FRAME_CODES
    assert last.delivered >= 6


def test_when_masks_and_references_are_spoilt_then_the_job_says_so(held, ask):
    roots, _ = held
    plate = write_spoilt(roots / "masked", "pictures", ["a8.png"], 4)
    for number, name in enumerate(sorted(KINDS["pictures"]())):
        folder = roots / "guides" / name
        folder.mkdir(parents=True)
        guide = folder / f"guide{Path(name).suffix}"
        guide.write_bytes(spoilt("pictures", name, number))
        how = {"mask": {"mask": str(guide)}, "reference": {"references": (str(guide),)}}
        for kind, setting in how.items():
            last, _ = ask(plate, folder / kind, "4", colourspace="srgb_rec709_scene", **setting)
            assert isinstance(last, Finished | FaceplateError)


@pytest.mark.parametrize("number", range(3))
def test_when_movies_are_spoilt_then_the_job_says_so(held, ask, number):
    roots, _ = held
    movies = sorted(KINDS["movies"]())
    if not movies:
        pytest.skip("PyAV is not installed")
    for name in movies:
        folder = roots / f"movies{number}" / name
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(spoilt("movies", name, 7 * number + 1))
        last, _ = ask(str(path), folder / "out", "1-6")
        if isinstance(last, Finished):
            assert {error.code for error in last.errors} <= FRAME_CODES
        else:
            assert last.code.startswith(("request", "frame")), last


def test_when_files_of_a_take_are_spoilt_then_its_frames_are_right_or_an_error_says_so(
    held, ask, tools
):
    roots, _ = held
    plate = tools.write_plate(roots / "taken" / "plate", range(1, 13))
    how = {"restorer": "temporal-denoise", "shot": "1-12"}
    ask(plate, roots / "taken" / "whole", "1-12", **how)
    right = tools.delivered(roots / "taken" / "whole")
    begun = roots / "taken" / "begun"
    ask(plate, begun, "2-3,7", **how)
    files = sorted(path.relative_to(begun) for path in begun.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".exr", ".json", ".safetensors"}
    kinds = {(path.parent.name, path.suffix): path for path in files if path.suffix != ".exr"}
    for number, path in enumerate(sorted(kinds.values())):
        for how_often in range(2):
            out = roots / "taken" / f"{number}-{how_often}"
            shutil.copytree(begun, out)
            data, suffix = (out / path).read_bytes(), path.suffix[1:]
            (out / path).write_bytes(mutant(suffix, data, 40 * (1 + how_often) + number))
            last, _ = ask(plate, out, "1-12", **how)
            if isinstance(last, Finished):
                assert not last.errors
                assert tools.delivered(out) == right, path
            else:
                assert last.code in {"request.take", "restorer"}, last


def test_when_a_receipt_is_forged_to_break_the_line_then_the_engine_lives(held, ask, tools):
    roots, _ = held
    plate = tools.write_plate(roots / "forged" / "plate", range(1, 3))
    ask(plate, roots / "forged" / "out", "1-2")
    path = roots / "forged" / "out" / "p.take" / "receipts" / "1.json"
    for note in ("long " * 2000, 5, "\0"):
        told = json.loads(path.read_text("utf-8"))
        told.pop("seal")
        path.write_bytes(sealed({**told, "note": note}))
        last, _ = ask(plate, roots / "forged" / "out", "1-2")
        assert isinstance(last, Finished)
        assert last.delivered == 2


# folders that are exchanged behind the engine's back


@pytest.fixture
def outside(tmp_path, tools):
    """A plate that the engine may not touch."""
    tools.write_plate(tmp_path / "plate", range(1, 5))
    return tmp_path / "plate"


def swapped_while_it_waits(engine, submit, swap):
    """Submit; make the swap after the request was checked and before the worker hears of it."""
    with engine.client() as client:
        os.kill(engine.worker(), signal.SIGSTOP)
        try:
            job = client.submit(submit).job
            swap()
        finally:
            os.kill(engine.worker(), signal.SIGCONT)
        try:
            return list(client.frames(job))[-1]
        except FaceplateError as error:
            return error


def exchange(folder, target):
    folder.rename(folder.with_name(folder.name + ".away"))
    folder.symlink_to(target)


def test_when_the_plate_is_swapped_for_a_link_then_nothing_outside_is_read(held, outside, tools):
    roots, engine = held
    if "no Landlock" in engine.words():
        pytest.skip("this system has no Landlock")
    pattern = tools.write_plate(roots / "swapped" / "plate", range(1, 5))
    submit = tools.request(pattern, roots / "swapped" / "out", "1-4", restorer="passthrough")
    last = swapped_while_it_waits(
        engine, submit, lambda: exchange(roots / "swapped" / "plate", outside)
    )
    if isinstance(last, Finished):
        assert {error.code for error in last.errors} == {"frame.corrupt"}
    else:
        assert last.code == "request.plate"
    assert not tools.delivered(roots / "swapped" / "out")


@pytest.mark.parametrize("which", ["out", "out/p.take", "out/p.take/receipts"])
def test_when_the_output_is_swapped_for_a_link_then_nothing_outside_is_written(
    held, outside, tools, which
):
    roots, engine = held
    if "no Landlock" in engine.words():
        pytest.skip("this system has no Landlock")
    here = roots / f"swapped {which.replace('/', ' ')}"
    pattern = tools.write_plate(here / "plate", range(1, 5))
    (here / "out" / "p.take" / "receipts").mkdir(parents=True)
    before = tools.delivered(outside), sorted(path.name for path in outside.iterdir())
    submit = tools.request(pattern, here / "out", "1-4", restorer="passthrough")
    last = swapped_while_it_waits(engine, submit, lambda: exchange(here / which, outside))
    assert isinstance(last, FaceplateError)
    assert last.code in {"request.output", "frame.write"}, last
    assert (tools.delivered(outside), sorted(path.name for path in outside.iterdir())) == before


def test_when_a_delivered_frame_becomes_a_link_then_it_is_not_fetched(held, outside, tools):
    roots, engine = held
    pattern = tools.write_plate(roots / "fetched" / "plate", range(1, 3))
    submit = tools.request(pattern, roots / "fetched" / "out", "1-2", restorer="passthrough")
    with engine.client() as client:
        job = client.submit(submit).job
        assert isinstance(list(client.events(job))[-1], Finished)
        assert client.fetch(job, 1)
        frame = roots / "fetched" / "out" / "p_restored.0002.exr"
        frame.unlink()
        frame.symlink_to(outside / "p.0002.exr")
        with pytest.raises(FrameMissing, match="outside"):
            client.fetch(job, 2)


def test_when_a_root_is_made_anew_then_the_worker_is_let_in_again(engine_of, tmp_path, tools):
    root = tmp_path / "root"
    tools.write_plate(root / "plate", range(1, 3))
    engine = engine_of("--roots", str(root))
    for turn in range(2):
        if turn:  # as when a disk is unmounted and mounted again
            root.rename(tmp_path / "away")
            tools.write_plate(root / "plate", range(1, 3))
        submit = tools.request(
            str(root / "plate" / "p.%04d.exr"), root / "out", "1-2", restorer="passthrough"
        )
        with engine.client() as client:
            last = list(client.frames(client.submit(submit).job))[-1]
        assert isinstance(last, Finished), last
        assert not last.errors
        assert len(tools.delivered(root / "out")) == 2
