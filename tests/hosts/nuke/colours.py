"""Colour management as far as an adapter sees it: configurations, names, working space.

Rules of this file:
    - The kit converts what it knows exactly (nothing, raw, the sRGB curve) and refuses the rest: a
      test that passes shows that nothing was converted where nothing may be.
"""

from array import array

from .session import NotModelled, current

CONFIGS = {
    "nuke-default": (
        "linear",
        [("", name) for name in ("linear", "sRGB", "rec709", "Cineon", "Gamma2.2", "AlexaV3LogC")],
    ),
    "aces_1.2": (
        "ACES - ACEScg",
        [
            ("ACES", "ACES - ACES2065-1"), ("ACES", "ACES - ACEScg"),
            ("Output", "Output - sRGB"), ("Utility", "Utility - Raw"),
            ("Utility", "Utility - Linear - sRGB"), ("Utility", "Utility - sRGB - Texture"),
            ("Input/ARRI", "Input - ARRI - V3 LogC (EI800) - Wide Gamut"),
        ],
    ),
    "fn-nuke_cg-config-v1.0.0_aces-v1.3_ocio-v2.1": (
        "ACEScg",
        [
            ("ACES", "ACES2065-1"), ("ACES", "ACEScg"), ("Utility", "Linear Rec.709 (sRGB)"),
            ("Utility", "sRGB - Texture"), ("Utility", "Raw"),
        ],
    ),
    "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1": (
        "ACEScg",
        [
            ("ACES", "ACES2065-1"), ("ACES", "ACEScg"), ("Utility", "Linear Rec.709 (sRGB)"),
            ("Utility", "sRGB - Texture"), ("Utility", "Raw"),
            ("Input/ARRI", "ARRI LogC3 (EI800)"), ("Input/ARRI", "Linear ARRI Wide Gamut 3"),
        ],
    ),
    "custom": ("ACEScg", [("", "ACEScg"), ("", "lin_rec709_scene"), ("", "Raw")]),
}  # fmt: skip
RAW = ("Utility - Raw", "Raw", "raw")
SRGB = ("sRGB", "sRGB - Texture", "Utility - sRGB - Texture")


def entries(config, major):
    """Return a colourspace knob's entries: from Nuke 14 name, tab, menu path; before, the path."""
    working, spaces = CONFIGS[config]
    if config == "nuke-default" and major < 14:
        return [f"default ({working})"] + [name for _, name in spaces]
    paths = [(name, f"{family}/{name}" if family else name) for family, name in spaces]
    role = f"scene_linear ({working})"
    if major < 14:
        return [f"default ({working})", "Roles/" + role] + [path for _, path in paths]
    named = [("default", f"default ({working})"), ("scene_linear", "Roles/" + role), *paths]
    return ["{}\t{}".format(*pair) for pair in named]


def working_space():
    """Return the name of the script's working space, no role, no alias."""
    config = current().root["OCIO_config"].value()
    return _resolved(current().root["workingSpaceLUT"].value(), config)


def _resolved(name, config):
    name = name.rpartition("/")[2] if current().major < 14 else name  # families, up to 13
    if name.startswith(("default", "scene_linear")):
        return CONFIGS[config][0]
    return name


def config_in_use():
    """Return the configuration's name; Nuke's own management is its nuke-default."""
    root = current().root
    if root["colorManagement"].value() == "Nuke":
        return "nuke-default"
    return root["OCIO_config"].value()


def converted(planes, knobs, names, way):
    """Return colour planes from a file's space to the working one, or back; raw leaves them."""
    if knobs["raw"].value():
        return planes
    space = knobs["colorspace"].value()
    if knobs["colorspace"]._bad():
        raise RuntimeError(f"Bad value for colorspace : {space}")
    space = _resolved(space, config_in_use())
    if space == working_space() or space in RAW:
        return planes
    if space not in SRGB:
        raise NotModelled(
            f"the kit cannot convert {working_space()} {way} {space}: set raw, or the working space"
        )
    curve = _to_linear if way == "from" else _from_linear
    return {
        name: type(plane).of(array("f", map(curve, plane.floats()))) if name in names else plane
        for name, plane in planes.items()
    }


def _to_linear(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _from_linear(value):
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def getColorspaceList(colorspaceKnob):
    """List a colourspace knob's entries; family prefixes go if the knob says so."""
    entries_ = colorspaceKnob.values()
    if current().major >= 14:
        return entries_
    return [entry.rsplit("/", 1)[-1] for entry in entries_]
