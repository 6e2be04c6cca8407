import re
from dataclasses import replace

import pytest

from bench import quality
from bench.measures import Figures
from bench.plates import Subject
from bench.quality import QUICK, comparable_restorers, main, run, task_of
from bench.quality_page import INPUT, Result, table, verdicts
from engine.restorers import TABLE
from training.degrade import LEVELS

PERFECT = Figures(120.0, 1.0, 0.0, 0.0)


def rows_of(text, first):
    """Return the rows, cell by cell, of the table whose first heading that is."""
    tables = re.findall(r"((?:^\|.*\|\n)+)", text, re.MULTILINE)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for t in tables
        for line in t.splitlines()
    ]
    start = next(i for i, row in enumerate(lines) if row[:2] == ["level", first])
    rows = [row for row in lines[start:] if len(row) == len(lines[start])]
    assert set("".join(rows[1])) <= set(":-")
    return rows[0], rows[2:]


@pytest.fixture(scope="module")
def quick():
    names = comparable_restorers()
    return names, run(names, QUICK, 0)


def test_when_restorers_are_chosen_then_those_that_change_whole_frames_are():
    names = comparable_restorers()
    assert "temporal-denoise" in names
    assert "passthrough" not in names
    assert set(names) < set(TABLE)


def test_when_levels_are_read_then_each_has_its_task():
    tasks = {name: task_of(recipe) for name, recipe in LEVELS.items()}
    assert tasks.pop("greyscale") == "colour"
    assert tasks.pop("brush masks") == "inpaint"
    assert set(tasks.values()) == {"bfr"}


def test_when_the_quick_run_is_done_then_the_page_is_well_formed(quick):
    names, results = quick
    text = quality.page(results, names, QUICK)
    assert "{" not in text
    assert "nan" not in text
    heads, rows = rows_of(text, "method")
    assert len(heads) == 11
    assert list(dict.fromkeys(row[0] for row in rows)) == list(LEVELS)
    for level in LEVELS:
        own = [row for row in rows if row[0] == level]
        assert own[0][1].strip("*") == INPUT
        assert len({row[1] for row in own}) == len(own) >= 2
        for column in range(2, 10):
            assert sum(row[column].startswith("**") for row in own) == 1
    for name in names:
        assert f"`{name}`: **" in text


def test_when_the_quick_run_is_done_then_figures_are_those_of_the_degradation(quick):
    of = {(r.level, r.subject.source, r.method): r.figures for r in quick[1] if r.method == INPUT}
    for source in ("procedural", "real"):
        assert of["clean", source, INPUT].psnr == 120
        assert (
            21 < of["noise 20", source, INPUT].psnr < 25
        )  # 20 log10(255 / 20) is 22.1, and clipping
        assert of["greyscale", source, INPUT].ssim > 0.95
        assert of["x4 mix", source, INPUT].psnr < of["x2 mix", source, INPUT].psnr


def test_when_noise_is_restored_then_the_page_says_that_temporal_denoise_helps(quick):
    names, results = quick
    _, rows = rows_of(verdicts(results, names) + "\n", "in short")
    words = {row[0]: row[1] for row in rows if row}
    assert words["noise 20"] == "helps"
    assert words["clean"] == "changes what is right"


def results_with(gains, task="bfr"):
    """Return an input of 30 dB, a rival 1 dB and 1 unit above it, and `mine` by each gain."""
    at = replace(PERFECT, psnr=30.0, colour=9.0, flicker=4.0)
    found = []
    for index, gain in enumerate(gains):
        subject = Subject("real", index)
        better = {INPUT: 0, "rival": 1, "mine": gain}
        found += [
            Result("blur", task, subject, m, replace(at, psnr=30 + g, colour=9 - g), 1.0)
            for m, g in better.items()
        ]
    return found


@pytest.mark.parametrize(
    ("gains", "word"),
    [
        ([2, 3, 2.5, 2], "helps"),
        ([-2, -3, -2.5, -2], "harms"),
        ([3, -3, 2, -2], "changes little"),
        ([0.04, 0.06, 0.05, 0.05], "changes little"),
    ],
)
@pytest.mark.parametrize("task", ["bfr", "colour", "inpaint"])
def test_when_gains_are_sure_then_the_verdict_says_which_way(gains, word, task):
    text = verdicts(results_with(gains, task), ["mine"])
    assert f"`mine`: **{word}** at blur; " in text
    mean = sum(gains) / len(gains)
    unit = "units" if task == "colour" else "dB"
    assert f"{mean:+.2f} {unit} [" in text
    assert f"{mean - 1:+.2f} {unit} [" in text
    assert "(rival)" in text
    rank = "above" if word == "helps" else "level" if min(gains) < 0 < max(gains) else "below"
    assert f"against the best cheap baseline, {rank} at blur." in text


def test_when_a_task_is_not_the_restorers_then_the_verdict_says_so():
    assert "`other`: **cannot do the task** at blur." in verdicts(results_with([1, 2]), ["other"])


def test_when_sources_disagree_then_the_verdict_names_both():
    real = results_with([2, 3])
    drawn = [
        replace(r, subject=Subject("procedural", r.subject.index)) for r in results_with([-2, -3])
    ]
    assert "harms (procedural), helps (real)" in verdicts(drawn + real, ["mine"])


def test_when_a_table_is_drawn_then_means_and_intervals_are_of_the_clips():
    heads, rows = rows_of(table(results_with([1.5, 2.5])) + "\n", "method")
    mine = dict(zip(heads, next(row for row in rows if row[1] == "mine"), strict=True))
    assert mine["PSNR real"] == "**32.00 ± 0.50**"
    assert mine["PSNR procedural"] == "-"
    assert mine["CPU ms"] == "1.0"


def test_when_another_process_measures_then_the_figures_are_the_same():
    extent = replace(QUICK, views=0, frames=2, size=48)
    here, there = (run(["temporal-denoise"], extent, processes) for processes in (0, 1))
    assert [replace(r, ms=0) for r in there] == [replace(r, ms=0) for r in here]


def test_when_a_quick_run_is_to_be_written_then_it_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--quick", "--write"])
    assert "too little" in capsys.readouterr().err


def test_when_the_page_is_written_then_it_is_what_was_printed(quick, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(quality, "PAGE", tmp_path / "quality.md")
    monkeypatch.setattr(quality, "run", lambda *_: quick[1])
    main(["--write", "--clips", "1"])
    assert (tmp_path / "quality.md").read_text("utf-8") == capsys.readouterr().out
