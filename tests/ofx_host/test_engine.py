"""The plugin and a real engine: real processes, real frames, real signals."""

import os
import random
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from tests.integration.conftest import (
    Engine,
    request,
    wait_until,
    write_face_plate,
    write_frame,
    write_plate,
)
from tests.ofx_host.conftest import PLATE_FRAMES, blank_like, descriptors, plain, same_bits
from tests.ofx_host.host import OK, Image

WAIT = 2


def pixels_of(path, channels="RGB"):
    """Return a delivered file's channels as float32, the top row first."""
    part = read_image(Path(path).read_bytes()).beauty
    return np.stack([part.channels[name].astype(np.float32) for name in channels], 2)


def source_of(path):
    """Return a source of the plate's size, opaque."""
    height, width, _ = pixels_of(path).shape
    return source_of_size(width, height)


def source_of_size(width, height):
    return Image(np.ones((height, width, 4), np.float32), padding=16, backwards=True)


def rendered(effect, source, frame):
    out = blank_like(source)
    return effect.show(source).render(out, frame), out.read()


def shows(effect, paths, frame):
    """Whether the effect shows a frame of the engine's, bit for bit, the right way up."""
    status, got = rendered(effect, source_of(paths[frame]), frame)
    assert status == OK, effect.persistent
    return same_bits(got[..., :3].copy(), pixels_of(paths[frame])) and (got[..., 3] == 1).all()


def shows_in(effect, paths, frame):
    """The same where the source is set already, for threads that share an effect."""
    out = blank_like(source_of(paths[frame]))
    status = effect.render(out, frame)
    return status == OK and same_bits(out.read()[..., :3].copy(), pixels_of(paths[frame]))


@pytest.fixture
def effect_of(plugin, engine):
    def make(take, connection=None, **params):
        return plugin.create(take=take, engine=str(connection or engine.path), **params)

    return make


@pytest.mark.parametrize("by", ["take", "job"])
def test_when_a_real_take_is_shown_then_every_frame_is_the_engine_s_bit_for_bit(
    effect_of, restored, by
):
    accepted, paths = restored
    effect = effect_of(getattr(accepted, by))
    for _ in range(2):
        for frame in PLATE_FRAMES:
            assert shows(effect, paths, frame)
    assert effect.persistent is None


def test_when_a_real_matte_is_shown_then_it_is_the_engine_s(effect_of, restored):
    accepted, paths = restored
    effect = effect_of(accepted.take, source=2)
    _, got = rendered(effect, source_of(paths[1003]), 1003)
    matte = pixels_of(paths[1003], ["faceplate.matte"])
    assert same_bits(got, np.repeat(matte, 4, 2))


def test_when_threads_render_shuffled_frames_then_every_frame_is_right(effect_of, restored):
    accepted, paths = restored
    wrong = []

    def work(seed):
        effect = effect_of(accepted.take)
        frames = list(PLATE_FRAMES) * 2
        random.Random(seed).shuffle(frames)
        wrong.extend(frame for frame in frames if not shows(effect, paths, frame))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []


def test_when_users_refresh_and_hosts_purge_while_it_renders_then_every_frame_is_right(
    effect_of, restored
):
    accepted, paths = restored
    effect, wrong, ended = effect_of(accepted.take), [], threading.Event()

    def work():
        wrong.extend(frame for frame in PLATE_FRAMES if not shows_in(effect, paths, frame))

    def disturb():
        while not ended.is_set():
            effect.press("refresh")
            effect.act("OfxActionPurgeCaches")
            effect.set(matteGain=1.0, splitPosition=0.25)

    effect.show(source_of(paths[1001]))
    working = [threading.Thread(target=work) for _ in range(3)]
    disturbing = threading.Thread(target=disturb)
    [thread.start() for thread in (*working, disturbing)]
    [thread.join() for thread in working]
    ended.set()
    disturbing.join()
    assert wrong == []


def test_when_a_frame_of_a_take_is_not_there_then_it_is_marked_without_a_word(effect_of, restored):
    accepted, paths = restored
    effect = effect_of(accepted.take)
    status, got = rendered(effect, source_of(paths[1001]), 1009)
    assert status == OK
    assert effect.persistent is None
    assert (got[1:-1, 1:-1] == 1).all()
    assert (got != 1).any()


def test_when_the_take_is_no_take_then_the_message_says_so(effect_of, tmp_path, restored):
    effect = effect_of(str(tmp_path / "none.take"))
    status, _ = rendered(effect, source_of(restored[1][1001]), 1001)
    assert status == OK
    effect = effect_of(restored[0].take + "/")  # as a browser of folders may leave it
    assert shows(effect, restored[1], 1001)
    effect = effect_of("relative.take")
    rendered(effect, source_of(restored[1][1001]), 1001)
    assert effect.persistent


def test_when_an_engine_is_killed_stopped_and_restarted_then_the_same_instance_goes_on(
    effect_of, tmp_path, restored
):
    accepted, paths = restored
    engine = Engine(tmp_path, env=plain())
    try:
        effect = effect_of(accepted.take, engine.path, deadline=60.0)
        assert shows(effect, paths, 1001)
        engine.kill()
        status, _ = rendered(effect, source_of(paths[1002]), 1002)
        assert status == OK
        assert effect.persistent
        engine.start()
        assert shows(effect, paths, 1002)
        assert effect.persistent is None
        os.kill(engine.pid, signal.SIGSTOP)
        effect.set(deadline=0.3)
        rendered(effect, source_of(paths[1003]), 1003)
        assert effect.persistent
        effect.set(deadline=60.0, missing=WAIT)
        effect.aborts = lambda: len(effect.asked_to_abort) > 2
        effect.asked_to_abort.clear()
        assert rendered(effect, source_of(paths[1003]), 1003)[0] == OK
        effect.aborts = lambda: False
        os.kill(engine.pid, signal.SIGCONT)
        assert shows(effect, paths, 1003)
        assert effect.persistent is None
    finally:
        engine.end()


def test_when_a_range_is_restored_by_the_button_then_its_frames_come_to_be_seen(
    effect_of, engine, tmp_path
):
    pattern = write_face_plate(tmp_path / "plate", range(1, 4))
    engine.wait_ready()
    effect = effect_of(
        "", plate=pattern, range="1-3", restorer="temporal-denoise", missing=WAIT, deadline=120.0
    )
    effect.press("restoreRange")
    take = effect.params["take"].value
    assert take == str(tmp_path / "plate" / "restored" / "p.take"), effect.messages
    name = str(tmp_path / "plate" / "restored" / "p_restored.{:04d}.exr")
    for frame in (3, 1, 2):
        source = Image(np.ones((256, 256, 4), np.float32))
        status, got = rendered(effect, source, frame)
        assert status == OK, effect.persistent
        assert same_bits(got[..., :3].copy(), pixels_of(name.format(frame)))
    effect.press("refresh")
    assert "3 of 3" in effect.params["report"].value


def test_when_a_job_has_ended_then_its_report_says_which_frames_failed_and_where_all_lies(
    effect_of, engine, tmp_path
):
    pattern = write_plate(tmp_path / "plate", [1, 2, 4])
    engine.wait_ready()
    effect = effect_of("", plate=pattern, range="1-4", restorer="temporal-denoise")
    effect.press("restoreRange")

    def told():
        effect.press("openReport")
        return "Frame 3" in effect.params["report"].value

    wait_until(told, "the report names the frame")
    kind, text = effect.messages[-1]
    assert kind == "OfxMessageMessage"
    for words in ("is finished", "1 frame with an error", pattern % 3, "p.take", "faceplate page"):
        assert words in text


def test_when_a_job_is_cancelled_by_the_button_then_the_engine_stops_it(
    effect_of, engine, tmp_path
):
    pattern = write_face_plate(tmp_path / "plate", range(1, 25))
    engine.wait_ready()
    effect = effect_of("", plate=pattern, range="1-24", restorer="temporal-denoise")
    effect.press("restoreRange")
    effect.press("cancel")
    assert "Cancelled" in effect.params["report"].value
    with engine.client() as client:
        job = effect.params["job"].value

        def ended():
            states = {known.job: known.state for known in client.status().jobs}
            return states[job] in {"cancelled", "finished"}

        wait_until(ended, "the job ends")


def test_when_a_take_is_made_anew_then_no_stale_frame_is_shown(effect_of, engine, tmp_path):
    effect = seen = None
    for seed in (1, 2):
        pattern = write_plate(tmp_path / "plate", [1])
        write_frame(tmp_path / "plate" / "p.0001.exr", seed)
        with engine.client() as client:
            job = client.submit(request(pattern, tmp_path / "out", "1"))
            paths = {
                event.frame: event.path
                for event in client.frames(job.job)
                if hasattr(event, "frame")
            }
        effect = effect or effect_of(job.take)
        for _ in range(3):
            assert shows(effect, paths, 1)
        assert seen is None or not same_bits(seen, pixels_of(paths[1]))
        seen = pixels_of(paths[1])
        shutil.rmtree(tmp_path / "out")
        shows_nothing, got = rendered(effect, source_of_size(64, 48), 1)
        assert shows_nothing == OK
        assert (got[1:-1, 1:-1] == 1).all()


def test_when_it_is_unloaded_then_nothing_of_the_engine_is_held(effect_of, restored, plugin):
    accepted, paths = restored
    effect = effect_of(accepted.take)
    before = descriptors()
    for _ in range(4):
        for frame in PLATE_FRAMES:
            assert shows(effect, paths, frame)
        effect.act("OfxActionPurgeCaches")
    assert descriptors() <= before + 3  # the socket, the ring
    plugin.unload()
    assert "memfd" not in Path("/proc/self/maps").read_text("ascii")
