"""Draws docs/images/nuke_*.svg from what the adapter makes in the fake Nuke of tests/hosts.

    python docs/images/draw_nuke.py

They are diagrams of nodes, knobs and menu lines, not pictures of Nuke: no Nuke was run for them.
"""

import os
import sys
import tempfile
from collections import OrderedDict
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from plugin_host.frame_range import FrameRange  # noqa: E402 - found by the line above
from plugin_host.host import Result  # noqa: E402
from plugin_host.hosts.nuke import NukeHost, add_menu  # noqa: E402
from plugin_host.hosts.nuke.adapter import plate_of  # noqa: E402
from plugin_host.hosts.nuke.board import begin_job  # noqa: E402
from plugin_host.hosts.nuke.group import make  # noqa: E402
from plugin_host.hosts.nuke.knobs import wanted_of  # noqa: E402
from plugin_host.plate import Plate  # noqa: E402
from plugin_host.replies import Description, Finished, ParameterText, RestorerText  # noqa: E402
from plugin_host.requests import Settings, Submit  # noqa: E402
from tests.hosts.nuke import NukeKit  # noqa: E402

_LITE = RestorerText(
    "lite",
    "Lite",
    ("bfr", "colour"),
    "chained",
    8,
    2,
    (),
    False,
    (ParameterText("strength", 100, 0, 100, "%", "How much."),),
    "Apache-2.0",
    "Faceplate",
)
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.s{font-size:11px;fill:#666}"
    "rect{fill:#fff;stroke:#444}.g{fill:#dbe9f6}.b{fill:#eee}line{stroke:#444}"
)
_WIDE, _TALL = 130, 40


def pictures():
    """Return every picture's name and SVG."""
    with NukeKit(version=(16, 0, 1)) as kit, tempfile.TemporaryDirectory() as folder:
        add_menu()
        nuke = kit.nuke
        read = nuke.createNode("Read")
        read["file"].fromUserText("/shots/sh010/sh010.%04d.exr 1001-1100")
        read["colorspace"].setValue("linear")
        grade = nuke.nodes.Grade()
        group = make(read, Description((_LITE,)))
        grade.setInput(0, group)
        grade.setXYpos(group.xpos(), group.ypos() + 80)
        menu = _list("Nuke's menu bar", [line.split("/")[-1] for line in kit.menu_lines()])
        panel = _list("FaceplateRestore1", _knobs(group))
        with begin_job(group.fullName()) as job:
            job.text = "restoring 42%"
            working = _graph(kit, nuke.allNodes(), "while it is restored")
        _place(group, folder)
        done = _graph(kit, nuke.allNodes(), "when it is placed")
        inside = _graph(kit, group.nodes(), "inside FaceplateRestore1")
    return OrderedDict(
        nuke_menu=menu, nuke_panel=panel, nuke_working=working, nuke_done=done, nuke_inside=inside
    )


def _place(group, folder):
    selection = plate_of(group, wanted_of(group))
    frames = FrameRange.parse("1001-1040")
    submit = Submit(selection.shot, frames, Settings("lite", layers=("beauty", "matte")), folder)
    take = "/shots/sh010/restored/sh010/v001"
    plate = Plate.parse(f"{take}/sh010_restored.%04d.exr")
    finished = Finished("0" * 16, take, 40, 0, {})
    NukeHost().place_result(Result(selection, submit, plate, frames, f"{take}/s.take", finished))


def _knobs(group):
    """Return the visible knobs of the tab Faceplate, as ``label: value``."""
    names = [name for name in group.knobs() if name.startswith("fp_") and name != "fp_tab"]
    shown = [group[name] for name in names if group[name].visible()]
    return [
        f"[ {knob.label()} ]"
        if knob.Class() == "PyScript_Knob"
        else f"{knob.label()}: {_value(knob)}"
        for knob in shown
    ]


def _value(knob):
    value = knob.value()
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _graph(kit, nodes, title):
    """Draw nodes where they lie, with their labels and wires."""
    nodes = sorted(nodes, key=lambda node: (node.ypos(), node.xpos()))
    left = min(node.xpos() for node in nodes) - 20
    top = min(node.ypos() for node in nodes) - 40
    width = max(node.xpos() for node in nodes) - left + _WIDE + 150
    height = max(node.ypos() for node in nodes) - top + 80
    parts = []
    for node in nodes:
        x, y = node.xpos() - left, node.ypos() - top
        for number in range(node.inputs()):
            source = node.input(number)
            if source is not None:
                at = x + _WIDE * (number + 1) // (node.inputs() + 1)
                begin = source.xpos() - left + _WIDE // 2, source.ypos() - top + _TALL
                parts.append(
                    f'<line x1="{begin[0]}" y1="{begin[1]}" x2="{at}" y2="{y}"/>'
                    + (
                        f'<text class="s" x="{at + 3}" y="{y - 4}">{number}</text>'
                        if number
                        else ""
                    )
                )
    for node in nodes:
        x, y = node.xpos() - left, node.ypos() - top
        name, *lines = kit.label(node).split("\n")
        kind = ' class="g"' if node.Class() == "Group" else ""
        parts.append(f'<rect{kind} x="{x}" y="{y}" width="{_WIDE}" height="{_TALL}" rx="4"/>')
        parts.append(f'<text x="{x + 8}" y="{y + 17}">{escape(name)}</text>')
        below = lines or [node.Class()]
        parts.append(f'<text class="s" x="{x + 8}" y="{y + 33}">{escape(below[0])}</text>')
        expression = node.knob("which") is not None and node["which"]._expression
        if expression:
            parts.append(
                f'<text class="s" x="{x + _WIDE + 6}" y="{y + 33}">{escape(expression)}</text>'
            )
    return _svg(width, height, title, parts)


def _list(title, lines):
    """Draw lines below one another."""
    parts = []
    for number, line in enumerate(lines):
        y = 32 + 24 * number
        button = ' class="b"' if line.startswith("[") else ""
        parts.append(f'<rect{button} x="10" y="{y}" width="340" height="24"/>')
        parts.append(f'<text x="20" y="{y + 16}">{escape(line.strip("[]"))}</text>')
    return _svg(360, 44 + 24 * len(lines), title, parts)


def _svg(width, height, title, parts):
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f"<style>{_STYLE}</style>"
        '<rect x="0" y="0" width="100%" height="100%" style="fill:#fafafa;stroke:none"/>'
        f'<text class="s" x="10" y="20">Diagram, no screenshot: {escape(title)}</text>'
    )
    return head + "\n" + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    os.umask(0o022)
    for name, svg in pictures().items():
        (HERE / f"{name}.svg").write_text(svg, "utf-8")
