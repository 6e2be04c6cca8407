"""The diagrams of docs/resolve.md show what the adapter makes now."""

import runpy
from pathlib import Path

from plugin_host.hosts.resolve.choices import Choices

IMAGES = Path(__file__).resolve().parents[4] / "docs" / "images"
PAGE = (IMAGES.parent / "resolve.md").read_text("utf-8")


def test_when_the_adapter_changes_then_its_diagrams_are_drawn_anew():
    drawn = runpy.run_path(str(IMAGES / "draw_resolve.py"))["pictures"]()
    stale = [n for n, svg in drawn.items() if (IMAGES / f"{n}.svg").read_text("utf-8") != svg]
    assert not stale, "python docs/images/draw_resolve.py"
    assert all(f"images/{name}.svg" in PAGE for name in drawn)


def test_when_there_is_a_choice_then_the_page_explains_it():
    assert not [name for name in vars(Choices()) if f"`{name}`" not in PAGE]
