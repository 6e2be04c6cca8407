import pytest
import torch

from training.svfr.evaluate import COLUMNS, SIGMAS, Mean, Score

PEOPLE = 4


def score(right=0.5, wrong=(0.6, 0.7)):
    """Return a score that is the same for each damage, and 0.1 more per person."""
    losses = torch.empty(3, len(SIGMAS), 3, PEOPLE, dtype=torch.float64)
    for task in range(3):
        others = iter(wrong)
        for place in range(3):
            losses[task, :, place] = right if place == task else next(others)
    people = torch.arange(PEOPLE, dtype=torch.float64)
    return Score(losses + 0.1 * people, torch.full((3, len(SIGMAS), PEOPLE), 20.0) + people)


def test_when_people_agree_then_the_mean_is_sure():
    assert Mean.of(torch.full((9,), 0.5)).error == 0
    assert Mean.of(torch.tensor([1.0, 3.0])) == pytest.approx((2, 1))


@pytest.mark.parametrize(("value", "clear"), [(0.021, True), (0.019, False), (-0.1, False)])
def test_when_a_mean_is_within_two_errors_of_nothing_then_it_is_not_clear(value, clear):
    assert Mean(value, 0.01).clear == clear


def test_when_people_differ_then_margins_are_taken_person_by_person():
    margins = score().margins(1)
    assert margins.shape == (len(SIGMAS), PEOPLE)
    assert margins == pytest.approx(torch.full_like(margins, 0.1))


def test_when_a_wrong_vector_is_better_then_the_margin_is_negative():
    assert score(right=0.65).margins(0).mean().item() == pytest.approx(-0.05)


def test_when_noise_is_asked_for_then_right_vectors_count_only():
    assert score().noise().tolist() == pytest.approx([0.5, 0.6, 0.7, 0.8])
    assert score().distances().tolist() == [20, 21, 22, 23]


def test_when_rows_are_read_again_then_the_score_is_the_same():
    rows = [dict(zip(COLUMNS[1:], map(str, row), strict=True)) for row in score().rows()]
    back = Score.of(rows)
    assert torch.allclose(back.losses, score().losses, atol=1e-6)
    assert torch.equal(back.landmarks, score().landmarks)
