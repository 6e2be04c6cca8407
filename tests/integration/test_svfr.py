"""SVFR's mechanism through a real engine: held to its roots, cancelled, asked for pieces."""

import pytest

from plugin_host.errors import JobCancelled


def test_when_the_worker_is_held_to_its_roots_then_svfr_loads_and_nothing_else_is_left_there(
    engine_of, tmp_path, tools
):
    roots = tmp_path / "roots"
    plate = tools.write_face_plate(roots / "plates", range(1001, 1003))
    engine = engine_of("--roots", str(roots))
    quick = ("--set", "steps=1", "--set", "first_steps=1", "--connection", engine.path)
    asked = ("submit", plate, "--output", roots / "out", *quick)
    done = tools.run(*asked, "--restorer", "svfr")
    assert done.returncode == 5, done.stderr
    assert "faceplate weights add svfr DIR" in done.stderr
    done = tools.run(*asked, "--restorer", "svfr-tiny")
    assert done.returncode == 0, done.stderr
    assert len(tools.delivered(roots / "out")) == 2
    assert {path.name for path in roots.iterdir()} == {"plates", "out"}


def test_when_a_job_is_cancelled_amid_a_window_then_its_frames_are_kept_and_it_goes_on_later(
    engine_of, tmp_path, tools
):
    pattern = tools.write_face_plate(tmp_path / "plates", range(1001, 1030))
    # On one thread the second window takes a while, which leaves time to say so.
    engine = engine_of("--threads", "1")

    def submit(client, out, frames):
        fields = {
            "restorer": "svfr-tiny",
            "whole_frame": False,
            "parameters": {"steps": 3, "first_steps": 1},
        }
        asked = tools.request(pattern, tmp_path / out, frames, shot="1001-1029", **fields)
        return client.submit(asked).job

    with engine.client() as client:
        job = submit(client, "out", "1001-1029")
        frames = client.frames(job)
        assert next(frames).frame == 1001  # the first window's, and the second is under way
        client.cancel(job)
        with pytest.raises(JobCancelled):
            list(frames)
        first = tools.delivered(tmp_path / "out")
        assert len(first) == 13, "not those of the second window"
        *progress, _ = client.frames(submit(client, "out", "1001-1029"))
        assert [p.status for p in progress] == ["kept"] * 13 + ["restored"] * 16
        for piece in ("1027-1028", "1001-1029"):
            list(client.frames(submit(client, "pieces", piece)))
    whole = tools.delivered(tmp_path / "out")
    assert whole == tools.delivered(tmp_path / "pieces")
    assert first.items() <= whole.items()
