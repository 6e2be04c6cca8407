"""Faces: found, followed, cut out, and laid back into the plate."""

from __future__ import annotations

from engine.faces.align import plan_crops, smooth, whole_frame
from engine.faces.analysis import Analysis, Proxy, analyse
from engine.faces.cuts import find_cuts
from engine.faces.detect import FaceBox, FaceDetector
from engine.faces.matte import soft_matte
from engine.faces.paste import Pasted, Patch, paste
from engine.faces.threads import Sighting
from engine.faces.track import Track, link
from engine.faces.transform import Transform, cut_out

__all__ = [
    "Analysis",
    "FaceBox",
    "FaceDetector",
    "Pasted",
    "Patch",
    "Proxy",
    "Sighting",
    "Track",
    "Transform",
    "analyse",
    "cut_out",
    "find_cuts",
    "link",
    "paste",
    "plan_crops",
    "smooth",
    "soft_matte",
    "whole_frame",
]
