"""SVFR's mechanism through a real engine whose worker is held to its roots."""


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
