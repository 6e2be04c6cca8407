"""Draws docs/images/resolve_*.svg from what the adapter makes in the fake Resolve of tests/hosts.

    python docs/images/draw_resolve.py

They are diagrams of menus and timelines, not pictures of Resolve: no Resolve was run for them.
"""

import os
import shutil
import sys
import tempfile
from collections import OrderedDict
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from plugin_host.host import Result  # noqa: E402 - found by the line above
from plugin_host.hosts.resolve.adapter import ResolveHost  # noqa: E402
from plugin_host.hosts.resolve.application import connect  # noqa: E402
from plugin_host.hosts.resolve.choices import Choices  # noqa: E402
from plugin_host.plate import Plate  # noqa: E402
from plugin_host.replies import Finished  # noqa: E402
from plugin_host.requests import Settings, Submit  # noqa: E402
from tests.hosts.resolve import Kit  # noqa: E402

_STYLE = (
    "text{font:13px sans-serif;fill:#222}.s{font-size:11px;fill:#666}"
    "rect{fill:#fff;stroke:#444}.c{fill:#dbe9f6}.o{fill:#d9f0dc}.w{stroke-width:3}"
    "line{stroke:#444}.p{stroke:#c33}"
)
_LEFT, _SCALE, _ROW = 90, 14, 46
_STEPS = (
    ("Restore", "in Resolve, seconds", "names the clip's file and frames"),
    ("Engine", "a process of its own", "restores, writes EXR and receipts"),
    ("Collect results", "in Resolve, seconds", "proves every frame, places them"),
)


def pictures():
    """Return every picture's name and SVG."""
    found = OrderedDict(resolve_steps=_steps())
    with tempfile.TemporaryDirectory() as folder:
        found["resolve_menu"] = _menu(Path(folder))
        for place in ("take", "track"):
            here = Path(folder) / place
            here.mkdir()
            with Kit(here, version="21.0.4") as kit:
                item = _scene(kit)
                if place == "take":
                    title = "a clip is selected; a title lies over it"
                    found["resolve_chosen"] = _timeline(kit, title)
                _place(kit, here, place)
                words = f"after Collect results, place: {place}"
                found[f"resolve_{place}"] = _timeline(kit, words, item)
    return found


def _scene(kit):
    scene = kit.scene(timeline="Cut 1")
    scene.clip(scene.sequence("sh010", 1001, 1012), frames=10)
    item = scene.clip(scene.sequence("sh020", 1001, 1024), frames=16, offset=4, selected=True)
    scene.clip(scene.sequence("sh030", 1001, 1012), frames=10)
    scene.title(at=item.start + 6, frames=8, track=2)
    scene.timeline.playhead = item.start + 3
    return item


def _place(kit, folder, place):
    host = ResolveHost(connect(kit.globals()), Choices(place=place))
    (selection,) = host.selected_plates()
    plate = selection.shot.plate
    output = folder / "restored" / selection.name / "v001"
    output.mkdir(parents=True)
    delivered = Plate.parse(str(output / f"{plate.stem}_restored.%04d.exr"))
    for frame in selection.frames:
        shutil.copyfile(plate.path(frame), delivered.path(frame))
    submit = Submit(selection.shot, selection.frames, Settings("lite"), str(output))
    finished = Finished("0" * 16, str(output), len(selection.frames), 0, {})
    host.place_result(Result(selection, submit, delivered, selection.frames, "", finished))


def _menu(folder):
    parts, x = [], 10
    for number, (edition, words) in enumerate(
        (("studio", "Studio; free before 21.1"), ("free", "free from 21.1"))
    ):
        here = folder / str(number)
        here.mkdir()
        kit = Kit(here, version="21.1", edition=edition)
        target = kit.scripts_folder / "Utility" / "Faceplate"
        shutil.copytree(ROOT / "resolve_scripts", target)
        parts.append(f'<text class="s" x="{x}" y="42">{words}</text>')
        for line, path in enumerate(kit.listed_scripts()):
            y = 50 + 24 * line
            name = " &gt; ".join(escape(part) for part in Path(path).with_suffix("").parts[1:])
            parts.append(f'<rect x="{x}" y="{y}" width="240" height="24"/>')
            parts.append(f'<text x="{x + 10}" y="{y + 16}">{name}</text>')
        x += 260
    return _svg(530, 280, "Workspace > Scripts", parts)


def _timeline(kit, title, item=None):
    """Draw a timeline as it stands."""
    timeline = kit.project.timeline
    tracks = list(enumerate(timeline.video, 1))
    parts = []
    for row, (number, track) in enumerate(reversed(tracks)):
        y = 36 + _ROW * row
        name = f"V{number}" if track.name.startswith("Video ") else f"V{number} {track.name}"
        parts.append(f'<text class="s" x="8" y="{y + 22}">{escape(name)}</text>')
        for each in track.items:
            parts += _item(timeline, each, y)
    bottom = 36 + _ROW * len(tracks)
    x = _LEFT + (timeline.playhead - timeline.start) * _SCALE
    parts.append(f'<line class="p" x1="{x}" y1="30" x2="{x}" y2="{bottom}"/>')
    for note, each in enumerate(item.markers.values() if item else ()):
        words = each["note"].split("\n")[0]
        y = bottom + 18 + 16 * note
        parts.append(f'<text class="s" x="{_LEFT}" y="{y}">marker: {escape(words)}</text>')
    width = _LEFT + (timeline.end - timeline.start) * _SCALE + 20
    return _svg(width, bottom + 30, title, parts)


def _item(timeline, item, y):
    x, width = _LEFT + (item.start - timeline.start) * _SCALE, item.duration * _SCALE
    kind = "o" if item.media is not None and "_restored" in item.media.name else "c"
    wide = " w" if item in timeline.selected else ""
    name = item.media.shown_path.rsplit("/", 1)[-1].split(".")[0] if item.media else item.name
    yield f'<rect class="{kind}{wide}" x="{x}" y="{y}" width="{width}" height="{_ROW - 8}" rx="3"/>'
    yield f'<text x="{x + 6}" y="{y + 16}">{escape(name)}</text>'
    if item.media is not None:
        first = item.media.first + int(item.source_in)
        words = f"{first}-{first + item.duration - 1}"
        if item.takes:
            words += f", take {item.take} of {len(item.takes)}"
        yield f'<text class="s" x="{x + 6}" y="{y + 31}">{words}</text>'
    if item.markers:
        yield f'<circle cx="{x + width - 10}" cy="{y + 10}" r="4" style="fill:#3a3"/>'


def _steps():
    parts = []
    for number, (name, where, what) in enumerate(_STEPS):
        x = 10 + 260 * number
        kind = "o" if number == 1 else "c"
        parts.append(f'<rect class="{kind}" x="{x}" y="36" width="220" height="64" rx="4"/>')
        parts.append(f'<text x="{x + 10}" y="56">{name}</text>')
        parts.append(f'<text class="s" x="{x + 10}" y="73">{where}</text>')
        parts.append(f'<text class="s" x="{x + 10}" y="90">{what}</text>')
        if number:
            parts.append(f'<line x1="{x - 40}" y1="68" x2="{x}" y2="68"/>')
    return _svg(770, 114, "nothing of ours stays in Resolve in between", parts)


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
