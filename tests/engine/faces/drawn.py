"""Plates of drawn people who talk while they walk about, and where each of them really is."""

from functools import lru_cache

import cv2
import numpy as np

from training.faces import make_face_clip

WIDTH, HEIGHT = 320, 180
SIDE, LENGTH = 96, 8


@lru_cache
def person(number):
    """Return one who talks: pictures, mattes of the person, centres and sizes of the face."""
    clip = make_face_clip(number, LENGTH, SIDE, identity=100 + number)
    pictures = np.rint(clip.pixels.transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    eyes, mouth = clip.labels.landmarks5[:, :2].mean(1), clip.labels.landmarks5[:, 3:].mean(1)
    height = np.linalg.norm(mouth - eyes, axis=1)
    centres = (eyes + mouth) / 2 - np.array([0, 0.25]) * height[:, None]
    mattes = [_whole(matte) for matte in clip.labels.matte]
    return pictures, mattes, centres, 2.5 * height


def _whole(face):
    """Return the matte of face, hair, neck and shoulders."""
    rows, columns = np.nonzero(face > 0.5)
    x, top = int(columns.mean()), int(rows.min())
    across, down = int(np.ptp(columns)), int(np.ptp(rows))
    matte = np.zeros(face.shape, np.float32)
    head = (int(0.66 * across), int(0.78 * down))
    cv2.ellipse(matte, (x, top + int(0.42 * down)), head, 0, 0, 360, 1, -1)
    cv2.rectangle(matte, (x - across // 4, top + down - 4), (x + across // 4, SIDE), 1, -1)
    cv2.ellipse(matte, (SIDE // 2, int(1.1 * SIDE)), (SIDE // 2, SIDE // 3), 0, 0, 360, 1, -1)
    return cv2.GaussianBlur(matte, (0, 0), 1)


@lru_cache
def wall(seed):
    rough = np.random.default_rng(seed).normal(0, 60, (HEIGHT // 6, WIDTH // 6, 3))
    smooth = cv2.GaussianBlur(rough.astype(np.float32), (0, 0), 3)
    return np.clip(110 + 2 * cv2.resize(smooth, (WIDTH, HEIGHT)), 0, 255, dtype=np.float32)


def scene(frames, *walkers, room=1):
    """Draw people before a wall that is lit from the right, later ones in front; on twos.

    A walker is a person's number and a way: frame to x, y, side of the person's picture, or None.
    Returns the pictures by frame, and by frame who is where: number to x, y, size of each face at
    least half of which is seen.
    """
    pictures, truth = {}, {}
    noise = np.random.default_rng(0).normal(0, 3, (HEIGHT, WIDTH, 3)).astype(np.float32)
    for frame in frames:
        if frame % 2 and frame - 1 in pictures:
            pictures[frame], truth[frame] = pictures[frame - 1], truth[frame - 1]
            continue
        picture, seen, discs = wall(room).copy(), {}, {}
        for number, way in walkers:
            if way(frame) is None:
                continue
            x, y, side = way(frame)
            drawn, mattes, centres, sizes = person(number)
            at = abs((frame + number) % (2 * LENGTH - 2) - LENGTH + 1)
            move = np.array([[side / SIDE, 0, x - side / 2], [0, side / SIDE, y - side / 2]])
            shown, matte = (
                cv2.warpAffine(layer.astype(np.float32), move, (WIDTH, HEIGHT))
                for layer in (drawn[at], mattes[at])
            )
            lit = shown * np.linspace(0.75, 1.15, WIDTH, dtype=np.float32)[:, None]
            picture += matte[..., None] * (lit - picture)
            centre, size = move @ [*centres[at], 1], sizes[at] * side / SIDE
            discs = {one: disc & (matte < 0.5) for one, disc in discs.items()}
            rows, columns = np.ogrid[:HEIGHT, :WIDTH]
            discs[number] = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 < size**2 / 4
            seen[number] = (*centre, size)
        picture += np.roll(noise, 77 * frame)
        pictures[frame] = np.clip(picture, 0, 255).astype(np.uint8)
        truth[frame] = {
            number: place
            for number, place in seen.items()
            if discs[number].sum() > 0.5 * np.pi / 4 * place[2] ** 2
        }
    return pictures, truth


def owners(track, truth):
    """Return who a track shows, change by change; None where nobody is there."""
    shown = []
    for frame, centre, size in zip(track.frames, track.centres, track.sizes, strict=True):
        near = [
            (np.hypot(x - centre[0], y - centre[1]), number)
            for number, (x, y, side) in truth[frame].items()
            if 0.6 < size / side < 1.7
        ]
        distance, number = min(near, default=(np.inf, None))
        number = number if distance < 0.5 * size else None
        shown += [number] if shown[-1:] != [number] else []
    return shown
