"""One picture of one person.

Rules of this file:
    - Pictures are drawn scene-linear at twice the size, from back to front, and then averaged.
    - Whatever does not change within a clip is made once, in `Person`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from training.faces.backdrop import clothes_view, room_view
from training.faces.camera import BODY_TURN, Camera, Lamp, frame_of
from training.faces.geometry import ANGLES, EYE_ROW, HEIGHTS, MOUTH_ROW, MOVEMENTS, Head, build_head
from training.faces.glasses import drawn, frame_lines, lash_lines
from training.faces.hair import ROWS as HAIR_ROWS
from training.faces.hair import SIDE as HAIR_SIDE
from training.faces.hair import Hair, build_hair, hairline, shell_edge
from training.faces.identity import Beard, Identity
from training.faces.landmarks import landmark_places, landmarks_of
from training.faces.openings import eye_colours, mouth_colours
from training.faces.raster import Surface, rasterise
from training.faces.section import smooth
from training.faces.skin import Skin, paint_skin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.float32]

SUPERSAMPLING = 2
BEARD_DEPTH = {Beard.NONE: 0.0, Beard.STUBBLE: 0.0, Beard.MOUSTACHE: 0.0, Beard.FULL: 0.05}
"""Head units that a beard stands off the jaw."""
FAR = -1000.0
SINKING = 0.05
"""Head units that hair may lie under the skin, by lumps, and still be seen."""
THICKET = 0.4
"""Head units behind the hair's edge from which no skin shows through."""
COARSE = 1.5
"""Painting pixels under one drawn pixel from which the next smaller painting is taken."""


@dataclass(frozen=True, slots=True)
class Person:
    """All of a person that stays from frame to frame.

    Attributes:
        identity: Who it is.
        head: The head's surface.
        skin: What is painted on it.
        hair: The hair that stands off the scalp, if any.
        places: ``(68, 2)`` column and row of the landmarks.
        face: ``(R, C)`` which vertices belong to the face's matte, in [0, 1].
        bare: ``(R - 1, C - 1)`` the head's cells that hair does not hide for certain.
    """

    identity: Identity
    head: Head
    skin: Skin
    hair: Hair | None
    places: NDArray[np.float32]
    face: NDArray[np.float32]
    bare: NDArray[np.bool_]

    @classmethod
    def of(cls, identity: Identity) -> Person:
        """Return the person with this identity, built and painted."""
        head = build_head(identity.shape, BEARD_DEPTH[identity.beard])
        turned = np.abs(ANGLES)
        below = head.flat[..., 1] - hairline(turned, identity)
        face = smooth(-0.02, 0.06, below) * (1 - smooth(76, 88, turned))
        face[len(HEIGHTS) :] = 0
        skin, hair = paint_skin(identity, head), build_hair(identity)
        places = landmark_places(head)
        under = shell_edge(turned, identity) - head.flat[..., 1] if hair else np.zeros(face.shape)
        bare = under[1:, 1:] < THICKET
        return cls(identity, head, skin, hair, places, face.astype(np.float32), bare)


class Setting(NamedTuple):
    """What one frame shows: pose, light, movement strengths ``(M,)`` and gaze ``(2,)``."""

    camera: Camera
    lamp: Lamp
    strengths: Floats
    gaze: Floats
    shift: Floats


class Stage(NamedTuple):
    """What is around the head: the room and the clothes, as `backdrop` paints them."""

    room: Pixels
    clothes: Pixels


class Picture(NamedTuple):
    """A frame and its labels.

    Attributes:
        pixels: ``(H, W, 3)`` float32, display-referred sRGB in [0, 1].
        matte: ``(H, W)`` float32, the face's skin, eyes and mouth.
        landmarks: ``(68, 2)`` float32 in pixels.
    """

    pixels: Pixels
    matte: Pixels
    landmarks: NDArray[np.float32]


def draw(person: Person, stage: Stage, setting: Setting, size: int) -> Picture:
    """Return one frame, `size` pixels square."""
    side = size * SUPERSAMPLING
    camera, lamp = setting.camera, setting.lamp
    canvas = room_view(stage.room, side, setting.shift)
    matte, depth = np.zeros((side, side), np.float32), np.full((side, side), FAR, np.float32)
    posed = person.head.posed(setting.strengths)
    placed = camera.placed(posed, person.head.stiffness)
    points = camera.projected(placed)
    if person.hair is not None and person.hair.inside:
        _hair(person.hair, setting, canvas, matte, depth, -1)
    _head(person, setting, placed, canvas, matte, depth)
    _lines(person, camera, points, canvas)
    chest = camera.placed(np.array([0.0, 1.3, -0.1]), 0.0)
    at = camera.projected(chest) - 1.3 * camera.scale * np.array([0, 1])
    cloth = clothes_view(
        stage.clothes, side, (at[0], at[1]), camera.scale, BODY_TURN * camera.turn[2]
    )
    light = lamp.diffuse(np.array([0.0, -0.35, 0.94])).astype(np.float32)
    _over(canvas, matte, (slice(None), slice(None)), cloth[..., :3] * light, cloth[..., 3])
    if person.hair is not None:
        _hair(person.hair, setting, canvas, matte, depth, 1)
    pixels, matte = (_averaged(layer, size) for layer in (np.clip(canvas, 0, 1), matte))
    marks = (landmarks_of(person.places, points) + 0.5) / SUPERSAMPLING - 0.5
    return Picture(_display(pixels), np.clip(matte, 0, 1), marks.astype(np.float32))


def _averaged(layer: Pixels, size: int) -> Pixels:
    small = cv2.resize(layer, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _display(pixels: Pixels) -> Pixels:
    """Return scene-linear values in [0, 1] as sRGB (IEC 61966-2-1)."""
    curve = 1.055 * np.power(np.maximum(pixels, 0.0031308), np.float32(1 / 2.4)) - 0.055
    return np.where(pixels <= 0.0031308, 12.92 * pixels, curve).astype(np.float32)


def _over(
    canvas: Pixels, matte: Pixels, box: tuple[slice, slice], colour: Pixels, cover: Pixels
) -> None:
    """Lay a colour over the canvas; what it hides leaves the matte."""
    part = canvas[box]
    part += (colour - part) * cover[..., None]
    matte[box] *= 1 - cover


def _sampled(grid: NDArray[Any], surface: Surface) -> Pixels:
    values = np.ascontiguousarray(grid, np.float32)
    sampled = cv2.remap(values, surface.column, surface.row, cv2.INTER_LINEAR)
    return np.asarray(sampled, np.float32)


def _head(
    person: Person, setting: Setting, placed: Floats, canvas: Pixels, matte: Pixels, depth: Pixels
) -> None:
    lamp, points = setting.lamp, setting.camera.projected(placed)
    surface = rasterise(points, placed[..., 2], canvas.shape[:2], kept=person.bare)
    normal, across, along = frame_of(placed)
    slopes = np.stack([across @ lamp.direction, along @ lamp.direction], -1)
    shine = lamp.glance(normal, 14) * 0.55 + lamp.glance(normal, 50) * 0.8
    where = _sampled(np.concatenate([person.skin.where, slopes], -1), surface)
    light = _sampled(np.concatenate([lamp.diffuse(normal), shine[..., None]], -1), surface)
    level = _level(0.0028 * setting.camera.scale, len(person.skin.colour))
    x, y = ((where[..., i] + 0.5) / 2**level - 0.5 for i in (0, 1))
    skin = cv2.remap(person.skin.colour[level], x, y, cv2.INTER_LINEAR)
    relief = cv2.remap(person.skin.relief[level], x, y, cv2.INTER_LINEAR)
    rough = 1 - np.clip((relief * where[..., 2:]).sum(-1), -0.6, 0.6)
    colour = skin[..., :3] * light[..., :3] * rough[..., None]
    mirrored = 0.28 * skin[..., 3] * light[..., 3] * rough**3
    colour += mirrored[..., None] * lamp.key.astype(np.float32)
    _eyes(person, setting, placed, surface, colour)
    _mouth(person, setting, placed, surface, colour)
    seen = surface.seen.astype(np.float32)
    _over(canvas, matte, surface.box, colour, seen)
    depth[surface.box] = np.where(surface.seen, _sampled(placed[..., 2], surface), FAR)
    matte[surface.box] += seen * _sampled(person.face, surface)


def _level(pixels_per_texel: float, levels: int) -> int:
    wanted = np.log2(max(1 / (pixels_per_texel * COARSE), 1.0))
    return int(np.clip(round(wanted), 0, levels - 1))


def _strip(surface: Surface, row: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    y, x = np.nonzero(surface.seen & (surface.row > row) & (surface.row < row + 1))
    return y, x


def _about(
    setting: Setting, surface: Surface, y: NDArray[np.intp], x: NDArray[np.intp], middle: Floats
) -> Floats:
    """Return pixels' places in the plane of the face, about a point of the placed head."""
    corner = [surface.box[1].start, surface.box[0].start]
    offset = np.stack([x, y], -1) + corner - setting.camera.projected(middle)
    return offset @ np.linalg.inv(setting.camera.plane()).T


def _eyes(
    person: Person, setting: Setting, placed: Floats, surface: Surface, colour: Pixels
) -> None:
    y, x = _strip(surface, EYE_ROW)
    right = surface.column[y, x] > (len(ANGLES) - 1) / 2
    outer, inner = person.places[[36, 45], 0], person.places[[39, 42], 0]
    for side in (0, 1):
        mine = right == bool(side)
        if not mine.any():
            continue
        columns = [round(outer[side]), round(inner[side])]
        middle = placed[EYE_ROW : EYE_ROW + 2, columns].mean((0, 1))
        at = y[mine], x[mine]
        places = _about(setting, surface, *at, middle)
        openness = (surface.row[at] - EYE_ROW).astype(np.float64)
        m = person.head.measures
        colour[at] = eye_colours(person.identity, m, places, openness, setting.gaze, setting.lamp)


def _mouth(
    person: Person, setting: Setting, placed: Floats, surface: Surface, colour: Pixels
) -> None:
    y, x = _strip(surface, MOUTH_ROW)
    middle = placed[MOUTH_ROW, (len(ANGLES) - 1) // 2]
    places = _about(setting, surface, y, x, middle)
    drop = 0.23 * float(setting.strengths[MOVEMENTS.index("jaw")])
    colour[y, x] = mouth_colours(person.identity, places, drop, setting.lamp)


def _lines(person: Person, camera: Camera, points: Floats, canvas: Pixels) -> None:
    """Draw lashes, and glasses with their shadow."""
    side = canvas.shape[0]
    lashes, lids = [], []
    for outer, inner in ((36, 39), (45, 42)):
        first, last = sorted((int(person.places[outer, 0]), int(np.ceil(person.places[inner, 0]))))
        lid = points[EYE_ROW, first : last + 1]
        lid = lid[::-1] if outer == 36 else lid
        outward = lid[-1] - lid[0]
        length = 0.036 * camera.scale * (1 + 0.6 * person.identity.make_up)
        lashes += lash_lines(lid, outward / (np.linalg.norm(outward) + 1e-9), length)
        lids.append(lid)
    dark = np.array([0.02, 0.013, 0.01], np.float32)
    _ink(canvas, drawn(lids, side, 0.02 * camera.scale), dark, 0.8)
    _ink(canvas, drawn(lashes, side, 0.007 * camera.scale), dark, 0.75)
    frame = frame_lines(person.identity, person.head, camera)
    if frame:
        lenses = np.zeros((side, side), np.uint8)
        cv2.fillPoly(lenses, [np.round(rim).astype(np.int32) for rim in frame[:2]], 255)
        _ink(canvas, lenses, np.full(3, 0.5, np.float32), 0.03)
        width = 0.018 + 0.02 * (person.identity.seed % 7) / 6
        mask = drawn(frame, side, width * camera.scale)
        cast = cv2.blur(np.roll(mask, round(0.04 * camera.scale), 0), (5, 5))
        _ink(canvas, np.asarray(cast, np.uint8), np.full(3, 0.03, np.float32), 0.25)
        shades = ((0.012, 0.011, 0.011), (0.1, 0.04, 0.015), (0.3, 0.29, 0.27))
        _ink(canvas, mask, np.array(shades[person.identity.seed % 3], np.float32), 0.95)


def _ink(canvas: Pixels, mask: NDArray[np.uint8], colour: Pixels, strength: float) -> None:
    x, y, wide, high = cv2.boundingRect(mask)
    part = canvas[y : y + high, x : x + wide]
    cover = mask[y : y + high, x : x + wide, None] * np.float32(strength / 255)
    part += (colour - part) * cover


def _hair(
    hair: Hair, setting: Setting, canvas: Pixels, matte: Pixels, depth: Pixels, facing: int
) -> None:
    camera, lamp = setting.camera, setting.lamp
    placed = camera.placed(hair.rest, hair.stiffness)
    points = camera.projected(placed)
    shape = canvas.shape[:2]
    surface = rasterise(points, placed[..., 2], shape, facing=facing, kept=hair.kept)
    normal, _, along = frame_of(placed)
    light = lamp.diffuse(normal) if facing > 0 else 0.35 * lamp.ambient(normal)
    half = lamp.direction + np.array([0, 0, 1])
    tilt = along @ (half / np.linalg.norm(half)) + 0.12
    sheen = hair.sheen * np.clip(1 - tilt**2, 0, 1) ** 20 * np.clip(normal[..., 2], 0, 1)
    light = light + (sheen * (facing > 0))[..., None] * lamp.key
    shade = _sampled(light, surface)
    x = surface.column * np.float32((HAIR_SIDE - 1) / (len(hair.rest[0]) - 1))
    y = surface.row * np.float32((HAIR_SIDE - 1) / (HAIR_ROWS - 1))
    strands = cv2.remap(hair.strands, x, y, cv2.INTER_LINEAR)
    before = _sampled(placed[..., 2], surface) > depth[surface.box] - SINKING
    cover = np.asarray(strands[..., 3] * surface.seen * before, np.float32)
    _over(canvas, matte, surface.box, np.asarray(strands[..., :3] * shade, np.float32), cover)
