from dataclasses import replace

import numpy as np
import pytest

from engine.analysis import analyse_shot
from engine.contact_sheet import (
    COLUMNS,
    CUT,
    EDGE,
    EMPTY,
    FOOT,
    LABEL,
    MOST_ROWS,
    ROW,
    THUMB,
    WIDTH,
    colour_of,
    draw_sheet,
    evenly,
)
from engine.faces.analysis import Analysis
from engine.frame_io.colour import PlateColour
from plugin_host.errors import FrameMissing
from plugin_host.frame_range import FrameRange
from plugin_host.requests import Shot
from tests.engine.plates import picture, track, write_plate

FRAMES = tuple(range(1001, 1031))


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_plate(tmp_path_factory.mktemp("p"), FRAMES, lambda f: picture(f, (60, 80)))


@pytest.fixture
def found(plate):
    """Makes what was found in the plate: these tracks and cuts."""
    nothing = analyse_shot(Shot(plate, FrameRange(FRAMES)), find_faces=False)
    return lambda *tracks, cuts=(): replace(nothing, faces=Analysis(FRAMES, cuts, tracks))


def rows_of(sheet, colour):
    return np.nonzero((sheet == colour).all(axis=2).any(axis=1))[0]


def test_when_frames_are_chosen_evenly_then_first_and_last_are_among_them():
    assert evenly(FRAMES, 4) == [1001, 1011, 1020, 1030]
    assert evenly((5, 9), 12) == [5, 9]
    assert evenly((5,), 12) == [5]
    assert len(set(evenly(range(100000), COLUMNS))) == COLUMNS


def test_when_faces_are_found_then_each_has_a_row_in_its_colour(plate, found):
    sheet = draw_sheet(plate, found(track(1, FRAMES), track(2, FRAMES[:3])), "hint")
    bare = draw_sheet(plate, found(), "hint")
    assert sheet.shape == (len(bare) + 2 * ROW, WIDTH, 3)
    assert sheet.dtype == np.uint8
    for place, number in enumerate((1, 2)):
        top = len(bare) - FOOT + place * ROW
        inside = rows_of(sheet[top : top + ROW, : EDGE + LABEL], colour_of(number))
        assert inside.size, number


def test_when_a_track_is_drawn_then_its_thumbnails_are_the_plates_pixels(plate, found):
    analysis = found(track(1, FRAMES[:2], (40.0, 30.0), 10.0))
    sheet = draw_sheet(plate, analysis, "")
    top = len(draw_sheet(plate, found(), "")) - FOOT
    thumb = sheet[top : top + THUMB, EDGE + LABEL : EDGE + LABEL + THUMB]
    # The middle of the thumbnail is the middle of the face.
    middle = picture(1001, (60, 80))[:, 29:32, 39:42].astype(np.float16).astype(np.float32)
    seen = PlateColour(analysis.colour).picture(middle).mean(axis=(0, 1))
    assert np.abs(thumb[60:68, 60:68].mean(axis=(0, 1)) - seen).max() < 12
    empty = sheet[top : top + THUMB, EDGE + LABEL + 2 * (THUMB + 8) : WIDTH - EDGE]
    assert (empty == empty[0, 0]).all()


def test_when_the_shot_is_cut_then_every_time_line_marks_it(plate, found):
    sheet = draw_sheet(plate, found(track(1, FRAMES), cuts=(1011,)), "")
    columns = np.nonzero((sheet == CUT).all(axis=2).any(axis=0))[0]
    for left, width in ((EDGE, WIDTH - 2 * EDGE), (EDGE + LABEL, WIDTH - 2 * EDGE - LABEL)):
        assert left + round(10 / 30 * width) in columns


def test_when_there_are_more_tracks_than_rows_then_the_rest_is_counted(plate, found):
    crowd = [track(number, FRAMES[:1]) for number in range(1, MOST_ROWS + 6)]
    sheet, full = (draw_sheet(plate, found(*crowd[:n]), "") for n in (None, MOST_ROWS))
    assert sheet.shape == full.shape
    assert not np.array_equal(sheet[-FOOT:], full[-FOOT:])
    assert np.array_equal(sheet[-ROW:-FOOT], full[-ROW:-FOOT])


def test_when_the_shot_is_long_then_the_sheet_is_no_larger(tmp_path):
    sheets = []
    for count in (1, 40):
        plate = write_plate(tmp_path / str(count), range(count), lambda f: picture(f, (10, 60)))
        analysis = analyse_shot(Shot(plate, FrameRange(range(count))), find_faces=False)
        one = Analysis(analysis.frames, (), (track(1, analysis.frames),))
        sheets.append(draw_sheet(plate, replace(analysis, faces=one), ""))
    assert sheets[0].shape == sheets[1].shape


def test_when_a_face_lies_outside_the_picture_then_it_is_drawn_as_far_as_it_is_there(plate, found):
    thumbs = slice(EDGE + LABEL, EDGE + LABEL + THUMB)
    for centre, left, right in (((0.0, 30.0), True, False), ((-400.0, 900.0), True, True)):
        sheet = draw_sheet(plate, found(track(1, FRAMES[:2], centre, 10.0)), "")
        row = sheet[-FOOT - ROW + 10, thumbs]
        assert ((row[:50] == EMPTY).all(), (row[70:] == EMPTY).all()) == (left, right)


def test_when_a_frame_vanished_then_that_is_said(tmp_path, found):
    plate = write_plate(tmp_path, [1001, 1002], lambda f: picture(f, (60, 80)))
    (tmp_path / "shot.1002.exr").unlink()
    with pytest.raises(FrameMissing):
        draw_sheet(plate, found(track(1, (1001, 1002))), "")
