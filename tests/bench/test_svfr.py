from math import inf
from types import SimpleNamespace

import pytest
import torch

from bench import svfr, svfr_measure
from bench.svfr_work import Work, call_work
from engine.restorers.svfr import LADDER
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
def test_when_economies_are_tried_then_each_is_told_and_only_smaller_decoding_may_differ(
    monkeypatch, capsys
):
    monkeypatch.setattr(svfr, "_calls_planned", lambda _: None)
    monkeypatch.setattr(svfr, "WINDOW", 5)
    wanted = ["--frames", "2", "--steps", "1,1", "--windows", "2", "--economies"]
    assert svfr.main(wanted) == 0
    out = capsys.readouterr().out
    assert "2 frames, ours: 2 calls" in out  # the two windows of the first pass's step are one
    assert "the anchor's first pass, 5 frames: 1 calls" in out
    told = [line for line in out.splitlines() if line.startswith("a window, ")]
    assert len(told) == 1 + len(LADDER)
    apart = [float(line.split("; apart ")[1].split()[0]) for line in told]
    assert max(apart[:-1]) < 1e-3 < apart[-1]


class Networks:
    sizes = TINY
    dtype = torch.float32
    device = torch.device("cpu")


def measured(value=1.0, memory=1.0):
    return svfr.Measured(torch.full((2, 4, 8, 8), value), 1, 1.0, memory)


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(("apart", "agree"), [(1e-6, True), (2e-3, False), (float("nan"), False)])
def test_when_results_are_apart_then_only_rounding_is_let_through(monkeypatch, apart, agree):
    def measure(*_, saves):
        return measured(1 + apart * saves)

    monkeypatch.setattr(svfr, "measure", measure)
    assert svfr.compare(Networks(), (), 2, 1.0) == (agree, 1.0)


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("runs_out", [True, False])
def test_when_memory_runs_out_then_only_the_plain_way_is_excused(monkeypatch, capsys, runs_out):
    def measure(*_, saves):
        if saves == runs_out:
            raise torch.OutOfMemoryError("no")
        return measured(memory=5.0)

    monkeypatch.setattr(svfr, "measure", measure)
    good, memory = svfr.compare(Networks(), (), 2, 1.0)
    assert good == (not runs_out)
    assert memory == (inf if runs_out else 5)
    assert f"{'ours' if runs_out else 'plain'}: out of memory" in capsys.readouterr().out


@pytest.fixture
def pretended(monkeypatch):
    """Pretend that there is a GPU, on which everything takes no time; return what it was told."""
    told = {}
    monkeypatch.setattr(svfr, "_calls_planned", lambda _: None)
    monkeypatch.setattr(svfr, "pin", lambda _, device: device)
    monkeypatch.setattr(svfr, "matrix_rate", lambda *_: 1.0)
    monkeypatch.setattr(svfr, "prepared", lambda *_, **how: told.update(how) or Networks())
    monkeypatch.setattr(svfr, "measure", lambda *at, **_: measured(memory=told["memory"][at[2]]))
    monkeypatch.setattr(svfr, "measure_window", lambda *_: [measured()] * (2 + len(LADDER)))
    properties = SimpleNamespace(total_memory=96 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    limit = "set_per_process_memory_fraction"
    monkeypatch.setattr(torch.cuda, limit, lambda part, _: told.update(part=part))
    return told


GPU = ["--device", "cuda:0", "--half", "--channels-last", "--compile", "--economies"]


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(("longer", "code"), [(101, 0), (110, 1)])
def test_when_a_gpu_runs_it_then_memory_must_not_grow(monkeypatch, capsys, pretended, longer, code):
    pretended["memory"] = {16: 100, 48: longer}
    monkeypatch.setattr(Networks, "dtype", torch.float16)
    before = torch.backends.cudnn.allow_tf32
    assert svfr.main([*GPU, "--frames", "16,48", "--memory", "24"]) == code
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", before)
    assert pretended["part"] == 0.25
    assert pretended["channels_last"]
    assert pretended["compiled"]
    out = capsys.readouterr().out
    assert "first calls: 2.0 s" in out
    assert "memory of 48 frames over 16: 1.1" in out or code == 0


def test_when_a_gpu_is_asked_for_its_peak_then_it_is_forgotten_before(monkeypatch):
    done = []
    for name in ("synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda _, name=name: done.append(name))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 3 << 20)
    gpu = torch.device("cuda:0")
    svfr_measure._forget_peak(gpu)
    assert done == ["synchronize", "reset_peak_memory_stats"]
    assert svfr_measure._peak(gpu) == 3


def test_when_weights_are_in_channels_last_or_compiled_then_the_network_is_the_same(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: asked.append(type(self).__name__))
    usual = svfr_measure.prepared(TINY, "cpu", torch.float32)
    other = svfr_measure.prepared(TINY, "cpu", torch.float32, channels_last=True, compiled=True)
    assert set(asked) == set(svfr_measure.COMPILED)
    weight = other.unet.conv_in.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    for one, two in zip(usual.unet.parameters(), other.unet.parameters(), strict=True):
        assert torch.equal(one, two)


def test_when_matrices_are_multiplied_then_there_is_a_rate():
    assert svfr_measure.matrix_rate(torch.device("cpu"), torch.float32) > 0
