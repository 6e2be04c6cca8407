"""Sources without a path: what is rendered goes to the engine, and comes back restored."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from plugin_host.requests import Deposit, Submit
from tests.integration.conftest import wait_until
from tests.ofx_host.conftest import blank_like, noise, same_bits
from tests.ofx_host.host import BYTE, OK, RGB, Image

SHOT = {"take": "", "learn": 1, "shot": "5-7", "colourspace": "lin_rec709_scene"}


def source(frame, **how):
    """Return a source whose picture says which frame it is."""
    rng = np.random.default_rng(frame)
    return Image(rng.uniform(0, 1, (48, 64, 4)).astype("f4"), **how)


def rendered(effect, image, frame, **more):
    out = blank_like(image)
    assert effect.show(image).render(out, frame, **more) == OK
    return out.read()


def test_when_frames_are_rendered_then_each_is_sent_once_and_with_the_last_the_shot(shown, fake):
    effect = shown(**SHOT, missing=0)
    pictures = {frame: noise(frame) for frame in range(4, 9)}
    for frame in (7, 6, 6, 4, 8, 5, 7):
        image = Image(pictures[frame], padding=12, backwards=True, origin=(3, -4))
        assert same_bits(rendered(effect, image, frame), pictures[frame])
    wait_until(lambda: fake.said(Submit), "the shot is submitted")
    assert sorted(fake.files) == [f"through_ofx.{n:08d}.exr" for n in (5, 6, 7)]
    for number in (5, 6, 7):
        image = read_image(fake.files[f"through_ofx.{number:08d}.exr"])
        part = image.beauty
        for index, channel in enumerate("RGBA"):
            assert same_bits(part.channels[channel], pictures[number][..., index].copy())
        assert part.attributes["faceplate/through"] == "OFX"
        assert image.display_window == part.data_window
    (submit,) = fake.said(Submit)
    assert submit.shot.plate.pattern == "/spool/through_ofx.%08d.exr"
    assert str(submit.shot.frames) == "5-7"
    assert len({deposit.shelf for deposit in fake.said(Deposit)}) == 1
    assert effect.identity(5) is None
    assert effect.act("OfxActionSyncPrivateData") == OK


def test_when_a_proxy_or_alpha_is_rendered_then_it_is_no_lesson(shown, fake):
    effect = shown(**SHOT)
    effect.clips["Source"].region = [0.0, 0.0, 26.0, 18.0]
    rendered(effect, Image(noise(1)), 5, scale=(0.5, 0.5))
    rendered(effect, Image(noise(1)), 5)  # a tile
    assert fake.said(Deposit) == []


@pytest.mark.parametrize(
    ("params", "words"), [({"colourspace": ""}, "Colourspace"), ({"shot": "x"}, "Shot")]
)
def test_when_something_is_not_filled_in_then_the_message_says_so(shown, params, words):
    effect = shown(**{**SHOT, **params})
    rendered(effect, Image(noise(1)), 5)
    assert words in effect.persistent
    effect.set(learn=0)
    rendered(effect, Image(noise(1)), 5)
    assert effect.persistent is None


def test_when_learning_is_switched_on_again_then_another_shelf_is_filled(shown, fake):
    effect = shown(**SHOT)
    for count in (1, 2):
        effect.press("learn")
        assert len(effect.params["shelf"].value) == 32
        rendered(effect, Image(noise(1)), 5)
        wait_until(lambda n=count: len(fake.said(Deposit)) >= 2 * n - 1, "it is sent")
    assert len({deposit.shelf for deposit in fake.said(Deposit)}) == 2


def test_when_a_source_has_bytes_then_their_values_are_sent(shown, fake):
    codes = np.arange(9 * 13 * 3, dtype=np.uint8).reshape(9, 13, 3)
    effect = shown(**{**SHOT, "shot": "5"})
    rendered(effect, Image(codes, depth=BYTE, components=RGB), 5)
    wait_until(lambda: fake.said(Submit), "the shot is submitted")
    red = read_image(fake.files["through_ofx.00000005.exr"]).beauty.channels["R"]
    assert np.array_equal(red, codes[..., 0] / np.float32(255))


def test_when_a_real_engine_learns_then_the_shot_is_restored_and_says_where_it_came_from(
    plugin, engine
):
    engine.wait_ready()
    params = {**SHOT, "engine": str(engine.path), "restorer": "temporal-denoise"}
    effect = plugin.create(**params, missing=2, deadline=120.0)
    effect.press("learn")
    for frame in (5, 6, 7):
        assert same_bits(rendered(effect, source(frame), frame), source(frame).read())

    def known():
        effect.act("OfxActionSyncPrivateData")
        return effect.params["take"].value

    take = Path(wait_until(known, f"the shot is submitted: {effect.persistent}"))
    got = rendered(effect, source(6), 6)
    delivered = read_image((take.parent / "through_ofx_restored.00000006.exr").read_bytes())
    for index, channel in enumerate("RGBA"):
        wanted = delivered.beauty.channels[channel].astype(np.float32)
        assert same_bits(got[..., index].copy(), wanted)
    assert delivered.beauty.attributes["faceplate/through"] == "OFX"
    assert "through_ofx" in json.loads((take / "manifest.json").read_text())["plate"]


def test_when_the_engine_keeps_no_files_then_the_message_says_how_it_would(shown, fake):
    fake.keeps = False
    effect = shown(**SHOT)

    def told():
        rendered(effect, source(5), 5)
        return effect.persistent

    assert "--spool" in wait_until(told, "the engine's answer")
