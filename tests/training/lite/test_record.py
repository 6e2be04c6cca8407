from training.lite.record import Table, draw_curve


def test_when_training_goes_on_from_a_step_then_later_rows_are_dropped(tmp_path):
    table = Table(tmp_path / "steps.csv", ("step", "loss"))
    table.keep_before(0)
    for step in range(4):
        table.append(step, 0.5)
    with table.path.open("a", encoding="utf-8") as file:
        file.write("4")  # torn by a kill
    table.keep_before(3)
    assert [row["step"] for row in table.rows()] == ["0", "1", "2"]
    assert table.path.read_text("utf-8").splitlines()[0] == "step,loss"


def test_when_there_is_nothing_to_draw_then_there_is_a_curve_still(tmp_path):
    empty = Table(tmp_path / "none.csv", ("step", "loss"))
    draw_curve(tmp_path / "curve.png", empty, empty)
    assert (tmp_path / "curve.png").exists()
