import argparse

import pytest

from engine.arguments import add_request, build_request
from plugin_host.errors import PlateError
from plugin_host.frame_range import FrameRange
from tests.engine.movies import write_movie


def request_of(*words):
    parser = argparse.ArgumentParser()
    add_request(parser)
    return build_request(parser.parse_args([str(word) for word in words]))


def test_when_a_movie_is_named_then_all_its_frames_are_asked_for(tmp_path):
    path = write_movie(tmp_path / "prores.mov", 5)
    submit = request_of(path, "--output", tmp_path / "out", "--colourspace", "LogC3")
    assert submit.shot.plate.is_movie
    assert (submit.shot.plate.path(3), submit.shot.plate.colourspace) == (path, "LogC3")
    assert submit.frames == submit.shot.frames == FrameRange.between(1, 5)


def test_when_a_movie_is_not_there_then_the_request_is_refused(tmp_path):
    with pytest.raises(PlateError, match="the movie is not there"):
        request_of(tmp_path / "none.mov", "--output", tmp_path / "out", "--frames", "1-3")
