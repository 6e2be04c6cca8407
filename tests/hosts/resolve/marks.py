"""Markers, flags and colours, which clips, items and timelines share."""

from .api import Proxy, api

CLIP_COLOURS = [
    "Orange",
    "Apricot",
    "Yellow",
    "Lime",
    "Olive",
    "Green",
    "Teal",
    "Navy",
    "Blue",
    "Purple",
    "Violet",
    "Pink",
    "Tan",
    "Beige",
    "Brown",
    "Chocolate",
]
MARKER_COLOURS = [
    "Blue",
    "Cyan",
    "Green",
    "Yellow",
    "Red",
    "Pink",
    "Purple",
    "Fuchsia",
    "Rose",
    "Lavender",
    "Sky",
    "Mint",
    "Lemon",
    "Sand",
    "Cocoa",
    "Cream",
]


class WithMarkers(Proxy):
    """Markers sit at frames counted from the start of what they mark."""

    @api()
    def AddMarker(self, frameId, color, name, note, duration, customData=None):
        if color not in MARKER_COLOURS or frameId in self._truth.markers or duration < 1:
            return False
        self._truth.markers[float(frameId)] = {
            "color": color,
            "duration": float(duration),
            "note": note,
            "name": name,
            "customData": customData or "",
        }
        return True

    @api()
    def GetMarkers(self):
        return {frame: dict(marker) for frame, marker in sorted(self._truth.markers.items())}

    def _frame_with(self, customData):
        for frame, marker in sorted(self._truth.markers.items()):
            if customData and marker["customData"] == customData:
                return frame
        return None

    @api()
    def GetMarkerByCustomData(self, customData):
        frame = self._frame_with(customData)
        return {} if frame is None else dict(self._truth.markers[frame])

    @api()
    def UpdateMarkerCustomData(self, frameId, customData):
        if frameId not in self._truth.markers:
            return False
        self._truth.markers[frameId]["customData"] = customData
        return True

    @api()
    def GetMarkerCustomData(self, frameId):
        return self._truth.markers.get(frameId, {}).get("customData", "")

    @api()
    def DeleteMarkersByColor(self, color):
        markers = self._truth.markers
        found = [f for f in markers if color in ("All", markers[f]["color"])]
        for frame in found:
            del markers[frame]
        return bool(found)

    @api()
    def DeleteMarkerAtFrame(self, frameNum):
        return self._truth.markers.pop(frameNum, None) is not None

    @api()
    def DeleteMarkerByCustomData(self, customData):
        return self._truth.markers.pop(self._frame_with(customData), None) is not None


class WithColours(WithMarkers):
    """Clip colours are sixteen, and not those of markers and flags; titles take none."""

    @api()
    def AddFlag(self, color):
        if color not in MARKER_COLOURS:
            return False
        if color not in self._truth.flags:
            self._truth.flags.append(color)
        return True

    @api()
    def GetFlagList(self):
        return list(self._truth.flags)

    @api()
    def ClearFlags(self, color):
        flags = self._truth.flags
        found = [flag for flag in flags if color in ("All", flag)]
        flags[:] = [flag for flag in flags if flag not in found]
        return bool(found)

    @api()
    def GetClipColor(self):
        return self._truth.colour

    @api()
    def SetClipColor(self, colorName):
        if colorName not in CLIP_COLOURS or getattr(self._truth, "kind", "") in _COLOURLESS:
            return False
        self._truth.colour = colorName
        return True

    @api()
    def ClearClipColor(self):
        self._truth.colour = ""
        return True


_COLOURLESS = ("title", "generator", "transition")
