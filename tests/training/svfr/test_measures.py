import pytest

from training.lite.record import Table
from training.svfr.loop import SCORES
from training.svfr.measures import measures


def folder_of(path, *rows):
    path.mkdir()
    table = Table(path / "held_out.csv", SCORES)
    table.keep_before(0)
    for row in rows:
        table.append(*row)
    return path


def test_when_everything_was_learnt_then_every_measure_is_met(tmp_path):
    folder = folder_of(
        tmp_path / "with",
        (0, 2, 90, 2, 2, 2, 2, 2, 2),
        (9, 1, 20, 0.9, 1, 1, 0.95, 1.1, 1.2),
    )
    without = folder_of(tmp_path / "without", (9, 1, 30, 1, 1, 1, 1, 1, 1))
    found = measures(folder, without)
    assert len(found) == 5
    assert all(measure.met for measure in found)


@pytest.mark.parametrize(
    ("last", "missed"),
    [
        ((9, 3, 20, 0.9, 1, 1, 0.95, 1.1, 1.2), "noise"),
        ((9, 1, 40, 0.9, 1, 1, 0.95, 1.1, 1.2), "landmark"),
        ((9, 1, 20, 0.9, 1, 1, 0.95, 1.0, 1.2), "colour"),
    ],
)
def test_when_one_thing_was_not_learnt_then_that_is_said(tmp_path, last, missed):
    folder = folder_of(tmp_path / "with", (0, 2, 90, 2, 2, 2, 2, 2, 2), last)
    without = folder_of(tmp_path / "without", (9, 1, 30, 1, 1, 1, 1, 1, 1))
    (failed,) = (measure for measure in measures(folder, without) if not measure.met)
    assert failed.name.startswith(missed) or missed in failed.name
    assert str(failed).startswith("FAIL")


def test_when_trainings_are_of_other_lengths_then_they_are_not_compared(tmp_path):
    one = folder_of(tmp_path / "one", (9, 1, 30, 1, 1, 1, 1, 1, 1))
    other = folder_of(tmp_path / "other", (8, 1, 30, 1, 1, 1, 1, 1, 1))
    with pytest.raises(ValueError, match="as long"):
        measures(one, other)
    with pytest.raises(ValueError, match="holds no training"):
        measures(tmp_path, one)
