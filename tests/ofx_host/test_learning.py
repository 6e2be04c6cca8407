"""Sources without a path: what is rendered goes to the engine, and comes back restored."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from engine.windowing import windows
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Cancel, Deposit, Describe, Settings, Shot, Submit
from tests.integration.conftest import wait_until, write_face_plate
from tests.ofx_host.conftest import TAKE, blank_like, noise, same_bits
from tests.ofx_host.host import BYTE, FAILED, OK, RGB, Image

SHOT = {"take": "", "learn": 1, "shot": "5-7", "colourspace": "lin_rec709_scene"}


def source(frame, **how):
    """Return a source whose picture says which frame it is."""
    rng = np.random.default_rng(frame)
    return Image(rng.uniform(0, 1, (48, 64, 4)).astype("f4"), **how)


def rendered(effect, image, frame, **more):
    out = blank_like(image)
    assert effect.show(image).render(out, frame, **more) == OK
    return out.read()


def shots(fake):
    return [str(submit.shot.frames) for submit in fake.said(Submit)]


def told(effect, image, frame):
    """Return what the host is told of a frame that is looked at."""
    rendered(effect, image, frame, interactive=True)
    return effect.persistent


def delivered_pixels(path, channels="RGBA"):
    part = read_image(Path(path).read_bytes()).beauty
    return np.stack([part.channels[name].astype(np.float32) for name in channels], 2)


def opaque(colours):
    return np.concatenate([colours, np.ones_like(colours[..., :1])], 2)


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


@pytest.mark.parametrize("shelf", ["", "5" * 32])  # of like words; of a copy
def test_when_two_clips_would_share_a_shelf_then_neither_sees_the_other_s_frames(
    shown, fake, shelf
):
    mine, other = (shown(**{**SHOT, "shot": "5", "shelf": shelf}) for _ in range(2))
    picture, foreign = Image(noise(1)), Image(noise(2))
    fake.frames[TAKE, 5] = noise(3)

    def restored():
        got = rendered(mine, picture, 5, interactive=True)
        return same_bits(got[..., :3].copy(), fake.frames[TAKE, 5][..., :3].copy())

    wait_until(restored, "the shot is restored")
    assert same_bits(rendered(other, foreign, 5), foreign.read())
    assert "another clip has the same Shot" in other.persistent
    assert same_bits(rendered(mine, picture, 5), picture.read())  # some frames may be the other's
    mine.act("OfxActionSyncPrivateData")
    assert mine.params["take"].value == ""
    other.press("learn")
    rendered(other, foreign, 5)
    assert other.persistent is None
    wait_until(lambda: len(fake.said(Submit)) == 2, "the other is submitted")


def test_when_a_proxy_is_drawn_then_what_was_learnt_waits_for_the_full_size(shown, fake):
    effect = shown(**{**SHOT, "shot": "5"})
    fake.frames[TAKE, 5] = noise(3)
    whole, half = Image(noise(1)), Image(noise(2))

    def restored():
        return not same_bits(rendered(effect, whole, 5, interactive=True), whole.read())

    wait_until(restored, "the shot is restored")
    got = rendered(effect, half, 5, scale=(0.5, 0.5), interactive=True)
    assert same_bits(got, half.read())
    assert effect.persistent is None
    assert restored()


def test_when_a_session_begins_then_its_shelves_are_new(plugin, fake):
    params = {**SHOT, "engine": str(fake.path), "shelf": "5" * 32}
    for count in (1, 2):
        effect = plugin.create(**params)
        rendered(effect, Image(noise(count)), 5)
        wait_until(lambda n=count: len({d.shelf for d in fake.said(Deposit)}) == n, "it is sent")
        effect.destroy()
        assert plugin.act("OfxActionUnload") == OK
        assert plugin.load() == OK


def test_when_learning_is_switched_on_then_the_take_is_emptied_and_with_one_nothing_is_sent(
    shown, fake
):
    effect = shown(**{**SHOT, "take": TAKE})
    rendered(effect, Image(noise(1)), 5)
    assert effect.params["take"].value == TAKE
    assert fake.said(Deposit) == []
    effect.press("learn")
    assert effect.params["take"].value == ""


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
    fake.keeps = True
    wait_until(lambda: not told() and fake.files, "it is sent again")


@pytest.mark.parametrize(
    ("window", "shot"), [((4, 1), "1-11"), ((3, 0), "1-7"), ((8, 3), "2-20x2")]
)
def test_when_a_window_is_whole_then_it_is_restored_as_a_shot_of_its_own(shown, fake, window, shot):
    fake.window = window
    effect = shown(**{**SHOT, "shot": shot})
    frames = list(FrameRange.parse(shot))
    for frame in frames:
        rendered(effect, Image(noise(frame)), frame)
    wait_until(lambda: shot in shots(fake), "the shot is submitted")
    laid = [str(FrameRange(part.frames)) for part in windows(frames, *window)]
    assert shots(fake) == [*laid[:-1], shot]  # with the last frame, the shot is whole
    for submit in fake.said(Submit)[:-1]:
        assert submit.frames == submit.shot.frames
        first, *_, last = [*submit.frames] * 2
        assert submit.output == f"/spool/windows/{first}-{last}"
        assert "through_ofx" in submit.shot.plate.pattern
    wait_until(lambda: len(fake.said(Cancel)) == len(laid) - 1, "what is made twice is cancelled")
    assert len(fake.said(Describe)) == 1


def test_when_a_window_is_restored_then_it_is_seen_until_the_shot_s_take_has_the_frame(shown, fake):
    fake.window = 2, 0
    effect = shown(**{**SHOT, "shot": "1-4"})
    preview, own = noise(11), noise(12)
    fake.frames["/takes/1-2.take", 1] = preview
    source = Image(noise(1))
    for frame in (2, 1):
        rendered(effect, source, frame)
    said = wait_until(lambda: told(effect, source, 1), "the window is submitted")
    assert shots(fake) == ["1-2"]
    got = rendered(effect, source, 1, interactive=True)
    assert same_bits(got[..., :3].copy(), preview[..., :3].copy())
    assert "1-2 were restored by themselves" in said
    assert effect.messages[-1][0] == "OfxMessageWarning"
    assert same_bits(rendered(effect, source, 3), source.read())
    assert effect.persistent is None
    rendered(effect, source, 4)
    wait_until(lambda: shots(fake)[1:] == ["1-4"], "the shot is submitted")
    assert same_bits(rendered(effect, source, 1)[..., :3].copy(), preview[..., :3].copy())
    fake.frames[TAKE, 1] = own
    assert same_bits(rendered(effect, source, 1)[..., :3].copy(), own[..., :3].copy())
    assert effect.persistent is None


def test_when_two_windows_share_a_frame_then_the_later_s_is_seen(shown, fake):
    fake.window = 2, 1
    effect = shown(**{**SHOT, "shot": "1-4"})
    fake.frames["/takes/1-2.take", 2], fake.frames["/takes/2-3.take", 2] = noise(11), noise(12)
    source = Image(noise(1))
    for frame in (1, 2, 3):
        rendered(effect, source, frame)

    def later():
        got = rendered(effect, source, 2, interactive=True)
        return same_bits(got[..., :3].copy(), noise(12)[..., :3].copy())

    wait_until(later, "the later window is seen")


def test_when_a_final_render_waits_then_it_takes_no_preview(shown, fake):
    fake.window = 1, 0
    effect = shown(**{**SHOT, "shot": "1-2"}, missing=2, deadline=0.2)
    fake.frames["/takes/1-1.take", 1] = noise(11)
    source = Image(noise(1))
    assert same_bits(rendered(effect, source, 1), source.read())
    wait_until(lambda: shots(fake), "the window is submitted")
    assert same_bits(rendered(effect, source, 1), source.read())
    rendered(effect, source, 2)
    wait_until(lambda: effect.render(blank_like(source), 1) == FAILED, "the shot is submitted")
    assert "not there" in effect.persistent


def test_when_the_engine_loads_then_windows_come_once_it_has(shown, fake):
    fake.window, fake.ready = (1, 0), False
    effect = shown(**{**SHOT, "shot": "1-9"})
    rendered(effect, Image(noise(1)), 1)
    wait_until(lambda: fake.files, "the frame is sent")
    fake.ready = True
    rendered(effect, Image(noise(2)), 2)
    wait_until(lambda: shots(fake) == ["1", "2"], "both are submitted")


def test_when_no_shot_is_filled_in_then_it_is_the_range_that_the_host_tells(shown, fake):
    effect = shown(**{**SHOT, "shot": ""}, frameOffset=1000)
    rendered(effect, Image(noise(1)), 5)
    assert "fill in Shot" in effect.persistent
    effect.clips["Source"].props.put("OfxImageEffectPropFrameRange", [5.0, 6.0])
    for frame in (5, 6):
        rendered(effect, Image(noise(frame)), frame)
    wait_until(lambda: shots(fake) == ["1005-1006"], "the shot is submitted")
    told = {"OfxImageEffectPropSrcFrame": 7}  # who counts so counts the range otherwise
    rendered(effect, Image(noise(7)), 5, **told)
    assert "fill in Shot" in effect.persistent
    effect.clips["Source"].props.put("OfxImageEffectPropFrameRange", [-(2.0**31), 2.0**31])
    rendered(effect, Image(noise(7)), 5)
    assert "fill in Shot" in effect.persistent


def test_when_it_is_asked_how_it_stands_then_the_report_counts_the_frames(shown, fake):
    effect = shown(**SHOT)
    effect.press("learn")
    rendered(effect, Image(noise(1)), 5)
    wait_until(lambda: fake.files, "the frame is sent")

    def told():
        effect.press("refresh")
        return "1 of 3 frames" in effect.params["report"].value

    wait_until(told, "the report says so")


def test_when_a_real_engine_learns_by_windows_then_the_shot_is_what_it_is_without(
    plugin, engine, tmp_path
):
    engine.wait_ready()
    faces = write_face_plate(tmp_path / "faces", range(1, 11))
    pictures = {frame: opaque(delivered_pixels(faces % frame, "RGB")) for frame in range(1, 11)}
    params = {"take": "", "learn": 1, "shot": "1-10", "colourspace": "lin_rec709_scene"}
    effect = plugin.create(**params, engine=str(engine.path), restorer="temporal-denoise")
    effect.press("learn")
    for frame in range(1, 9):
        rendered(effect, Image(pictures[frame]), frame)
    name = "through_ofx_restored.00000003.exr"

    def seen(frame):
        return rendered(effect, Image(pictures[frame]), frame, interactive=True)

    def previewed():
        return told(effect, Image(pictures[3]), 3)

    assert "1-8 were restored by themselves" in wait_until(previewed, "the window is restored")
    (window,) = (engine.path.parent / "spool").glob("*/windows/1-8")
    folder = window.parents[1]
    shot = folder / "restored"
    preview = seen(3)
    assert same_bits(preview, delivered_pixels(window / name))
    assert not same_bits(preview, pictures[3])
    manifest = json.loads((window / "through_ofx.take" / "manifest.json").read_text())
    assert "through_ofx" in manifest["plate"]
    for frame in (9, 10):
        seen(frame)
    wait_until(lambda: (shot / name).exists() and not previewed(), "the shot is restored")
    assert same_bits(seen(3), delivered_pixels(shot / name))
    plate = Plate.parse(str(folder / "through_ofx.########.exr"), "lin_rec709_scene")
    settings = Settings("temporal-denoise", layers=("beauty", "matte"))
    frames = FrameRange.parse("1-10")
    asked = Submit(Shot(plate, frames), frames, settings, str(tmp_path / "alone"))
    with engine.client() as client:
        job = client.submit(asked)
        assert [*client.events(job.job)][-1].delivered == 10
    for frame in range(1, 11):
        name = f"through_ofx_restored.{frame:08d}.exr"
        alone = delivered_pixels(tmp_path / "alone" / name)
        assert same_bits(delivered_pixels(shot / name), alone)
