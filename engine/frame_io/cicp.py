"""The numbers of ITU-T H.273 by which movies and PNG name their colours.

Rules of this file:
    - A curve that says one thing only (linear, sRGB, PQ, HLG) names the space. BT.709's does not:
      it may mean the camera's curve or the monitor's, and cameras write it over any log.
"""

from __future__ import annotations

_PRIMARIES = {1: "BT.709", 5: "BT.601-625", 6: "BT.601-525", 9: "BT.2020", 11: "P3-DCI", 12: "P3"}
_CURVES = {
    1: "BT.709",
    4: "gamma 2.2",
    5: "gamma 2.8",
    6: "BT.601",
    8: "linear",
    13: "sRGB",
    14: "BT.2020",
    15: "BT.2020",
    16: "PQ",
    18: "HLG",
}
_SPACES = {
    (1, 8): "lin_rec709_scene",
    (9, 8): "lin_rec2020_scene",
    (12, 8): "lin_p3d65_scene",
    (1, 13): "srgb_rec709_scene",
    (12, 13): "srgb_p3d65_scene",
    (9, 16): "pq_rec2020_display",
    (12, 16): "pq_p3d65_display",
    (9, 18): "hlg_rec2020_display",
}
_VIDEO = {1, 6, 14, 15}


def colour_attributes(primaries: int, curve: int) -> dict[str, str]:
    """Return the EXR attributes that say what the tags say.

    Args:
        primaries: ColourPrimaries of H.273, 8.1.
        curve: TransferCharacteristics of H.273, 8.2.

    Returns:
        ``colorInteropID`` where the tags name one space, else ``faceplate/tagged`` with what they
        say in words; nothing where they say nothing.
    """
    space = _SPACES.get((primaries, curve))
    if space is not None:
        return {"colorInteropID": space}
    said = [_PRIMARIES.get(primaries, ""), _CURVES.get(curve, "")]
    words = [f"{name} {what}" for name, what in zip(said, ("primaries", "curve"), strict=True)]
    told = ", ".join(word for word, name in zip(words, said, strict=True) if name)
    if curve in _VIDEO:
        told += "; g24_rec709_display for finished video, else the camera's log"
    return {"faceplate/tagged": told} if told else {}
