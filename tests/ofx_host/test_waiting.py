"""Frames that are not there, engines that are not, and engines that lie."""

import secrets
import threading

import numpy as np
import pytest

from plugin_host.requests import Cancel, Hello, Look, Submit
from tests.integration.conftest import wait_until
from tests.ofx_host.conftest import TAKE, blank_like, noise, same_bits, threads
from tests.ofx_host.host import FAILED, OK, Host, Image

SOURCE, MARKED, WAIT = range(3)
LONG_S = 60.0


@pytest.fixture
def source():
    return Image(np.full((9, 13, 4), 0.5))


def rendered(effect, source, frame=3, **more):
    out = blank_like(source)
    status = effect.show(source).render(out, frame, **more)
    return status, out.read()


def opaque(frame):
    frame[..., 3] = 0.5
    return frame


def test_when_the_take_is_empty_then_the_source_is_told_to_be_identical(shown, source, fake):
    effect = shown(take="")
    assert effect.identity(3) == "Source"
    assert rendered(effect, source)[0] == OK
    assert fake.asked == []


@pytest.mark.parametrize(
    "params", [{"source": 0}, {"mix": 0.0}, {"mix": 0.0, "source": 4}, {"take": ""}]
)
def test_when_the_source_is_all_that_is_seen_then_the_host_need_not_render(shown, params, fake):
    assert shown(**params).identity(3) == "Source"
    assert fake.asked == []


@pytest.mark.parametrize("params", [{}, {"source": 2, "mix": 0.0}, {"missing": SOURCE}])
def test_when_a_frame_may_be_there_then_the_host_renders(shown, params):
    assert shown(**params).identity(3) is None


def test_when_a_take_on_this_disk_lacks_a_frame_then_the_source_is_identical(shown, tmp_path, fake):
    receipts = tmp_path / "p.take" / "receipts"
    receipts.mkdir(parents=True)
    effect = shown(take=str(tmp_path / "p.take"), missing=SOURCE)
    assert effect.identity(3) == "Source"
    (receipts / "3.json").write_text("{}")
    assert effect.identity(3) is None
    assert effect.identity(4) == "Source"
    effect.set(missing=MARKED)
    assert effect.identity(4) is None
    assert fake.asked == []


@pytest.mark.parametrize(("missing", "seen"), [(SOURCE, False), (MARKED, True), (WAIT, True)])
def test_when_a_frame_is_not_there_then_an_interactive_render_shows_so_at_once(
    shown, source, missing, seen
):
    effect = shown(missing=missing, deadline=LONG_S)
    status, got = rendered(effect, source, interactive=True)
    assert status == OK
    assert effect.persistent is None
    assert (got != source.read()).any() == seen


def test_when_a_final_render_waits_then_it_shows_the_frame_once_it_is_there(shown, source, fake):
    effect = shown(missing=WAIT, deadline=LONG_S)
    frame = opaque(noise(1))

    def deliver():
        wait_until(lambda: fake.said(Look), "it looks")
        fake.frames[3] = frame

    thread = threading.Thread(target=deliver)
    thread.start()
    status, got = rendered(effect, source)
    thread.join()
    assert status == OK
    assert same_bits(got, frame)
    assert effect.asked_to_abort


def test_when_a_frame_does_not_come_by_the_deadline_then_the_render_fails_and_says_so(
    shown, source, fake
):
    effect = shown(missing=WAIT, deadline=1.0)
    status, got = rendered(effect, source)
    assert status == FAILED
    assert "not there" in effect.persistent
    assert (got != source.read()).any()  # marked, for hosts that show what a failed render left
    fake.frames[3] = opaque(noise(1))
    assert rendered(effect, source)[0] == OK
    assert effect.persistent is None


def test_when_the_host_aborts_then_the_wait_ends(shown, source, fake):
    effect = shown(missing=WAIT, deadline=LONG_S)
    effect.aborts = lambda: len(effect.asked_to_abort) > 3
    assert rendered(effect, source)[0] == OK
    assert effect.persistent is None
    fake.delay_s = 0.5  # now within the engine's answer
    effect.asked_to_abort.clear()
    assert rendered(effect, source)[0] == OK
    effect.aborts = lambda: False
    fake.delay_s, fake.frames[3] = 0, opaque(noise(1))
    assert same_bits(rendered(effect, source)[1], fake.frames[3])


def test_when_no_engine_runs_then_the_message_says_so_once_and_goes_with_the_reason(
    shown, source, fake
):
    fake.end()
    effect = shown()
    for _ in range(3):
        assert rendered(effect, source)[0] == OK
    assert len(effect.messages) == 1
    assert "no engine" in effect.persistent
    fake.start()
    fake.frames[3] = opaque(noise(1))
    assert same_bits(rendered(effect, source)[1], fake.frames[3])
    assert effect.persistent is None


def test_when_the_engine_is_another_then_the_same_instance_sees_its_frames(shown, source, fake):
    effect = shown()
    for seed in range(3):
        fake.frames[3] = opaque(noise(seed))
        assert same_bits(rendered(effect, source)[1], fake.frames[3])
        fake.end()
        fake.start()


def test_when_an_engine_hangs_then_the_deadline_ends_the_wait(shown, source, fake):
    fake.frames[3] = opaque(noise(1))
    fake.spoil = lambda _parts: None
    effect = shown(deadline=0.3)
    status, got = rendered(effect, source)
    assert status == OK
    assert "in time" in effect.persistent
    assert (got != source.read()).any()


def test_when_an_engine_hangs_then_interactive_renders_soon_stop_asking_it(shown, source, fake):
    fake.spoil = lambda _parts: None
    effect = shown(deadline=0.2)
    rendered(effect, source, interactive=True)
    asked = len(fake.asked)
    rendered(effect, source, interactive=True)
    assert len(fake.asked) == asked
    assert "answer" in effect.persistent


def test_when_the_engine_is_busy_then_the_message_says_that_and_who_waits_asks_again(
    shown, source, fake
):
    fake.frames[3], fake.busy = opaque(noise(1)), True
    effect = shown()
    status, got = rendered(effect, source)
    assert status == OK
    assert effect.persistent.startswith("The engine is busy: 64 frames")
    assert (got != source.read()).any()
    effect.set(missing=WAIT, deadline=LONG_S)

    def finish():
        before = len(fake.said(Look))
        wait_until(lambda: len(fake.said(Look)) > before, "it looks again")
        fake.busy = False

    thread = threading.Thread(target=finish)
    thread.start()
    assert same_bits(rendered(effect, source)[1], fake.frames[3])
    thread.join()
    assert effect.persistent is None


def flipped(parts):
    parts[-1] = bytes([parts[-1][0] ^ 1]) + parts[-1][1:]
    parts[3] = bytes(32)
    return parts


@pytest.mark.parametrize(
    "spoil",
    [
        lambda parts: [b"FACEPL99", *parts[1:]],
        lambda parts: parts[:2],
        lambda parts: [secrets.token_bytes(len(part)) for part in parts],
        lambda parts: [*parts[:4], parts[4][: len(parts[4]) // 2]] if len(parts) > 4 else parts,
        lambda parts: parts[:4],
        lambda parts: [*parts, *[b""] * 40],
        lambda _parts: [b""],
        flipped,
    ],
    ids=["version", "truncated", "garbage", "half", "no pixels", "many", "empty", "unsigned"],
)
def test_when_an_engine_answers_nonsense_then_nothing_of_it_is_shown(shown, source, fake, spoil):
    fake.frames[3] = opaque(noise(1))
    fake.spoil = spoil
    effect = shown(deadline=0.5)
    status, got = rendered(effect, source)
    assert status == OK
    assert effect.persistent
    changed = (got != source.read()).any(2)
    assert not changed[1:-1, 1:-1].any()
    fake.spoil = lambda parts: parts
    assert same_bits(rendered(effect, source)[1], fake.frames[3])
    assert effect.persistent is None


@pytest.mark.parametrize(
    "window", [(0, 0, 500, 8), (0, 0, 12, 2**31 - 1), (-(2**31), 0, 2**31 - 1, 8), (5, 5, 4, 4)]
)
def test_when_an_engine_lies_about_a_window_then_it_is_refused(shown, source, fake, window):
    fake.frames[3], fake.data[3], fake.display[3] = noise(1), window, (0, 0, 12, 8)
    effect = shown()
    assert rendered(effect, source)[0] == OK
    assert effect.persistent


def test_when_there_is_no_persistent_message_then_it_is_logged(binary, fake, source):
    host = Host(messages=1)
    plugin = host.open(binary)
    plugin.load()
    effect = plugin.create(take=TAKE, engine=str(fake.path) + "-none")
    assert rendered(effect, source)[0] == OK
    assert [kind for kind, _ in effect.messages] == ["OfxMessageLog"]
    assert host.wrongs == []
    plugin.unload()


@pytest.mark.parametrize("kinds", [("Group", "PushButton"), ("Double", "Choice", "Boolean")])
def test_when_a_host_lacks_types_of_parameters_then_they_have_their_defaults(
    binary, fake, source, kinds
):
    host = Host(missing=[f"OfxParamType{kind}" for kind in kinds])
    plugin = host.open(binary)
    plugin.load()
    fake.frames[3] = opaque(noise(1))
    effect = plugin.create(take=TAKE, engine=str(fake.path))
    assert same_bits(rendered(effect, source)[1], fake.frames[3])
    effect.destroy()
    plugin.unload()
    assert host.wrongs == []


def test_when_a_host_has_no_messages_at_all_then_it_renders(binary, fake, source):
    host = Host(messages=0)
    plugin = host.open(binary)
    plugin.load()
    effect = plugin.create(take=TAKE, engine=str(fake.path) + "-none")
    assert rendered(effect, source)[0] == OK
    effect.press("restoreRange")
    assert effect.params["report"].value
    assert host.wrongs == []
    plugin.unload()


def test_when_instances_are_made_for_each_frame_then_they_share_one_connection(shown, source, fake):
    fake.frames = {number: opaque(noise(number)) for number in range(12)}
    failures = []

    def work(numbers):
        for number in numbers:
            effect = shown()
            got = rendered(effect, source, number)[1]
            failures.append(not same_bits(got, fake.frames[number]))
            effect.destroy()

    working = [threading.Thread(target=work, args=(range(n, 12, 4),)) for n in range(4)]
    [thread.start() for thread in working]
    [thread.join() for thread in working]
    assert failures == [False] * 12
    assert len(fake.said(Hello)) == 1


def test_when_parameters_change_between_renders_then_each_render_sees_its_own(shown, source, fake):
    fake.frames = {number: opaque(noise(number)) for number in range(4)}
    effect = shown()
    effect.params["frameOffset"].value = 1
    assert same_bits(rendered(effect, source, 2)[1], fake.frames[3])
    effect.params["take"].value = lambda time: TAKE if time < 2 else ""
    assert same_bits(rendered(effect, source, 1)[1], fake.frames[2])
    assert same_bits(rendered(effect, source, 2)[1], source.read())


@pytest.mark.parametrize(("time", "frame"), [(2.0, 2), (2.5, 2), (2.9999, 3), (-1.0, -1)])
def test_when_a_time_is_rendered_then_the_plate_s_frame_is_found(shown, source, fake, time, frame):
    fake.frames = {number: opaque(noise(number + 9)) for number in range(-2, 9)}
    assert same_bits(rendered(shown(), source, time)[1], fake.frames[frame])


@pytest.mark.parametrize("number", [7, 7.0])
def test_when_resolve_s_frame_is_told_then_the_offset_means_nothing(shown, source, fake, number):
    fake.frames = {number: opaque(noise(number)) for number in range(9)}
    told = {"OfxImageEffectPropSrcFrame": number}
    assert same_bits(rendered(shown(frameOffset=-5), source, 2, **told)[1], fake.frames[7])


def test_when_a_range_is_to_be_restored_then_the_request_is_submitted_and_the_take_filled_in(
    shown, fake
):
    effect = shown(take="", plate="/shots/p.####.exr", range="1001-1100x2", colourspace="ACEScg")
    assert effect.press("restoreRange") == OK
    (submit,) = fake.said(Submit)
    assert submit.shot.plate.pattern == "/shots/p.%04d.exr"
    assert submit.shot.plate.colourspace == "ACEScg"
    assert str(submit.frames) == str(submit.shot.frames) == "1001-1099x2"
    assert submit.settings.layers == ("beauty", "matte")
    assert submit.output == "/shots/restored"
    assert effect.params["take"].value == TAKE
    assert "50 frames" in effect.params["report"].value
    assert effect.params["nudge"].value == 1
    assert effect.messages == []
    effect.press("cancel")
    (cancel,) = fake.said(Cancel)
    assert cancel.job == effect.params["job"].value


@pytest.mark.parametrize(
    ("told", "pattern"),
    [
        ("/shots/p.1001.exr", "/shots/p.%04d.exr"),
        ("/shots/p_00012.dpx", "/shots/p_%05d.dpx"),
        ("/shots/p.[1001-1100].exr", "/shots/p.%04d.exr"),
        ("/shots/a1001.mov", "/shots/a1001.mov"),
    ],
)
def test_when_the_host_tells_the_plate_s_path_then_it_need_not_be_filled_in(
    shown, fake, told, pattern
):
    effect = shown(take="", shot="1001-1010")
    effect.props.put("OfxImageEffectPropSrcFilePath", told)
    effect.press("restoreRange")
    (submit,) = fake.said(Submit)
    assert submit.shot.plate.pattern == pattern


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "Plate"),
        ({"plate": "/shots/p.####.exr"}, "Range"),
        ({"plate": "/shots/p.####.exr", "range": "x"}, "range"),
        ({"plate": "p.####.exr", "range": "1", "output": "/o"}, "absolute"),
        ({"plate": "/p.####.exr", "range": "1", "engine": "/none"}, "engine"),
    ],
)
def test_when_a_range_cannot_be_restored_then_the_button_says_why(shown, fake, params, words):
    effect = shown(**{"take": "", **params})
    effect.press("restoreRange")
    assert fake.said(Submit) == []
    assert words in effect.messages[-1][1]
    assert effect.params["report"].value == effect.messages[-1][1]
    assert effect.params["take"].value == ""


def test_when_it_is_refreshed_then_the_host_has_a_reason_to_render_anew(shown, fake):
    effect = shown()
    effect.press("refresh")
    effect.press("refresh")
    assert effect.params["nudge"].value == 2
    assert "ready" in effect.params["report"].value
    effect.press("openReport")
    assert TAKE in effect.messages[-1][1]


def test_when_it_is_unloaded_while_an_engine_hangs_then_no_thread_is_left(
    host, binary, fake, source
):
    fake.spoil = lambda _parts: None
    plugin = host.open(binary)
    plugin.load()
    before = threads()
    effect = plugin.create(take=TAKE, engine=str(fake.path), deadline=0.1)
    rendered(effect, source)
    assert threads() == before + 1
    effect.destroy()
    assert plugin.unload() == OK
    assert threads() == before
