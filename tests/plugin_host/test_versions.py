"""Folders and versions; the takes that they are compared with are as the engine writes them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.manifest import Manifest
from plugin_host.delivered import identity, take_folder
from plugin_host.errors import OutputError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.headless import select
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot
from plugin_host.versions import DEFAULT, choose, folder_of
from plugin_host.whole_files import digest_of, json_bytes
from tests.plugin_host.scripted import write_frames

LITE = Settings("lite")


@pytest.fixture
def selection(tmp_path):
    return write_frames(tmp_path / "plate")


@pytest.fixture
def template(tmp_path):
    return str(tmp_path / "out" / "{version}")


def wanted(selection, settings=LITE):
    return {**identity(selection.shot, settings), "release": "1.0"}


def make_take(folder, selection, settings=LITE, frames=None):
    """Leave what the engine leaves of a take."""
    take = Path(take_folder(str(folder), selection.shot.plate))
    (take / "receipts").mkdir(parents=True, exist_ok=True)
    (take / "analysis.json").write_bytes(b"{}")
    Manifest(take, {**wanted(selection, settings), "weights": "w"}, {}).open()
    for frame in selection.frames if frames is None else frames:
        source = digest_of(selection.shot.plate.path(frame))
        receipt = {
            "frame": frame,
            "status": "restored",
            "file": "f",
            "size": 1,
            "sha256": "0",
            "source": source,
        }
        (take / f"receipts/{frame}.json").write_bytes(json_bytes(receipt))
    return take


def chosen(template, selection, settings=LITE, **how):
    output = choose(template, selection, wanted(selection, settings), **how)
    assert output.folder == folder_of(template, selection, settings.restorer, output.version)
    return output.version


def age(path, seconds):
    """Let a file be so many seconds younger than it is."""
    stat = Path(path).stat()
    os.utime(path, (stat.st_atime, stat.st_mtime + seconds))


def test_when_a_template_is_filled_then_each_token_is_the_selections():
    selection = select("/shots/a/p.%04d.exr", "1-3", name=" Group1.Read/2: {version} ünd ")
    assert folder_of("{folder}/x/{plate}_{restorer}.{version}", selection, "lite", 12) == (
        "/shots/a/x/p_lite.v012"
    )
    assert folder_of(DEFAULT, selection, "lite", 1) == (
        "/shots/a/restored/Group1.Read_2_version_ünd/v001"
    )
    assert folder_of("{folder}/../{name}", replace(selection, name="../.."), "lite", 1) == (
        "/shots/p"
    )
    assert folder_of("/a/{version}", selection, "lite", 1000) == "/a/v1000"


def test_when_the_plate_is_windows_then_so_is_the_folder():
    plate = Plate.parse(r"S:\shots\p.%04d.exr")
    frames = FrameRange.parse("1")
    selection = replace(
        select("/p.%04d.exr", "1"), shot=Shot(plate, frames), frames=frames, name="a\\b"
    )
    assert folder_of(DEFAULT, selection, "lite", 1) == r"S:\shots\restored\a_b\v001"


@pytest.mark.parametrize("template", ["{folder}/{shot}", "{folder}/{}", "/a/{Version}"])
def test_when_a_token_is_unknown_then_the_known_are_told(selection, template):
    with pytest.raises(SettingsError, match=r"is no token; there are {folder}, {plate}"):
        choose(template, selection, wanted(selection))


@pytest.mark.parametrize("template", ["", "restored/{version}", "{name}/{version}"])
def test_when_a_template_is_no_whole_path_then_it_is_refused(selection, template):
    with pytest.raises(OutputError, match="whole path"):
        choose(template, selection, wanted(selection))


def test_when_nothing_is_there_then_the_first_version_is_made(selection, template):
    assert chosen(template, selection) == 1


def test_when_an_equal_take_is_there_then_it_is_used_also_before_later_ones(
    selection, template, tmp_path
):
    make_take(tmp_path / "out/v002", selection)
    make_take(tmp_path / "out/v007", selection, Settings("lite", seed=1))
    assert chosen(template, selection) == 2
    assert chosen(template, selection, Settings("lite", seed=1)) == 7
    assert chosen(template, selection, Settings("lite", seed=2)) == 8  # no gap is filled


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"restorer": "full"}},
        {"frames": "1001-1004"},
        {"handles": 1},
        {"colourspace": "ACEScg"},
        {"plate": "q.%04d.exr"},
        {"release": "2.0"},
    ],
)
def test_when_anything_differs_then_the_next_version_is_made(
    selection, template, tmp_path, changed
):
    make_take(tmp_path / "out/v001", selection)
    assert choose(template, selection, wanted(selection)).version == 1
    told = wanted(selection)
    told.update({name: value for name, value in changed.items() if name != "settings"})
    told["settings"] = {**told["settings"], **changed.get("settings", {})}
    assert choose(template, selection, told).version == 2


def test_when_other_frames_of_a_shot_are_asked_for_then_the_take_is_the_same(
    selection, template, tmp_path
):
    make_take(tmp_path / "out/v001", selection, frames=[1002])
    assert chosen(template, replace(selection, frames=FrameRange.parse("1005"))) == 1


def test_when_a_version_holds_another_plates_take_alone_then_it_is_free(
    selection, template, tmp_path
):
    (tmp_path / "out/v001/q.take").mkdir(parents=True)
    (tmp_path / "out/v003").mkdir()
    (tmp_path / "out/v004x/p.take").mkdir(parents=True)
    assert chosen(template, selection) == 1


def test_when_a_take_cannot_be_read_then_it_is_left_alone(selection, template, tmp_path):
    (make_take(tmp_path / "out/v001", selection) / "manifest.json").write_bytes(b"{")
    assert chosen(template, selection) == 2


def test_when_the_engine_refused_a_version_then_the_next_is_made(selection, template, tmp_path):
    make_take(tmp_path / "out/v001", selection)
    assert chosen(template, selection, tried=[1]) == 2
    assert chosen(template, selection, tried=[1, 2]) == 3
    make_take(tmp_path / "out/v002", selection)
    assert chosen(template, selection, tried=[1]) == 2


def test_when_a_take_is_promised_to_another_then_the_next_version_is_made(
    selection, template, tmp_path
):
    promised = [str(tmp_path / f"out/v00{n}/p.take") for n in (1, 2)]
    assert chosen(template, selection, promised=promised) == 3
    assert chosen(template, selection, promised=[str(tmp_path / "out/v001/q.take")]) == 1
    make_take(tmp_path / "out/v002", selection)
    assert chosen(template, selection, promised=promised[:1]) == 2


def test_when_the_version_stands_amid_the_path_then_it_is_found(selection, tmp_path):
    template = str(tmp_path / "out/{version}/a/{plate}_{version}_x")
    make_take(tmp_path / "out/v001/a/p_v001_x", selection)
    make_take(tmp_path / "out/v002/a/p_v001_x", selection)
    assert chosen(template, selection) == 1
    assert chosen(template, selection, Settings("full")) == 2
    template = str(tmp_path / "out/sh_{version}.d")
    make_take(tmp_path / "out/sh_v004.d", selection)
    assert chosen(template, selection, Settings("full")) == 5


def test_when_a_template_has_no_version_then_there_is_one_folder(selection, tmp_path):
    template = str(tmp_path / "out")
    make_take(tmp_path / "out", selection, Settings("full"))
    assert choose(template, selection, wanted(selection)) == (template, 0)


@pytest.mark.parametrize("frame", [1001, 1005])
def test_when_an_end_of_the_plate_is_another_file_then_the_next_version_is_made(
    selection, template, tmp_path, frame
):
    make_take(tmp_path / "out/v001", selection)
    path = selection.shot.plate.path(frame)
    Path(path).write_bytes(b"another")
    age(path, -1000)  # as one that was copied with its date
    assert chosen(template, selection) == 2


def test_when_a_frame_amid_the_plate_is_younger_then_its_bytes_say_whether_it_changed(
    selection, template, tmp_path
):
    make_take(tmp_path / "out/v001", selection)
    path = selection.shot.plate.path(1003)
    age(path, 1000)
    assert chosen(template, selection) == 1
    Path(path).write_bytes(b"another")
    age(path, 1000)
    assert chosen(template, selection) == 2


def test_when_a_missing_frame_has_come_then_the_next_version_is_made(selection, template, tmp_path):
    make_take(tmp_path / "out/v001", selection, frames=[1001, 1002, 1004, 1005])
    path = selection.shot.plate.path(1003)
    assert chosen(template, selection) == 1  # it is only not restored yet
    age(path, 1000)
    assert chosen(template, selection) == 2


def test_when_the_plate_cannot_be_seen_then_the_take_is_trusted(selection, template, tmp_path):
    make_take(tmp_path / "out/v001", selection)
    for frame in selection.frames:
        Path(selection.shot.plate.path(frame)).unlink()
    assert chosen(template, selection) == 1


def test_when_a_movie_is_younger_than_its_take_then_the_next_version_is_made(tmp_path):
    movie = tmp_path / "m.mov"
    movie.write_bytes(b"movie")
    selection = select(str(movie), "1-3")
    make_take(tmp_path / "out/v001", selection)
    template = str(tmp_path / "out/{version}")
    assert chosen(template, selection) == 1
    age(movie, 1000)
    assert chosen(template, selection) == 2
