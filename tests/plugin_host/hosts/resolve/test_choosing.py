from fractions import Fraction

import pytest

from plugin_host.errors import FaceplateError, PlateError
from plugin_host.hosts.resolve import choosing
from plugin_host.hosts.resolve.api import present
from plugin_host.hosts.resolve.choosing import chosen, facts_of, under_playhead


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    monkeypatch.setattr(choosing, "_POLL_S", 0.0)


def names(application, way="auto", **how):
    return [(track, item.GetUniqueId()) for track, item in chosen(application, way, **how)]


def test_when_the_api_tells_the_selection_then_the_selected_clips_are_meant(user):
    editor = user()
    first = editor.scene.clip(selected=True)
    editor.scene.clip("other", under_playhead=True)
    second = editor.scene.clip("third", track=2, selected=True)
    assert names(editor.application()) == [(1, first.id), (2, second.id)]


@pytest.mark.parametrize("unknown", ["callable", "none"])
def test_when_the_api_is_older_then_the_clip_under_the_playhead_is_meant(user, unknown):
    editor = user(version="21.0.3", unknown=unknown, blind_after_edit=3)
    editor.scene.clip(selected=True)
    below = editor.scene.clip("other", under_playhead=True)
    editor.scene.timeline.blind = 3
    assert names(editor.application()) == [(1, below.id)]


def test_when_nothing_is_under_the_playhead_in_time_then_it_is_said(user, monkeypatch):
    monkeypatch.setattr(choosing, "PLAYHEAD_S", 0.05)
    editor = user(version="20.3.2")
    editor.scene.clip(under_playhead=True)
    editor.scene.timeline.blind = 10**9
    with pytest.raises(PlateError, match="no clip is chosen"):
        names(editor.application())


def test_when_a_colour_or_track_is_named_then_its_clips_are_meant_if_nothing_else_is(
    user, monkeypatch
):
    monkeypatch.setattr(choosing, "PLAYHEAD_S", 0.0)
    editor = user()
    orange = editor.scene.clip(colour="Orange")
    upper = editor.scene.clip("other", track=3)
    editor.scene.timeline.playhead = 0
    app = editor.application()
    assert names(app, colour="Orange") == names(app, "colour", colour="Orange") == [(1, orange.id)]
    assert names(app, track=3) == names(app, "track", track=3) == [(3, upper.id)]
    editor.scene.timeline.selected = [upper]
    assert names(app, colour="Orange") == [(3, upper.id)]


def test_when_the_timeline_is_empty_then_it_is_said_at_once(user):
    with pytest.raises(PlateError, match="has no clip on a video track"):
        names(user().application())


@pytest.mark.parametrize("kind", ["title", "compound", "transition"])
def test_when_what_is_chosen_has_no_file_then_it_is_refused_with_the_reason(user, kind):
    editor = user()
    clip = editor.scene.clip()
    if kind == "transition":
        item = editor.scene.transition(clip.start)
    elif kind == "title":
        item = editor.scene.title()
    else:
        item = editor.scene.compound(in_pool=True)
    editor.scene.timeline.selected = [item]
    with pytest.raises(PlateError, match="has no file"):
        editor.host().selected_plates()


def test_when_some_of_the_chosen_cannot_be_restored_then_the_others_are(user):
    editor = user()
    editor.scene.timeline.selected = [editor.scene.clip(), editor.scene.title()]
    host = editor.host()
    (selection,) = host.selected_plates()
    assert selection.name == "plate_1001-1010"
    assert ["has no file" in str(error) for error in host.refused] == [True]


@pytest.mark.parametrize("how", [{"speed": -1, "offset": 9}, {"ramp": True}])
def test_when_a_clip_is_reversed_or_ramped_then_it_is_refused(user, how):
    editor = user()
    editor.scene.clip(selected=True, **how)
    with pytest.raises(PlateError, match=r"plays backwards|unknown speed"):
        editor.host().selected_plates()


@pytest.mark.parametrize("lies", [{}, {"source_frames_absolute": True}, {"rate_as_number": True}])
def test_when_a_clip_is_selected_then_its_frames_rate_and_handles_are_exact(user, lies):
    editor = user(rate="23.976", **lies)
    editor.scene.clip(frames=5, offset=2, selected=True, source_error=1)
    (selection,) = editor.host(knobs={"handles": 3}).selected_plates()
    assert str(selection.frames) == str(selection.shot.frames) == "1003-1007"
    assert (selection.rate, selection.shot.handles) == ((24000, 1001), 3)
    assert selection.shot.plate.path(1003).endswith("plate.1003.exr")


@pytest.mark.parametrize(
    ("version", "span"), [("19.0", ""), ("20.0", "118.812"), ("21.0.4", "118.812")]
)
def test_when_resolve_says_fractions_then_the_length_of_all_media_is_exact(user, version, span):
    editor = user(version=version)
    media = editor.scene.sequence(last=1120)
    item = editor.scene.clip(media, frames=24, offset=17, speed=Fraction(101, 100))
    plain = editor.scene.clip(media, frames=24, offset=17)
    app, kit = editor.application(), editor.kit
    assert facts_of(app, kit.wrap(item), 1).span == span
    assert facts_of(app, kit.wrap(plain), 1).span == ""


def test_when_rates_differ_then_the_clips_own_frames_are_meant(user):
    editor = user(rate="24")
    media = editor.scene.sequence(last=1100, rate="25")
    editor.scene.clip(media, frames=24, offset=25, selected=True)
    (selection,) = editor.host().selected_plates()
    assert str(selection.frames) == "1026-1050"
    assert selection.rate == (25, 1)


def test_when_the_playhead_is_amid_a_clip_then_that_frame_is_known(user):
    editor = user(rate="29.97 DF", version="20.3.2")
    clip = editor.scene.clip(frames=6, offset=2, under_playhead=True)
    editor.scene.timeline.playhead += 4
    assert under_playhead(editor.application())[2] == clip.start + 4
    selection = editor.host().frame_under_playhead()
    assert (str(selection.frames), str(selection.shot.frames)) == ("1007", "1003-1008")


def test_when_the_page_has_no_playhead_then_the_clips_first_frame_is_taken(user):
    editor = user()
    editor.scene.clip(frames=6, offset=2, under_playhead=True)
    editor.kit.page = "media"
    assert str(editor.host().frame_under_playhead().frames) == "1003"


def test_when_a_clip_shows_a_take_of_ours_then_its_original_is_asked(user):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2, selected=True)
    host = editor.host()
    before = facts_of(editor.application(), editor.kit.wrap(item), 1)
    host.place_result(editor.result(host=host))
    assert item.take == 2
    assert facts_of(editor.application(), editor.kit.wrap(item), 1) == before
    assert item.take == 2


def test_when_the_clip_under_the_playhead_is_our_result_then_what_it_lies_over_is_meant(user):
    editor = user()
    item = editor.scene.clip(frames=5, offset=2, selected=True, under_playhead=True)
    host = editor.host(place="track")
    host.place_result(editor.result(host=host))
    editor.scene.timeline.selected = []
    assert names(editor.application()) == [(1, item.id)]


def test_when_the_users_own_media_is_called_restored_then_it_is_not_taken_for_ours(user):
    editor = user()
    editor.scene.clip(frames=5)
    media = editor.scene.sequence("film_restored")
    item = editor.scene.clip(media, at=86400, frames=5, track=2, selected=True)
    assert names(editor.application()) == [(2, item.id)]


@pytest.mark.parametrize("speed", [1, 2])
def test_when_several_tracks_hold_results_of_a_clip_then_it_is_still_meant(user, speed):
    editor = user()
    item = editor.scene.clip(frames=4, offset=2, speed=speed)
    for version in ("v001", "v002"):
        result = editor.result(
            item, place="track", version=version, job=version.replace("v", "0" * 13)
        )
        editor.host().place_result(result)
    above = [each for track in editor.scene.timeline.video[1:] for each in track.items]
    assert len(above) == 2
    editor.scene.timeline.selected = above
    assert names(editor.application()) == [(1, item.id)]


def test_when_a_list_holds_nothing_and_what_is_not_there_then_only_the_rest_counts(user):
    editor = user()
    item = editor.kit.wrap(editor.scene.clip())
    assert present([None, editor.kit.phantom(), item]) == [item]
    assert present(None) == []


def test_when_no_timeline_is_open_then_it_is_said(user):
    editor = user()
    editor.scene.project.timeline = None
    with pytest.raises(FaceplateError, match="no timeline open"):
        names(editor.application())
