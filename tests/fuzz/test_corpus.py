"""What fuzzing found once, and a little of what it tries: without atheris, the same every time."""

from pathlib import Path

import pytest

from plugin_host.errors import FrameError, every_error
from tests.fuzz.files import verdict
from tests.fuzz.mutants import marks, mutant
from tests.fuzz.samples import KINDS
from tests.fuzz.targets import TARGETS, Target, replay, resealed

CORPUS = Path(__file__).parent / "corpus"
FOUND = sorted(path for path in CORPUS.rglob("*") if path.is_file())
LOOKS = {"take": "json", "connection": "json", "reference": "safetensors"}
CODES = {"ok", *every_error()}
FEW = {"exr": 240, "pictures": 120, "movies": 36}


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FOUND, ids=name_of)
def test_when_a_finding_comes_again_then_it_is_refused_by_name(path, tmp_path):
    if path.parent.name in TARGETS:
        replay(path.parent.name, path.read_bytes())
    else:
        assert verdict(tmp_path / f"p.0001{path.suffix}", path.read_bytes()) in CODES - {"ok"}


@pytest.mark.parametrize("name", TARGETS)
def test_when_seeds_are_spoilt_then_a_target_raises_nothing(name):
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in seeds:
        replay(name, seed)
    kind = LOOKS.get(name, name.partition("_")[0])
    for number in range(60 if name == "take" else 200):
        data = seeds[number % len(seeds)]
        replay(name, mutant(kind, data, number // len(seeds) + 5))


@pytest.mark.parametrize("kind", KINDS)
def test_when_files_are_spoilt_then_each_is_read_or_refused_by_name(kind, tmp_path):
    samples = KINDS[kind]()
    if not samples:
        pytest.skip("PyAV is not installed")
    said = set()
    for number in range(FEW[kind]):
        name = sorted(samples)[number % len(samples)]
        suffix = name.rpartition(".")[2]
        where = marks(suffix, samples[name])
        spoilt = mutant(suffix, samples[name], len(where.boundaries) + number, where)
        path = tmp_path / f"p{number}.0001.{suffix}"
        said.add(verdict(path, spoilt))
        path.unlink()
    assert said <= CODES
    assert len(said) > 1, "some are refused for what they are, some for saying no colourspace"


def test_when_a_reader_raises_what_it_does_not_document_then_it_is_a_finding(monkeypatch):
    def reader(data):
        if data:
            raise FrameError("not mine to raise")
        raise KeyError("x")

    monkeypatch.setitem(TARGETS, "bad", Target(reader, tuple))
    with pytest.raises(AssertionError, match="frame"):
        replay("bad", b"x")
    with pytest.raises(KeyError):
        replay("bad", b"")


def test_when_a_mutant_is_asked_for_again_then_it_is_the_same():
    data = KINDS["exr"]()["tiled.exr"]
    assert [mutant("exr", data, n) for n in range(90)] == [
        mutant("exr", data, n) for n in range(90)
    ]
    assert len({mutant("exr", data, number) for number in range(90)}) > 60


def test_when_a_file_is_sealed_anew_then_its_reader_looks_behind_the_seal():
    (seed, *_) = TARGETS["reference"].seeds()
    spoilt = seed.replace(b"probe", b"prone")
    assert resealed(seed) == seed
    assert resealed(spoilt) != spoilt
