"""What nodes make of pictures: enough operators to tell a path from a rendered tree.

Rules of this file:
    - An operator that changes nothing returns the very bytes that came in.
"""

import re
from array import array

from tests.hosts import exr_file as exr

from . import colours, files
from .session import NotModelled, current

_TO_NUKE = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}
_TO_EXR = {word: letter for letter, word in _TO_NUKE.items()}


def nuke_name(name):
    """Return Nuke's name of an EXR channel: R is rgba.red, faceplate.matte is itself."""
    layer, _, channel = name.rpartition(".")
    if not layer and channel in _TO_NUKE:
        layer = "rgba"
    return "{}.{}".format(layer or "other", _TO_NUKE.get(channel, channel))


def exr_name(name):
    """Return the EXR channel of one of Nuke's."""
    layer, _, channel = name.rpartition(".")
    channel = _TO_EXR.get(channel, channel)
    return channel if layer in ("rgba", "rgb", "other", "") else f"{layer}.{channel}"


def chosen(picture, mask):
    """Return the EXR names that a channel knob means: rgb, rgba, all, a layer, a channel."""
    if mask == "all":
        return set(picture.planes)
    if mask in ("rgb", "rgba", "alpha"):
        return set(picture.planes) & set({"rgb": "RGB", "rgba": "RGBA", "alpha": "A"}[mask])
    return {name for word in mask.split() for name in picture.planes
             if nuke_name(name) == word or nuke_name(name).rpartition(".")[0] == word}  # fmt: skip


def pull(node, frame, view):
    """Return the picture that a node gives at a frame for a view."""
    if node is None:
        size = current().root["format"].value()
        count = size.width() * size.height()
        planes = {name: exr.Plane.constant(0.0, count) for name in "RGBA"}
        return exr.Picture(planes, (0, 0, size.width() - 1, size.height() - 1))
    name = node.Class()
    if name != "Read" and node._knobs["disable"]._at(frame):
        return pull(node._inputs.get(0), frame, view)
    made = _OPERATORS.get(name)
    if made is None:
        raise NotModelled(f"the kit makes no pictures with {name}")
    return made(node, frame, view)


def sample(picture, channel, x, y):
    """Return one sample; y counts from the bottom, as in Nuke."""
    name = exr_name(channel if "." in channel else "rgba." + channel)
    left, top, right, bottom = picture.data_window
    column, row = int(x) - left, picture.display_window[3] - int(y) - top
    if name not in picture.planes or not (0 <= column <= right - left and 0 <= row <= bottom - top):
        return 0.0
    return picture.planes[name].floats()[row * (right - left + 1) + column]


def _read(node, frame, view):
    knobs = node._knobs
    if knobs["disable"].value():
        return files.black_like(node, view)
    picture = files.load(node, frame, view)
    picture = picture.with_planes(colours.converted(picture.planes, knobs, "RGB", "from"))
    if knobs["auto_alpha"].value() and "A" not in picture.planes:
        width, height = picture.size
        opaque = exr.Plane.constant(1.0, width * height)
        picture = picture.with_planes(dict(picture.planes, A=opaque))
    if current().root["proxy"].value() and not knobs["proxy"].value():
        picture = _shrunk(picture, current().root["proxy_scale"].value())
    return picture


def _shrunk(picture, scale):
    """Return a picture at the proxy's scale, by its nearest samples."""
    width, height = picture.size
    new = max(1, int(width * scale)), max(1, int(height * scale))
    planes = {}
    for name, plane in picture.planes.items():
        size, rows = exr.BYTES[plane.kind], []
        for y in range(new[1]):
            for x in range(new[0]):
                at = (int(y / scale) * width + int(x / scale)) * size
                rows.append(plane.data[at : at + size])
        planes[name] = exr.Plane(plane.kind, b"".join(rows))
    return exr.Picture(planes, (0, 0, new[0] - 1, new[1] - 1), None, picture.attributes)


def _first(node, frame, view):
    return pull(node._inputs.get(0), frame, view)


def _mapped(picture, names, change):
    planes = dict(picture.planes)
    for name in names:
        planes[name] = exr.Plane.of(array("f", map(change(name), planes[name].floats())))
    return picture.with_planes(planes)


def _of(knob, channel, frame):
    value = knob._at(frame)
    return value["RGBA".index(channel)] if isinstance(value, list) else value


def _grade(node, frame, view):
    picture, knobs = _first(node, frame, view), node._knobs
    if any(_of(knobs["gamma"], c, frame) != 1 for c in "RGB"):
        raise NotModelled("Grade with a gamma")

    def change(channel):
        black, white, low, high, gain, lift = (
            _of(knobs[name], channel, frame)
            for name in ("black", "white", "blackpoint", "whitepoint", "multiply", "add")
        )
        slope = gain * (white - black) / (high - low)
        offset = lift + black - slope * low
        return lambda sample: sample * slope + offset

    names = {name for name in chosen(picture, knobs["channels"].value()) if name in "RGBA"}
    still = {name for name in names if change(name)(1.0) == 1.0 and change(name)(0.0) == 0.0}
    return _mixed(picture, _mapped(picture, names - still, change), knobs["mix"]._at(frame))


def _multiply(node, frame, view):
    picture, knobs = _first(node, frame, view), node._knobs
    names = {name for name in chosen(picture, knobs["channels"].value()) if name in "RGBA"}
    factors = {name: _of(knobs["value"], name, frame) for name in names}
    moved = {name for name in names if factors[name] != 1}
    result = _mapped(picture, moved, lambda name: lambda sample: sample * factors[name])
    return _mixed(picture, result, knobs["mix"]._at(frame))


def _mixed(under, over, amount, mask=None):
    """Blend two pictures; at 0 and 1 the bytes of one of them."""
    if mask is None and amount in (0, 1):
        return over if amount else under
    if under.data_window != over.data_window:
        raise NotModelled(f"pictures of different data windows: {over.data_window}")
    planes = dict(under.planes)
    for name, plane in over.planes.items():
        if name not in planes or planes[name].data != plane.data:
            none = exr.Plane.constant(0.0, under.size[0] * under.size[1])
            pair = planes.get(name, none).floats(), plane.floats()
            weights = mask if mask is not None else [1.0] * len(pair[0])
            planes[name] = exr.Plane.of(
                _blend(a, b, amount * weight) for a, b, weight in zip(*pair, weights)
            )
    return under.with_planes(planes)


def _blend(under, over, weight):
    return under if weight == 0 else over if weight == 1 else under + (over - under) * weight


_MERGES = {
    "over": lambda a, b, alpha: a + b * (1 - alpha),
    "mask": lambda a, b, alpha: b * alpha + 0 * a,
    "plus": lambda a, b, _: a + b,
    "minus": lambda a, b, _: a - b,
    "from": lambda a, b, _: b - a,
    "multiply": lambda a, b, _: a * b,
}


def _merge(node, frame, view):
    under, over = (pull(node._inputs.get(i), frame, view) for i in (0, 1))
    if under.data_window != over.data_window:
        raise NotModelled("Merge2 of different data windows")
    operation, planes = node["operation"].value(), dict(under.planes)
    none = exr.Plane.constant(0.0, under.size[0] * under.size[1])
    alpha = over.planes.get("A", none).floats()
    for name in set(under.planes) | set(over.planes):
        if operation == "copy":
            planes[name] = over.planes.get(name, none)
        elif name in "RGBA":
            a, b = (one.planes.get(name, none).floats() for one in (over, under))
            planes[name] = exr.Plane.of(map(_MERGES[operation], a, b, alpha))
    return _mixed(under, under.with_planes(planes), node["mix"]._at(frame))


def _copy(node, frame, view):
    under, over = (pull(node._inputs.get(i), frame, view) for i in (0, 1))
    planes = dict(under.planes)
    for index in range(4):
        source, target = (node[f"{way}{index}"].value() for way in ("from", "to"))
        if "none" not in (source, target):
            planes[exr_name(target)] = over.planes[exr_name(source)]
    return under.with_planes(planes)


def _dissolve(node, frame, view):
    pair = (pull(node._inputs.get(i), frame, view) for i in (0, 1))
    return _mixed(*pair, node["which"]._at(frame))


def _keymix(node, frame, view):
    under, over = (pull(node._inputs.get(i), frame, view) for i in (0, 1))
    amount, mask = node["mix"]._at(frame), None
    if 2 in node._inputs:
        held = pull(node._inputs[2], frame, view)
        name = exr_name(node["maskChannel"].value())
        if name not in held.planes:
            raise RuntimeError("{}: no channel {}".format(node.name(), node["maskChannel"].value()))
        mask = list(held.planes[name].floats())
        if node["invertMask"].value():
            mask = [1 - sample_ for sample_ in mask]
    return _mixed(under, over, amount, mask)


def _switch(node, frame, view):
    return pull(node._inputs.get(int(node["which"]._at(frame))), frame, view)


def _one_view(node, frame, view):
    return _first(node, frame, node["view"].value())


def _join_views(node, frame, view):
    names = node["viewassoc"].value().split("\n")
    if view not in names:
        raise RuntimeError(f"{node.name()}: no input for view {view}")
    return pull(node._inputs.get(names.index(view)), frame, view)


def _input(node, frame, view):
    group = node._group
    return pull(group._inputs.get(node["number"].value()), frame, view)


def _group(node, frame, view):
    inside = node.output()
    if inside is None:
        raise RuntimeError(f"{node.name()} has no Output")
    return pull(inside, frame, view)


def _constant(node, frame, view):
    size = node["format"].value() or current().root["format"].value()
    count = size.width() * size.height()
    planes = {c: exr.Plane.constant(_of(node["color"], c, frame), count) for c in "RGBA"}
    return exr.Picture(planes, (0, 0, size.width() - 1, size.height() - 1))


def _time_offset(node, frame, view):
    return _first(node, frame - node["time_offset"].value(), view)


def _frame_hold(node, frame, view):
    return _first(node, node["first_frame"].value(), view)


def _remove(node, frame, view):
    picture = _first(node, frame, view)
    named = chosen(picture, node["channels"].value())
    kept = named if node["operation"].value() == "keep" else set(picture.planes) - named
    return picture.with_planes({name: picture.planes[name] for name in kept})


def _blur(node, frame, view):
    if node["size"].value():
        raise NotModelled("Blur with a size")
    return _first(node, frame, view)


_OPERATORS = {
    "Read": _read, "Grade": _grade, "Multiply": _multiply, "Merge2": _merge, "Copy": _copy,
    "Dissolve": _dissolve, "Keymix": _keymix, "Switch": _switch, "Input": _input,
    "Group": _group, "Constant": _constant, "TimeOffset": _time_offset, "FrameHold": _frame_hold,
    "Remove": _remove, "Blur": _blur, "OneView": _one_view, "JoinViews": _join_views,
    **dict.fromkeys(("NoOp", "Dot", "Output", "Write", "Viewer", "ModifyMetaData"), _first),
}  # fmt: skip


def numbered_view(path):
    """Whether a path tells its views apart."""
    return bool(re.search(r"%[vV]", path))
