import math
from fractions import Fraction

import pytest

from plugin_host.errors import FaceplateError, PlateError
from plugin_host.hosts.resolve import placing
from plugin_host.hosts.resolve.clip import Source
from plugin_host.hosts.resolve.origin import Origin
from tests.hosts import exr_file
from tests.hosts.resolve import media as media_pool


def our_takes(item):
    return [take.media for take in item.takes[1:]]


def over(editor, item):
    """Return what lies on tracks above a clip, where it lies."""
    above = [track for track in editor.scene.timeline.video if track is not item.track]
    return [
        (each.media.path, each.start, each.duration, each.source_in)
        for track in above
        for each in track.items
        if each.media is not None
    ]


def original(item):
    return (item.start, item.duration, item.track.name, item.enabled)


def planes_of(media, frame):
    return exr_file.read_exr(media.file_of(frame)).planes["G"]


def pictures(media, count):
    return [planes_of(media, frame) for frame in range(count)]


def test_when_a_result_is_placed_as_a_take_then_it_is_selected_and_the_original_is_there(user):
    editor = user(rate="23.976", locale="es")
    item = editor.scene.clip(frames=5, offset=2, selected=True)
    editor.scene.title(at=item.start, track=2)
    source, before, was = item.media, original(item), editor.kit.snapshot()
    result = editor.result(item)
    placed = editor.host().place_result(result)
    assert placed == ("take 2 of plate.[1001-1010].exr", True, True)
    assert (item.take, item.takes[0].media, item.takes[0].source_in) == (2, source, 2)
    (media,) = our_takes(item)
    assert (media.path, media.first, media.frames) == (result.plate.pattern, 1003, 5)
    assert (media.fps, original(item)) == ("23.976", before)
    assert media.properties["Start TC"] == "00:00:41:19"  # of frame 1003 at 24 a second
    assert editor.kit.snapshot() == was


def test_when_a_result_is_placed_on_a_track_then_it_lies_over_the_original(user):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2, selected=True)
    title = editor.scene.title(at=item.start, track=2)
    result = editor.result(item, place="track")
    editor.host().place_result(result)
    assert over(editor, item) == [(result.plate.pattern, item.start, 5, 0)]
    names = [track.name for track in editor.scene.timeline.video]
    assert names == ["Video 1", "Video 2", "Faceplate"]
    assert title.track.items == [title]
    assert not item.takes


@pytest.mark.parametrize("order", [1, -1])
def test_when_several_results_go_on_tracks_then_they_share_one_where_it_is_free(user, order):
    editor = user()
    items = [editor.scene.clip(frames=5, offset=2), editor.scene.clip(frames=3, offset=4)][::order]
    for number, item in enumerate(items):
        result = editor.result(item, place="track", version=f"v{number}", job=f"{number:016x}")
        editor.host().place_result(result)
    assert len(editor.scene.timeline.video) == 2
    assert [len(track.items) for track in editor.scene.timeline.video] == [2, 2]
    again = editor.result(items[0], place="track", version="v9", job="9" * 16)
    editor.host().place_result(again)
    assert [track.name for track in editor.scene.timeline.video[1:]] == ["Faceplate", "Faceplate"]


@pytest.mark.parametrize("place", ["take", "track"])
def test_when_a_result_is_placed_twice_then_it_is_there_once(user, place):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2)
    result = editor.result(item, place=place)
    assert editor.host().place_result(result).new
    assert not editor.host().place_result(result).new
    assert len(our_takes(item)) + len(over(editor, item)) == 1
    assert len(item.markers) == 1


def test_when_a_result_is_placed_then_a_marker_says_what_and_carries_the_job(user):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2)
    editor.kit.wrap(item).AddMarker(2, "Blue", "mine", "", 1)
    editor.host().place_result(editor.result(item))
    (marker,) = [m for m in item.markers.values() if m["customData"] == "0123456789abcdef"]
    assert "frames 1003-1007" in marker["note"]
    assert (marker["name"], marker["color"]) == ("Faceplate", "Green")
    assert item.markers[2]["name"] == "mine"


@pytest.mark.parametrize(
    ("place", "lies", "why"),
    [
        ("take", {"take_ignored": 1}, "adds no take"),
        ("track", {"append_phantoms": 9}, "nothing is on the track"),
        ("track", {"append_vanish": 1}, "dropped what it had placed"),
        ("take", {"folder_ignored": 9}, "does not open the bin"),
    ],
)
def test_when_resolve_does_not_keep_a_result_then_it_is_said_and_the_original_stays(
    user, place, lies, why
):
    editor = user(**lies)
    item = editor.scene.clip(frames=5, offset=2)
    editor.scene.bin("Faceplate")
    before, was = original(item), editor.kit.snapshot()
    result = editor.result(item, place=place)
    with pytest.raises(FaceplateError, match=why):
        editor.host().place_result(result)
    assert original(item) == before
    assert (our_takes(item), over(editor, item), item.markers) == ([], [], {})
    if "append_vanish" not in lies:
        assert editor.kit.snapshot() == was


def test_when_an_append_fails_once_then_it_is_tried_in_another_way(user):
    editor = user(append_phantoms=1)
    item = editor.scene.clip(frames=5, offset=2)
    result = editor.result(item, place="track")
    editor.host().place_result(result)
    assert over(editor, item) == [(result.plate.pattern, item.start, 5, 0)]


def test_when_the_track_is_locked_then_it_is_said_which(user):
    editor = user()
    item = editor.scene.clip()
    result = editor.result(item)
    item.track.locked = True
    with pytest.raises(FaceplateError, match="video track 1 is locked"):
        editor.host().place_result(result)


@pytest.mark.parametrize("place", ["take", "track"])
def test_when_what_came_is_wrong_then_it_is_taken_away_whatever_page_is_shown(
    user, place, monkeypatch
):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2)
    editor.scene.bin("Faceplate")
    result = editor.result(item, place=place)
    editor.kit.page, source = "color", item.media
    before, was = original(item), editor.kit.snapshot()
    monkeypatch.setattr(placing, "_differs", lambda *_: "it is not what it should be")
    with pytest.raises(FaceplateError, match="it is not what it should be"):
        editor.host().place_result(result)
    assert (original(item), item.media, our_takes(item)) == (before, source, [])
    assert editor.kit.snapshot() == was


@pytest.mark.parametrize("place", ["take", "track"])
def test_when_the_user_took_a_result_away_then_it_is_placed_anew_with_one_marker(user, place):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2)
    result = editor.result(item, place=place)
    for _ in range(2):
        assert editor.host().place_result(result).new
        editor.kit.wrap(item).SelectTakeByIndex(1)
        editor.kit.wrap(item).DeleteTakeByIndex(2)
        for track in editor.scene.timeline.video[1:]:
            track.items.clear()
    assert len(item.markers) == 1
    assert [call[1] for call in editor.kit.calls].count("ImportMedia") == 1


@pytest.mark.parametrize("place", ["take", "track"])
@pytest.mark.parametrize(
    ("media", "how"),
    [
        (None, {"speed": 2, "frames": 4}),
        (None, {"speed": 0.5, "frames": 8, "offset": 2}),
        (None, {"speed": Fraction(9, 10), "frames": 60, "offset": 1}),
        (None, {"speed": Fraction(101, 100), "frames": 48, "offset": 5}),
        ("25", {"frames": 24, "offset": 10}),
        ("23.976", {"frames": 30}),
        ("50", {"frames": 24}),
    ],
)
def test_when_speeds_or_rates_differ_then_every_timeline_frame_shows_its_source_frame_restored(
    user, place, media, how
):
    editor = user(rate="24")
    sequence = editor.scene.sequence(last=1064, rate=media)
    item = editor.scene.clip(sequence, **how)
    step, first = item.speed, item.source_in
    wanted = [sequence.file_of(math.floor(first + step * n)) for n in range(item.duration)]
    editor.host().place_result(editor.result(item, place=place))
    shown = item
    if place == "track":
        (shown,) = editor.scene.timeline.video[1].items
        assert (shown.start, shown.duration) == (item.start, item.duration)
    else:
        assert (item.take, item.duration) == (2, how["frames"])
    frames = range(shown.start, shown.end)
    played = [shown.media.file_of(shown.source_frame(frame)) for frame in frames]
    assert [p.read_bytes() for p in played] == [w.read_bytes() for w in wanted]


def test_when_a_timeline_drops_frame_numbers_then_what_is_laid_out_has_its_rate_alone(user):
    editor = user(rate="29.97 DF")
    item = editor.scene.clip(editor.scene.sequence(last=1020, rate="24"), frames=10, speed=2)
    result = editor.result(item, place="track")
    editor.scene.project.settings["timelineFrameRate"] = "30"  # what an import is taken for
    editor.host().place_result(result)
    ((shown,),) = [track.items for track in editor.scene.timeline.video[1:]]
    assert (shown.media.fps, shown.duration) == ("29.97", 10)


@pytest.mark.parametrize("place", ["take", "track"])
def test_when_media_comes_out_shorter_than_was_reckoned_then_it_is_noticed_and_laid_out(
    user, place, monkeypatch
):
    editor = user()
    item = editor.scene.clip(frames=8, speed=0.5)
    wanted = [planes_of(item.media, n // 2) for n in range(8)]
    monkeypatch.setattr(Source, "fits", lambda *_: True)
    editor.host().place_result(editor.result(item, place=place))
    if place == "track":
        ((shown,),) = [track.items for track in editor.scene.timeline.video[1:]]
    else:
        shown = item
    assert (shown.start, shown.duration) == (item.start, 8)
    assert pictures(shown.media, 8) == wanted


def test_when_not_all_frames_are_imported_then_nothing_is_placed(user, monkeypatch):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2)
    result = editor.result(item)
    whole = media_pool.imported
    monkeypatch.setattr(media_pool, "imported", lambda *a: whole(*a[:3], a[3] - 1))
    with pytest.raises(FaceplateError, match=r"did not import 5 frames .* it has 4"):
        editor.host().place_result(result)
    assert (item.takes, item.markers) == ([], {})


def test_when_our_track_is_locked_then_another_is_added(user):
    editor = user()
    items = [editor.scene.clip(frames=5, offset=2), editor.scene.clip(frames=3, offset=4)]
    for number, item in enumerate(items):
        result = editor.result(item, place="track", version=f"v{number}", job=f"{number:016x}")
        editor.host().place_result(result)
        editor.scene.timeline.video[1].locked = True
    assert [len(track.items) for track in editor.scene.timeline.video] == [2, 1, 1]


def test_when_frames_were_not_delivered_then_the_nearest_are_held_and_the_marker_says_which(user):
    editor = user()
    item = editor.scene.clip(frames=6)
    plate = item.media
    editor.host().place_result(editor.result(item, without=(1001, 1004)))
    (media,) = our_takes(item)
    files = [plate.file_of(n) for n in (1, 1, 2, 2, 4, 5)]
    assert pictures(media, 6) == [exr_file.read_exr(path).planes["G"] for path in files]
    (marker,) = item.markers.values()
    assert "the nearest is held: 1001,1004" in marker["note"]


def test_when_the_project_has_no_name_then_the_result_is_placed_and_not_saved(user):
    editor = user(project="Untitled Project")
    item = editor.scene.clip()
    assert not editor.host().place_result(editor.result(item)).saved
    assert item.take == 2


def test_when_resolve_is_headless_and_the_project_has_no_name_then_it_is_not_asked_to_save(user):
    editor = user(headless=True, project="Untitled Project")
    item = editor.scene.clip()
    assert not editor.host().place_result(editor.result(item)).saved
    assert item.take == 2


@pytest.mark.parametrize("change", ["trimmed", "deleted", "timeline deleted"])
@pytest.mark.parametrize("speed", [1, 2])
def test_when_the_clip_is_gone_or_changed_then_the_result_is_in_the_bin(user, change, speed):
    editor = user()
    item = editor.scene.clip(frames=5, speed=speed)
    wanted = [planes_of(item.media, math.floor(n * speed)) for n in range(5)]
    result = editor.result(item, place="track")
    timeline, why = editor.scene.timeline, "is not on its timeline any more"
    if change == "trimmed":
        item.duration, why = 4, "was 5 frames long and is 4 now"
    elif change == "deleted":
        item.track.items.remove(item)
    else:
        application = editor.application()
        application.show(application.pool.CreateEmptyTimeline("Cut 2"))
        application.pool.DeleteTimelines([editor.kit.wrap(timeline)])
    before = editor.kit.snapshot()
    placed = editor.host().place_result(result)
    assert placed.where.endswith(f"in the bin Faceplate, since its clip {why}")
    assert editor.kit.snapshot() == before
    (ours,) = [each for each in editor.scene.project.root.folders if each.name == "Faceplate"]
    (media,) = ours.media
    assert pictures(media, 5) == wanted


def test_when_the_clip_was_moved_then_the_result_follows_it(user):
    editor = user()
    item = editor.scene.clip(frames=5)
    result = editor.result(item, place="track")
    item.start += 100
    editor.host().place_result(result)
    assert over(editor, item) == [(result.plate.pattern, item.start, 5, 0)]


def test_when_another_project_is_open_then_it_is_said(user):
    editor = user()
    result = editor.result(editor.scene.clip())
    editor.scene = editor.kit.scene(project="Other")
    with pytest.raises(FaceplateError, match="another project than 'Other'"):
        editor.host().place_result(result)


def test_when_another_timeline_is_open_then_the_right_one_gets_it_and_the_user_sees_no_change(user):
    editor = user()
    item = editor.scene.clip()
    result = editor.result(item)
    editor.application().pool.CreateEmptyTimeline("Cut 2")
    was = editor.kit.snapshot()
    editor.host().place_result(result)
    assert (item.take, editor.kit.snapshot()) == (2, was)


def test_when_the_source_has_an_input_colour_space_then_the_result_gets_it_too(user):
    editor = user()
    item = editor.scene.clip()
    item.media.properties["IDT"] = "ACEScg"
    editor.host().place_result(editor.result(item))
    assert our_takes(item)[0].properties["IDT"] == "ACEScg"


def test_when_an_origin_is_of_another_host_then_it_is_said():
    with pytest.raises(PlateError, match="of no clip in Resolve"):
        Origin.from_text("Read1")


@pytest.mark.parametrize("unknown", ["callable", "none"])
def test_when_resolve_is_of_18_then_takes_work_and_tracks_cannot_be_added(user, unknown):
    editor = user(version="18.0", unknown=unknown)
    first, second = editor.scene.clip(frames=5, offset=2), editor.scene.clip(frames=3)
    for number, item in enumerate((first, second)):
        editor.scene.timeline.playhead = item.start
        place = ("take", "track")[number]
        result = editor.result(place=place, job=f"{number:016x}", version=f"v{number}")
        if place == "take":
            assert editor.host().place_result(result).new
        else:
            with pytest.raises(FaceplateError, match="it adds no track"):
                editor.host().place_result(result)
    assert (first.take, second.take) == (2, 0)


def test_when_resolve_does_not_take_the_rate_then_nothing_of_a_wrong_length_is_placed(
    user, monkeypatch
):
    editor = user(rate="24")
    item = editor.scene.clip(editor.scene.sequence(last=1064, rate="25"), frames=24)
    result = editor.result(item)
    monkeypatch.setattr("tests.hosts.resolve.media.READ_ONLY", ("FPS",))
    editor.scene.project.settings["timelineFrameRate"] = "30"  # what an import is taken for
    with pytest.raises(FaceplateError, match="does not take"):
        editor.host().place_result(result)
    assert not item.takes
