"""The classes of nodes: their inputs and knobs, in one table.

References:
    - docs/host_facts.md C, "Read knobs", "Write knobs", "Colour": the names that the table has.
"""

from . import colours, groups, nodes
from . import number_knobs as n
from . import text_knobs as t
from .knobs import FLAG, Knob
from .session import current

READ_TYPES = ["exr", "dpx", "tiff", "png", "jpeg", "mov"]


class Kind:
    """One class: how many inputs, which knobs, how it is built."""

    def __init__(self, name, inputs=(1, 1), own=(), build=nodes.Node, stem=None):
        self.name, self.inputs, self.own, self.build = name, inputs, own, build
        self.stem = stem or name.rstrip("0123456789")

    def knobs(self):
        return [make() for make in _COMMON] + [make() for make in self._own()]

    def _own(self):
        return self.own() if callable(self.own) else self.own

    def names(self):
        return [knob._name for knob in self.knobs()]


def _(cls, name, *args):
    """Return what makes a knob; a last dict sets its value."""

    def make():
        value = args[-1] if args and isinstance(args[-1], dict) else {}
        knob = cls(name, name, *[arg for arg in args if not isinstance(arg, dict)])
        if value:
            knob._value = knob._default = value["is"]
        return knob

    return make


def _is(value):
    return {"is": value}


class FormatKnob(Knob):
    """A size, by itself or by name."""

    def Class(self):
        return "Format_Knob"

    def toScript(self, quote=True, context=None):
        size = self._value or current().root._knobs["format"]._value
        return f"{size.width()} {size.height()} {size.name()}"

    def _checked(self, value):
        if isinstance(value, nodes.Format):
            return value
        for known in current().root._formats:
            if known.name() == value:
                return known
        raise ValueError(f"no format is named {value!r}")


_EVENTS = ("knobChanged", "onCreate", "onDestroy", "updateUI", "autolabel")
_RENDERS = ("beforeRender", "beforeFrameRender", "afterFrameRender", "afterRender")
_COMMON = (
    [
        _(t.Tab_Knob, "Node"),
        _(t.String_Knob, "name"),
        _(t.Multiline_Eval_String_Knob, "label"),
    ]
    + [_(t.Multiline_Eval_String_Knob, "help"), _(n.Boolean_Knob, "selected")]
    + [_(t.PythonKnob, name) for name in _EVENTS]
    + [_(n.Unsigned_Knob, name, _is(0)) for name in ("tile_color", "gl_color", "note_font_color")]
    + [_(n.Int_Knob, "xpos"), _(n.Int_Knob, "ypos"), _(n.Disable_Knob, "disable")]
    + [_(n.Boolean_Knob, "hide_input"), _(n.Boolean_Knob, "postage_stamp")]
    + [_(n.Boolean_Knob, "bookmark"), _(n.Double_Knob, "note_font_size", _is(11.0))]
    + [_(t.String_Knob, "icon")]
)


def _colour(extra=()):
    def make():
        knob = n.CascadingEnumeration_Knob("colorspace", "input transform")
        knob.setValues(colours.entries(colours.config_in_use(), current().major))
        if current().major < 14:
            knob._flags |= FLAG["STRIP_CASCADE_PREFIX"]
        return knob

    return [
        make,
        _(n.Boolean_Knob, "raw"),
        _(n.Boolean_Knob, "premultiplied"),
        *list(extra),
    ]


def _read():
    outside = ["hold", "loop", "bounce", "black"]
    policy = ["on", "fromAutoLocalizePath", "onDemand", "off"]
    return [
        _(t.File_Knob, "file"), _(t.File_Knob, "proxy"), _(FormatKnob, "format"),
        _(n.Int_Knob, "first", _is(1)), _(n.Int_Knob, "last", _is(1)),
        _(n.Int_Knob, "origfirst", _is(1)), _(n.Int_Knob, "origlast", _is(1)),
        _(n.Boolean_Knob, "origset"), _(n.Enumeration_Knob, "before", outside),
        _(n.Enumeration_Knob, "after", outside), _(t.String_Knob, "frame"),
        _(n.Enumeration_Knob, "frame_mode", ["expression", "start at", "offset"]),
        _(n.Enumeration_Knob, "on_error", ["error", "black", "checkerboard", "nearest frame"]),
        _(n.Enumeration_Knob, "localizationPolicy", policy, _is("fromAutoLocalizePath")),
        _(n.Enumeration_Knob, "cacheLocal", ["auto", "always", "never"]),
        _(n.Boolean_Knob, "auto_alpha"), _(t.PyScript_Knob, "reload"),
        _(n.Boolean_Knob, "offset_negative_display_window", True), _(t.String_Knob, "version"),
        *_colour(),
    ]  # fmt: skip


def _write():
    kinds = ["16 bit half", "32 bit float"]
    packing = ["none", "Zip (1 scanline)", "Zip (16 scanlines)", "PIZ Wavelet (32 scanlines)",
               "RLE", "B44", "B44A", "DWAA", "DWAB"]  # fmt: skip
    metadata = ["no metadata", "default metadata", "default metadata and exr/*",
                "all metadata except input/*", "all metadata"]  # fmt: skip
    interleave = ["channels, layers and views", "channels and layers", "channels"]
    return (
        [
            _(t.File_Knob, "file"), _(t.File_Knob, "proxy"),
            _(t.Channel_Knob, "channels", _is("rgb")),
            _(n.Enumeration_Knob, "file_type", [" ", *READ_TYPES], _is(" ")),
            _(n.Enumeration_Knob, "datatype", kinds),
            _(n.Enumeration_Knob, "compression", packing, _is("Zip (1 scanline)")),
            _(n.Enumeration_Knob, "metadata", metadata, _is("default metadata")),
            _(n.Enumeration_Knob, "interleave", interleave), _(n.Boolean_Knob, "autocrop"),
            _(n.Boolean_Knob, "create_directories"), _(n.Boolean_Knob, "use_limit"),
            _(n.Int_Knob, "first", _is(1)), _(n.Int_Knob, "last", _is(1)),
            _(t.MultiView_Knob, "views", _is(" ".join(current().root._views()))),
            _(n.Double_Knob, "render_order", _is(1.0)), _(n.Boolean_Knob, "checkHashOnRead"),
            _(t.PyScript_Knob, "Render"),
        ]
        + [_(t.PythonKnob, name) for name in _RENDERS]
        + _colour()
    )  # fmt: skip


def _root():
    major, version = current().major, current().version
    configs = [name for name in colours.CONFIGS if major >= 14 or not name.startswith("fn-")]
    viewer = "monitorOutLUT" if version[:2] >= (13, 2) else "monitorLut"

    def kept(name):
        return _(t.String_Knob, name, _is("linear"))

    events = ("onScriptLoad", "onScriptSave", "onScriptClose")
    return [
        _(n.Double_Knob, "first_frame", _is(1.0)), _(n.Double_Knob, "last_frame", _is(100.0)),
        _(n.Boolean_Knob, "lock_range"), _(n.Double_Knob, "fps", _is(24.0)),
        _(FormatKnob, "format"), _(n.Boolean_Knob, "proxy"),
        _(n.Double_Knob, "proxy_scale", _is(0.5)), _(FormatKnob, "proxy_format"),
        _(n.Enumeration_Knob, "proxy_type", ["format", "scale"], _is("scale")),
        _(t.EvalString_Knob, "project_directory"), _(t.String_Knob, "views", _is("main")),
        _(n.Enumeration_Knob, "colorManagement", ["Nuke", "OCIO"]),
        _(n.Enumeration_Knob, "OCIO_config", configs), _(t.File_Knob, "customOCIOConfigPath"),
        kept("workingSpaceLUT"), kept(viewer), kept("int8Lut"), kept("int16Lut"),
        kept("logLut"), kept("floatLut"),
        *[_(t.PythonKnob, name) for name in events],
    ]  # fmt: skip


_MIX = _(n.Double_Knob, "mix", _is(1.0))
_MASK = _(t.Channel_Knob, "maskChannel", _is("rgba.alpha"))
_BACKDROP = [
    _(n.Double_Knob, "bdwidth", _is(80.0)), _(n.Double_Knob, "bdheight", _is(60.0)),
    _(n.Int_Knob, "z_order"),
]  # fmt: skip
_CHANNELS = _(t.ChannelMask_Knob, "channels", _is("rgb"))
_GRADE = [
    _(n.AColor_Knob, name, _is(value))
    for name, value in (
        ("blackpoint", 0.0), ("whitepoint", 1.0), ("black", 0.0), ("white", 1.0),
        ("multiply", 1.0), ("add", 0.0), ("gamma", 1.0),
    )
]  # fmt: skip
_COPY = [
    _(t.Channel_Knob, way + str(index), _is("rgba.alpha" if index == 0 else "none"))
    for index in range(4)
    for way in ("from", "to")
]
_MERGE = _(n.Enumeration_Knob, "operation",
           ["over", "plus", "minus", "from", "multiply", "copy", "mask"])  # fmt: skip

TABLE = {
    kind.name: kind
    for kind in (
        Kind("Root", (0, 0), _root, groups.Root),
        Kind("Group", (0, 0), (), groups.Group),
        Kind("BackdropNode", (0, 0), _BACKDROP, groups.BackdropNode),
        Kind("Input", (0, 1), [_(n.Int_Knob, "number")]),
        Kind("Output"),
        Kind("Read", (0, 0), _read),
        Kind("Write", (1, 1), _write),
        Kind("NoOp"), Kind("Dot"), Kind("Viewer", (0, 10)), Kind("StickyNote", (0, 0)),
        Kind("Grade", (1, 2), [_CHANNELS, *_GRADE, _MIX]),
        Kind("Multiply", (1, 2), [_CHANNELS, _(n.AColor_Knob, "value", _is(1.0)), _MIX]),
        Kind("Merge2", (2, 3), [_MERGE, _MIX], stem="Merge"),
        Kind("Copy", (2, 3), [*_COPY, _MIX]),
        Kind("Dissolve", (2, 3), [_(n.Double_Knob, "which", _is(0.0))]),
        Kind("Keymix", (2, 3), [_MASK, _(n.Boolean_Knob, "invertMask"), _MIX]),
        Kind("Switch", (1, 100), [_(n.Int_Knob, "which")]),
        Kind("Constant", (0, 0), [_(n.AColor_Knob, "color", _is(0.0)), _(FormatKnob, "format")]),
        Kind("OneView", (1, 1), [_(n.OneView_Knob, "view")]),
        Kind("JoinViews", (1, 100), [_(t.String_Knob, "viewassoc")]),
        Kind("TimeOffset", (1, 1), [_(n.Int_Knob, "time_offset")]),
        Kind("FrameHold", (1, 1), [_(n.Int_Knob, "first_frame", _is(0))]),
        Kind("Remove", (1, 1), [_CHANNELS, _(n.Enumeration_Knob, "operation", ["remove", "keep"])]),
        Kind("ModifyMetaData"), Kind("Blur", (1, 2), [_(n.Double_Knob, "size", _is(0.0))]),
    )
}  # fmt: skip


def new_root():
    """Make a script's root; it has no group."""
    session = current()
    root = groups.Root.__new__(groups.Root)
    session.root = root
    root._formats = []
    groups.Root.__init__(root, TABLE["Root"], None)
    for width, height, name in ((2048, 1556, "2K_Super_35(full-ap)"), (1920, 1080, "HD_1080")):
        size = nodes.Format(width, height)
        size.setName(name)
        root._formats.append(size)
    root._knobs["format"]._value = root._formats[0]
    root._knobs["proxy_format"]._value = root._formats[1]
    return root
