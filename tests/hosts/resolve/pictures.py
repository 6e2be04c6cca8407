"""What files hold: their size, and their frames as pictures.

EXR files are read by `tests.hosts.exr_file`. What it does not know, other pictures and movies are
read by OpenImageIO and PyAV where they are installed; a host's own Python has neither.
"""

import importlib
import re
from fractions import Fraction
from pathlib import Path

from tests.hosts import exr_file

MOVIES = (".mov", ".mp4", ".m4v", ".mxf")
PICTURES = (".exr", ".dpx", ".tif", ".tiff", ".png", ".jpg", ".cin", ".tga")


def is_movie(path):
    """Return whether a path is a movie's, by its end."""
    return str(path).lower().endswith(MOVIES)


def probe(path):
    """Return (width, height, frames, rate) of a file; rate is None for a picture.

    Raises:
        ValueError: It is no file that can be read here.
        OSError: It is not there.
    """
    if is_movie(path):
        with Path(path).open("rb"):
            return _probe_movie(str(path))
    picture = load(path)
    left, top, right, bottom = picture.display_window
    return right - left + 1, bottom - top + 1, 1, None


def load(path):
    """Read a picture file.

    Raises:
        ValueError: It cannot be read here.
        OSError: It is not there.
    """
    if str(path).lower().endswith(".exr"):
        try:
            return exr_file.read_exr(path)
        except ValueError:
            if installed("OpenImageIO") is None:
                raise
    with Path(str(path)).open("rb"):
        return _load_elsewise(str(path))


def installed(name):
    """Return a module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _load_elsewise(path):
    oiio = installed("OpenImageIO")
    image = oiio.ImageBuf(path) if oiio else None
    if image is None or image.has_error:
        raise ValueError(f"{path}: cannot be read here")
    spec = image.spec()
    pixels = image.get_pixels(oiio.HALF).astype("<f2")
    planes = _planes(pixels, spec.channelnames)
    window = (spec.x, spec.y, spec.x + spec.width - 1, spec.y + spec.height - 1)
    left, top = spec.full_x, spec.full_y
    display = (left, top, left + spec.full_width - 1, top + spec.full_height - 1)
    return exr_file.Picture(planes, window, display)


def _planes(pixels, names):
    return {
        name: exr_file.Plane(exr_file.HALF, pixels[:, :, i].tobytes())
        for i, name in enumerate(names)
    }


def _open_movie(path):
    av = installed("av")
    if av is None:
        raise ValueError(f"{path}: no movie can be read here")
    try:
        return av.open(path)
    except av.error.FFmpegError as error:
        raise ValueError(f"{path}: {error}") from None


def _probe_movie(path):
    with _open_movie(path) as movie:
        stream = movie.streams.video[0]
        frames = stream.frames or sum(1 for _ in movie.decode(stream))
        return stream.width, stream.height, frames, Fraction(stream.average_rate)


def movie_frame(path, number):
    """Return a frame of a movie, counted from 0, its RGB as the decoder gives it in [0, 1]."""
    with _open_movie(str(path)) as movie:
        for index, frame in enumerate(movie.decode(video=0)):
            if index == number:
                pixels = (frame.to_ndarray(format="rgb24") / 255.0).astype("<f2")
                window = (0, 0, frame.width - 1, frame.height - 1)
                return exr_file.Picture(_planes(pixels, "RGB"), window)
    raise ValueError(f"{path}: there is no frame {number}")


def files_of(folder):
    """Return the sequences and files of a folder: [(pattern or path, first, last)]."""
    runs = {}
    for path in sorted(Path(folder).iterdir()):
        match = re.match(r"(.*?)(\d+)$", path.stem)
        if match and path.suffix.lower() in PICTURES:
            name = f"{match.group(1)}%0{len(match.group(2))}d{path.suffix}"
            runs.setdefault(str(path.parent / name), []).append(int(match.group(2)))
        elif path.suffix.lower() in PICTURES + MOVIES:
            runs.setdefault(str(path), [])
    return [(path, min(n, default=None), max(n, default=None)) for path, n in runs.items()]


def write_movie(path, frames, rate, size):
    """Write a movie of grey frames that get lighter."""
    av = installed("av")
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame(size[0], size[1], "rgb24")
            frame.planes[0].update(bytes([40 + number * 8 % 200]) * frame.planes[0].buffer_size)
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode())
