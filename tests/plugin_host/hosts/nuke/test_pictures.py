"""docs/nuke.md shows what the adapter makes now, and names what is there."""

import ast
import re
import runpy
from importlib import import_module
from pathlib import Path

from plugin_host.hosts.nuke.group import make

IMAGES = Path(__file__).resolve().parents[4] / "docs" / "images"


def test_when_the_adapter_changes_then_its_diagrams_are_drawn_anew():
    drawn = runpy.run_path(str(IMAGES / "draw_nuke.py"))["pictures"]()
    stale = [n for n, svg in drawn.items() if (IMAGES / f"{n}.svg").read_text("utf-8") != svg]
    assert not stale, "python docs/images/draw_nuke.py"
    page = (IMAGES.parent / "nuke.md").read_text("utf-8")
    assert all(f"images/{name}.svg" in page for name in drawn)


def test_when_the_page_shows_a_script_then_nuke_13_reads_it_and_its_names_exist(kit):
    page = (IMAGES.parent / "nuke.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for node in ast.walk(ast.parse(script, feature_version=(3, 7))):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)


def test_when_the_page_has_a_table_of_knobs_then_groups_have_them(nuke, made):
    page = (IMAGES.parent / "nuke.md").read_text("utf-8")
    table = page.partition("## The knobs")[2].partition("## ")[0]
    named = set(re.findall(r"^\| (\w[\w ]*) \|", table, re.MULTILINE)) - {"knob"}
    group = make(made.read(nuke, "/shots/a.%04d.exr", 1, 5), made.DESCRIPTION)
    labels = {knob.label().partition(" (")[0] for knob in group.knobs().values()}
    assert named
    assert named <= labels
