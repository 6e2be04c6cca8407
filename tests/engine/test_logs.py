import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import logs
from plugin_host.errors import FrameCorrupt

LOG = logging.getLogger("faceplate.test")


@pytest.fixture
def said(capsys, monkeypatch):
    """Begins logs of a form; returns the lines that were logged since."""
    root = logging.getLogger()
    kept, levels = root.handlers[:], (root.level, logging.getLogger("faceplate").level)

    def begin(form, level=logging.INFO):
        logs.begin(form, level)

        def lines():
            return capsys.readouterr().err.splitlines()

        return lines

    yield begin
    root.handlers[:] = kept
    root.setLevel(levels[0])
    logging.getLogger("faceplate").setLevel(levels[1])


def test_when_a_job_is_worked_on_then_every_line_carries_job_take_and_frame(said):
    lines = said("text")
    LOG.info("before")
    with logs.about(job="j", take="/o/p.take"):
        with logs.about(frame=7):
            LOG.warning("torn")
        LOG.info("told %d", 5, extra={"frame": 8})
    LOG.info("after")
    told = [line.partition(" ")[2] for line in lines()]
    assert told == [
        "INFO faceplate.test: before",
        "WARNING faceplate.test: torn [job=j take=/o/p.take frame=7]",
        "INFO faceplate.test: told 5 [job=j take=/o/p.take frame=8]",
        "INFO faceplate.test: after",
    ]


def test_when_the_form_is_json_then_each_line_is_an_object(said):
    lines = said("json")
    with logs.about(job="j"):
        LOG.error("not\nforeseen", exc_info=FrameCorrupt("torn", frame=3))
    (line,) = map(json.loads, lines())
    assert {name: line[name] for name in ("level", "logger", "message", "job", "frame")} == {
        "level": "error",
        "logger": "faceplate.test",
        "message": "not\nforeseen",
        "job": "j",
        "frame": 3,
    }
    assert line["error"].endswith("FrameCorrupt: frame 3: torn")
    assert line["time"].endswith("Z")


def test_when_a_message_holds_lines_then_none_of_them_poses_as_another(said):
    lines = said("text")
    LOG.warning("plate /a\n2026-01-01T00:00:00Z ERROR faceplate: all is lost\x1b[2J\u2028")
    (line,) = lines()
    assert r"/a\x0a2026" in line
    assert "\x1b" not in line


def test_when_a_mistakes_words_hold_lines_then_none_of_them_poses_as_another(said):
    lines = said("text")
    words = "plate /a\n2026-01-01T00:00:00Z ERROR faceplate: all is lost\rgone\x1b[2J"
    LOG.error("not foreseen", exc_info=ValueError(words))
    first, *more = lines()
    assert first.endswith("not foreseen")
    assert all(line.startswith("    ") for line in more)
    assert r"lost\x0dgone\x1b[2J" in more[-1]


def test_when_a_thread_begins_amid_a_job_then_its_lines_carry_it(said):
    lines = said("text")
    with (
        logs.about(job="j"),
        ThreadPoolExecutor(1, initializer=logs.inherited()) as with_it,
        ThreadPoolExecutor(1) as without,
    ):
        with_it.submit(LOG.info, "in").result()
        without.submit(LOG.info, "out").result()
    told, other = lines()
    assert told.endswith("in [job=j]")
    assert other.endswith("out")


def test_when_a_level_is_asked_for_then_libraries_say_warnings_only(said):
    lines = said("text", logging.INFO)
    logging.getLogger("somebody").info("chatter")
    LOG.debug("detail")
    LOG.info("ours")
    logging.getLogger("somebody").warning("trouble")
    assert [line.rpartition(" ")[2] for line in lines()] == ["ours", "trouble"]
