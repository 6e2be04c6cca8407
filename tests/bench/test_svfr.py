import pytest
import torch

from bench import svfr
from bench.svfr_work import Work, call_work
from engine.restorers.svfr.sizes import FULL, TINY

PLAIN_CALL = 41.29  # TFLOP, as counted for the official program
FIRST_CALL, SECOND_CALL = 20.64 - 3.25, 35.7


@pytest.mark.parametrize(
    ("saves", "led", "expected"),
    [(False, True, PLAIN_CALL), (True, False, FIRST_CALL), (True, True, SECOND_CALL)],
)
def test_when_a_full_call_is_counted_then_it_is_what_the_specification_counts(saves, led, expected):
    cost = call_work(FULL, saves=saves, led=led)
    assert cost.products == pytest.approx(expected, rel=0.01)
    assert cost.attention > 0


@pytest.fixture
def free(monkeypatch):
    monkeypatch.setattr(svfr, "work", lambda *_, saves: Work(1.0 - saves / 2, 0.0))


@pytest.mark.usefixtures("free")
def test_when_the_tiny_size_is_run_then_calls_are_counted_and_results_agree(monkeypatch, capsys):
    monkeypatch.setattr(svfr, "_calls_planned", lambda _: None)
    assert svfr.main(["--frames", "2", "--steps", "1,1"]) == 0
    out = capsys.readouterr().out
    # In one step of the first pass two windows overlap; in the second one window holds all frames.
    assert "2 frames, ours: 3 calls" in out
    assert "2 frames, plain: 3 calls" in out


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(("apart", "agree"), [(1e-6, True), (2e-3, False), (float("nan"), False)])
def test_when_results_are_apart_then_only_rounding_is_let_through(monkeypatch, apart, agree):
    class Networks:
        sizes = TINY
        dtype = torch.float32

    def measure(*_, saves):
        return svfr.Measured(torch.ones(2, 4, 8, 8) + apart * saves, 1, 1.0, 1.0)

    monkeypatch.setattr(svfr, "measure", measure)
    assert svfr.compare(Networks(), (), 2, 1.0) == (agree, 1.0)
