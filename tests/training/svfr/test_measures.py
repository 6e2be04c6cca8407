import pytest

from tests.training.svfr.test_evaluate import score
from training.lite.record import Table
from training.svfr.evaluate import COLUMNS
from training.svfr.measures import measures


def folder_of(path, **scores):
    path.mkdir()
    table = Table(path / "held_out.csv", COLUMNS)
    table.keep_before(0)
    for step, one in scores.items():
        for row in one.rows():
            table.append(int(step.removeprefix("step")), *row)
    return path


def worse_landmarks(one):
    return one._replace(landmarks=one.landmarks + 9)


@pytest.fixture
def without(tmp_path):
    return folder_of(tmp_path / "without", step0=score(2, (2, 2)), step9=worse_landmarks(score()))


def test_when_everything_was_learnt_then_every_measure_is_met(tmp_path, without):
    folder = folder_of(tmp_path / "with", step0=score(2, (2, 2)), step9=score())
    found = measures(folder, without)
    assert len(found) == 5
    assert all(measure.met for measure in found)
    assert found[0].gain.value == pytest.approx(1.5)
    assert found[1].gain.value == pytest.approx(9)
    assert str(found[2]).startswith("pass  bfr")


@pytest.mark.parametrize(
    ("last", "missed"),
    [
        (score(2.1, (2.2, 2.3)), {"noise"}),
        (worse_landmarks(score()), {"landmark"}),
        (score(0.6), {"bfr", "colour", "inpaint"}),
        (score(0.65, (0.6, 0.7)), {"bfr", "colour", "inpaint"}),
    ],
)
def test_when_one_thing_was_not_learnt_then_that_is_said(tmp_path, without, last, missed):
    folder = folder_of(tmp_path / "with", step0=score(2, (2, 2)), step9=last)
    failed = [measure for measure in measures(folder, without) if not measure.met]
    assert len(failed) == len(missed)
    assert all(any(word in measure.name for word in missed) for measure in failed)
    assert all(str(measure).startswith("FAIL") for measure in failed)


def test_when_a_margin_is_within_two_errors_then_it_is_not_met(tmp_path, without):
    last = score()
    last.losses[0, :, 0] += 0.3 * (-1) ** last.losses.new_tensor(range(4))
    folder = folder_of(tmp_path / "with", step0=score(2, (2, 2)), step9=last)
    (failed,) = (measure for measure in measures(folder, without) if not measure.met)
    assert failed.name.startswith("bfr")


def test_when_trainings_are_of_other_lengths_then_they_are_not_compared(tmp_path):
    one, other = (folder_of(tmp_path / name, **{name: score()}) for name in ("step9", "step8"))
    with pytest.raises(ValueError, match="as long"):
        measures(one, other)
    with pytest.raises(ValueError, match="holds no training"):
        measures(tmp_path, one)
