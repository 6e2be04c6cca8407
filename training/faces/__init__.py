"""Procedural talking faces with exact labels."""

from training.faces.talking import make_face_clip

__all__ = ["make_face_clip"]
