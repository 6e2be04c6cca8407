import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import PlateError
from plugin_host.plate import Plate, is_absolute, rate_text

NAMES = st.text(alphabet="ab1290._- é%[]", max_size=12).filter(
    lambda name: name not in (".", "..") and "%" not in name and "[" not in name
)
TOKENS = st.sampled_from(["%d", "%4d", "%04d", "%07d", "#", "####", "@@@@@", "[0998-1002]"])
FRAMES = st.integers(-9999, 99999)


@given(NAMES, TOKENS, NAMES, FRAMES)
def test_when_a_pattern_is_read_then_it_is_printed_alike_and_names_the_same_files(
    before, token, after, frame
):
    plate = Plate.parse(f"/shots/{before}{token}{after}.exr")
    assert Plate.parse(plate.pattern) == plate
    assert plate.path(frame) == plate.pattern % frame
    assert plate.prefix == f"/shots/{before}"
    assert plate.suffix == f"{after}.exr"


@given(st.text(alphabet="ab0129._- \n\u0663-", min_size=1, max_size=14))
def test_when_one_picture_is_read_then_its_path_is_what_was_read(name):
    text = f"/shots/x{name}.exr"
    plate = Plate.parse(text)
    assert plate.single is not None
    assert plate.path(plate.single) == text
    assert Plate.parse(plate.path(plate.single)) == plate


@given(st.text(max_size=40))
def test_when_any_text_is_read_then_it_is_a_plate_or_refused(text):
    try:
        plate = Plate.parse(text)
    except PlateError:
        return
    assert is_absolute(plate.prefix)


@pytest.mark.parametrize(
    ("name", "frame", "pattern"),
    [
        ("still.1001.exr", 1001, "still.%04d.exr"),
        ("still-1001.exr", 1001, "still-%04d.exr"),
        ("v02-0007_L.exr", 7, "v02-%04d_L.exr"),
        ("still.-0005.exr", -5, "still.%05d.exr"),
        ("still_-5.exr", -5, "still_%02d.exr"),
        ("-5.exr", -5, "%02d.exr"),
        ("still.-000.exr", 0, "still.-%03d.exr"),
        ("still.exr", 1, "still.exr"),
        ("take_20260131123456.exr", 1, "take_20260131123456.exr"),
        ("a\u0663.exr", 1, "a\u0663.exr"),
        ("a\n7.exr", 7, "a\n%01d.exr"),
        ("1.2.3.exr", 3, "1.2.%01d.exr"),
    ],
)
def test_when_a_picture_is_named_then_its_frame_is_the_last_number(name, frame, pattern):
    plate = Plate.parse(f"/shots/{name}")
    assert (plate.single, plate.pattern) == (frame, f"/shots/{pattern}")
    assert plate.path(frame) == f"/shots/{name}"


@pytest.mark.parametrize(
    ("token", "frame", "number"),
    [
        ("%04d", 7, "0007"),
        ("%04d", -7, "-007"),
        ("%04d", 123456, "123456"),
        ("%d", 7, "7"),
        ("%0d", 7, "7"),
        ("%00d", 7, "7"),
        ("%4d", 7, "0007"),
        ("#", 1001, "1001"),
        ("@@@", 7, "007"),
        ("[1001-1100]", 7, "0007"),
        ("[998-1002]", 1000, "1000"),
        ("[0998-1002]", 998, "0998"),
        ("[-5-10]", -5, "-5"),
        ("[-5-10]", 7, "7"),
        ("[-005-0010]", -5, "-005"),
    ],
)
def test_when_a_token_is_given_then_numbers_are_padded_so(token, frame, number):
    assert Plate.parse(f"/a.{token}.exr").path(frame) == f"/a.{number}.exr"


@pytest.mark.parametrize(
    ("text", "frame", "path", "folder", "stem"),
    [
        ("S:\\shots\\a.%04d.exr", 7, "S:\\shots\\a.0007.exr", "S:\\shots", "a"),
        ("S:/shots/x/../a.####.exr", 7, "S:\\shots\\a.0007.exr", "S:\\shots", "a"),
        ("\\\\nas\\vol\\a_%d.exr", 7, "\\\\nas\\vol\\a_7.exr", "\\\\nas\\vol\\", "a"),
        ("/shots//x/../a %d.exr", 7, "/shots/a 7.exr", "/shots", "a"),
        ("/shots/%04d.beauty.exr", 7, "/shots/0007.beauty.exr", "/shots", "beauty"),
        ("/shots/%04d.exr", 7, "/shots/0007.exr", "/shots", "plate"),
        ("/%04d.exr", 7, "/0007.exr", "/", "plate"),
        ("/a#1/b.%02d.exr", 7, "/a#1/b.07.exr", "/a#1", "b"),
    ],
)
def test_when_a_path_is_of_any_system_then_it_stays_on_it(text, frame, path, folder, stem):
    plate = Plate.parse(text)
    assert (plate.path(frame), plate.folder, plate.stem) == (path, folder, stem)
    assert Plate.parse(plate.pattern) == plate


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("/shots/a.mov", "a"),
        ("/shots/A001_C002.1001.MXF", "A001_C002.1001"),
        ("/shots/a.%04d.mp4", "a.%04d"),
        ("/shots/a[1-9]#.m4v", "a[1-9]#"),
        ("S:\\shots\\a.mov", "a"),
    ],
)
def test_when_a_path_ends_as_movies_do_then_all_frames_are_in_it(text, stem):
    plate = Plate.parse(text, "ACEScg")
    assert plate.is_movie
    assert (plate.single, plate.stem, plate.pattern) == (None, stem, text)
    assert plate.path(1) == plate.path(-7) == text
    assert Plate.parse(plate.pattern, "ACEScg") == plate


@pytest.mark.parametrize(
    "text", ["/a.exr", "/a.7.exr", "/a.%d.exr", "/a.mov.exr", "/mov", "/a.movie"]
)
def test_when_a_path_ends_otherwise_then_it_is_no_movie(text):
    assert not Plate.parse(text).is_movie


def test_when_a_movie_is_asked_for_its_frames_then_only_the_engine_knows(tmp_path):
    (tmp_path / "a.mov").touch()
    with pytest.raises(PlateError, match="only the engine counts"):
        Plate.parse(f"{tmp_path}/a.mov").frames_on_disk()


@pytest.mark.parametrize("text", ["", "/", "/a\0.exr", "/a.%04d.####.exr", "/" + "#" * 100, "C:\\"])
def test_when_text_names_no_plate_then_it_is_refused(text):
    with pytest.raises(PlateError):
        Plate.parse(text)


def test_when_a_picture_is_asked_for_another_frame_then_it_is_refused():
    with pytest.raises(PlateError, match="there is no frame 8") as refused:
        Plate.parse("/a.7.exr").path(8)
    assert refused.value.path == "/a.7.exr"


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("/a", True),
        ("C:\\a", True),
        ("c:/a", True),
        ("\\\\nas\\a", True),
        ("//nas/a", True),
        ("C:a", False),
        ("\\a", False),
        ("a/b", False),
        ("~/a", False),
        ("file:///a", False),
        ("", False),
    ],
)
def test_when_a_path_is_absolute_on_its_own_system_then_it_is_absolute(path, absolute):
    assert is_absolute(path) is absolute


def test_when_a_path_is_relative_then_it_is_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Plate.parse("a.%04d.exr").path(7) == os.path.join(os.getcwd(), "a.0007.exr")  # noqa: PTH109, PTH118  (strings, as the module under test)


@given(st.sets(st.integers(-120, 12000), min_size=1, max_size=20))
def test_when_frames_lie_in_a_folder_then_exactly_they_are_found(tmp_path_factory, frames):
    folder = tmp_path_factory.mktemp("plate")
    plate = Plate.parse(f"{folder}/a.%04d.exr")
    for frame in frames:
        (folder / os.path.basename(plate.path(frame))).touch()  # noqa: PTH119  (ditto)
    for other in ("a.01001.exr", "a.7.exr", "b.0001.exr", "a.0001.exr.tmp", "a.x.exr", "a..exr"):
        (folder / other).touch()
    (folder / "a.\u0661\u0660\u0660\u0661.exr").touch()
    (folder / "a.20260131123456.exr").touch()
    assert list(plate.frames_on_disk()) == sorted(frames)


def test_when_one_picture_is_there_then_its_frame_is_found(tmp_path):
    (tmp_path / "still-1001.exr").touch()
    assert list(Plate.parse(f"{tmp_path}/still-1001.exr").frames_on_disk()) == [1001]


@pytest.mark.parametrize("name", ["a.%04d.exr", "a.0001.exr", "none/a.%04d.exr"])
def test_when_no_frame_is_there_then_it_is_said(tmp_path, name):
    with pytest.raises(PlateError):
        Plate.parse(f"{tmp_path}/{name}").frames_on_disk()


@pytest.mark.parametrize(
    ("rate", "text"), [((24000, 1001), "24000/1001"), ((25, 1), "25"), ((30, 2), "30/2")]
)
def test_when_a_rate_is_printed_then_it_is_exact(rate, text):
    assert rate_text(rate) == text
