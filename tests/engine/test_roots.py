"""What a request may name: everything else is refused before a job is made of it."""

import os

import pytest

from engine.roots import confine
from plugin_host.errors import PathRefused
from plugin_host.plate import Plate
from tests.engine.plates import request


@pytest.fixture
def place(tmp_path):
    for name in ("in/plate", "in/masks", "out/plate", "out/masks", "results"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("in/plate/p.0001.exr", "in/masks/m.0001.png", "out/face.png", "out/p.0001.exr"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def ask(place, plate="in/plate/p.%04d.exr", output="results", **settings):
    submit = request(Plate.parse(f"{place}/{plate}", "raw"), f"{place}/{output}", "1-2", **settings)
    confine(submit, [os.path.realpath(place / name) for name in ("in", "results")])


def refuses(place, *words, **what):
    with pytest.raises(PathRefused) as refused:
        ask(place, **what)
    for word in words:
        assert word in str(refused.value)


def test_when_all_lies_inside_then_nothing_is_said(place):
    (place / "in/plate/p.0002.exr").symlink_to(place / "in/plate/p.0001.exr")
    ask(place)
    ask(place, mask=f"{place}/in/masks/m.%04d.png", references=("frame:1", f"{place}/in/a.png"))
    ask(place, output="results/not/yet/there")


@pytest.mark.parametrize(
    "what",
    [
        {"plate": "out/plate/p.%04d.exr"},
        {"plate": "in/../out/plate/p.%04d.exr"},
        {"plate": "in/plate/../../out/p.0001.exr"},
        {"plate": "out/movie.mov"},
        {"output": "in_too"},
        {"output": "results/../out"},
        {"output": "."},
    ],
    ids=str,
)
def test_when_a_path_leads_out_then_it_is_refused(place, what):
    refuses(place, "may touch", **what)


@pytest.mark.parametrize("name", ["mask", "references", "detector"])
def test_when_a_guide_lies_outside_then_it_is_refused(place, name):
    path = f"{place}/out/face.png"
    refuses(place, "face.png", **{name: (path,) if name == "references" else path})


LINKS = {
    "the plate's folder": ("in/other", "out/plate", {"plate": "in/other/p.%04d.exr"}),
    "one frame": ("in/plate/p.0002.exr", "out/p.0001.exr", {}),
    "a single picture": ("in/one.0001.exr", "out/p.0001.exr", {"plate": "in/one.0001.exr"}),
    "a movie": ("in/m.mov", "out/p.0001.exr", {"plate": "in/m.mov"}),
    "the output": ("results/way", "out", {"output": "results/way"}),
    "the output's parent": ("results/way", "out", {"output": "results/way/deep"}),
    "the take": ("results/p.take", "out", {}),
    "the receipts": ("results/p.take/receipts", "out", {}),
    "the windows": ("results/p.take/windows", "out", {}),
    "the analysis": ("results/p.take/analysis.json", "out/face.png", {}),
    "a link to a link": ("results/p.take/references", "results/second", {}),
    "a mask": ("in/masks/m.0002.png", "out/face.png", {"mask": "in/masks/m.%04d.png"}),
    "a reference": ("in/face.png", "out/face.png", {"references": "in/face.png"}),
}


@pytest.mark.parametrize("case", LINKS)
def test_when_a_link_leads_out_then_it_is_refused(place, case):
    name, target, what = LINKS[case]
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / "results" / "second").symlink_to(place / "out")
    (place / name).symlink_to(place / target)
    if "mask" in what:
        what = {"mask": f"{place}/{what['mask']}"}
    if "references" in what:
        what = {"references": (f"{place}/{what['references']}",)}
    refuses(place, "may touch", **what)


@pytest.mark.parametrize(
    "path", ["C:\\shots\\out", "C:/shots/out", "\\\\host\\share\\out", "//host/share/out"]
)
def test_when_a_path_is_of_another_system_then_it_is_refused(place, path):
    submit = request(Plate.parse(f"{place}/in/plate/p.%04d.exr", "raw"), path, "1-2")
    with pytest.raises(PathRefused):
        confine(submit, [os.path.realpath(place)])


def test_when_a_name_is_endless_or_a_link_turns_round_then_it_is_no_crash(place):
    (place / "results" / "loop").symlink_to(place / "results" / "loop")
    ask(place, output="results/" + "a" * 300)
    ask(place, output="results/" + "a/" * 3000)
    ask(place, output="results/loop/deep")
    refuses(place, output="out/" + "a" * 300)
