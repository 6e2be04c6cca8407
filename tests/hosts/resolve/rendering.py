"""What a render leaves on disk: EXR frames of the composite, named as Resolve names them.

Colour is not modelled: values of the media are values of the render, times an item's grade. What
no media can show is told by its colour: nothing is black without alpha, a title is white, media
that is not there is red.
"""

from pathlib import Path

from tests.hosts import exr_file

from . import clock, pictures

BLACK, WHITE, OFFLINE = (0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 1)


class Frame:
    """One frame to write: what it shows, and the number in its name."""

    def __init__(self, item, position, number, name):
        self.item = item
        self.position = position
        self.number = number
        self.name = name


def frames_of(job):
    """Return the frames that a job renders."""
    settings, timeline = job.settings, job.timeline
    first, last = timeline.start, timeline.end - 1
    if not settings["SelectAllFrames"]:
        first = max(first, settings.get("MarkIn", first))
        last = min(last, settings.get("MarkOut", last))
    name = settings["CustomName"] or timeline.name
    if settings["mode"] == 0:
        return _individually(timeline, first, last, settings)
    shift = 0
    if settings.get("TimelineStartTimecode"):
        shift = clock.to_frames(settings["TimelineStartTimecode"], timeline.rate) - timeline.start
    return [Frame("top", frame, frame + shift, name) for frame in range(first, last + 1)]


def _individually(timeline, first, last, settings):
    found = []
    for item in timeline.every_item(("video",)):
        if item.media is None or not item.track.enabled:
            continue
        inside = range(max(item.start, first), min(item.end, last + 1))
        start = settings.get("ClipStartFrame", item.start)
        name = settings["CustomName"] or Path(item.name).stem
        found.extend(Frame(item, frame, frame - item.start + start, name) for frame in inside)
    return found


def path_of(kit, job, frame):
    """Return where a frame is written."""
    number = str(frame.number).zfill(kit.lies.frame_digits)
    name = f"{frame.name}{kit.lies.frame_separator}{number}.exr"
    return Path(job.settings["TargetDir"]) / name


def write(kit, job, frame):
    """Write one frame, unless it is one that gets lost."""
    if frame.number in kit.lies.render_drops:
        return
    size = job.timeline.size
    size = (
        int(job.settings.get("FormatWidth", size[0])),
        int(job.settings.get("FormatHeight", size[1])),
    )
    item = job.timeline.top_item(frame.position) if frame.item == "top" else frame.item
    names = "RGBA" if job.settings.get("ExportAlpha") else "RGB"
    picture = fitted(shown(item, frame.position, size), size, names)
    if "float" in job.settings["codec"].lower():
        picture = as_float(picture)
    path = path_of(kit, job, frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    exr_file.write_exr(path, picture)


def shown(item, position, size):
    """Return what an item shows at a timeline frame."""
    if item is None:
        return exr_file.flat(size[0], size[1], BLACK)
    if item.media is None:
        return exr_file.flat(size[0], size[1], WHITE)
    picture = of_media(item.media, item.source_frame(position), size)
    return picture if item.grade == 1 else graded(picture, item.grade)


def of_media(media, frame, size):
    """Return a frame of media, counted from 0."""
    if media.offline or not 0 <= frame < media.frames:
        return exr_file.flat(size[0], size[1], OFFLINE)
    try:
        if media.timeline is not None:
            timeline = media.timeline
            return shown(timeline.top_item(timeline.start + frame), timeline.start + frame, size)
        if media.kind == "movie":
            return pictures.movie_frame(media.path, frame)
        return pictures.load(media.file_of(frame))
    except (OSError, ValueError):
        return exr_file.flat(size[0], size[1], OFFLINE)


def graded(picture, gain):
    """Return a picture with its colours multiplied."""
    planes = {
        name: exr_file.Plane.of(
            [v * (1 if name == "A" else gain) for v in plane.samples()], exr_file.HALF
        )
        for name, plane in picture.planes.items()
    }
    return picture.with_planes(planes)


def fitted(picture, size, names):
    """Return the display window of a picture at another size, as half; the nearest samples."""
    left, top, right, bottom = picture.display_window
    width, height = right - left + 1, bottom - top + 1
    window = (0, 0, size[0] - 1, size[1] - 1)
    if picture.data_window == picture.display_window == window and all(
        name in picture.planes and picture.planes[name].kind == exr_file.HALF for name in names
    ):
        return exr_file.Picture({name: picture.planes[name] for name in names}, window)
    first, above = left - picture.data_window[0], top - picture.data_window[1]
    across = [first + (2 * x + 1) * width // (2 * size[0]) for x in range(size[0])]
    down = [above + (2 * y + 1) * height // (2 * size[1]) for y in range(size[1])]
    planes = {name: _resampled(picture, name, across, down) for name in names}
    return exr_file.Picture(planes, window)


def _resampled(picture, name, across, down):
    if name not in picture.planes:
        return exr_file.Plane.constant(float(name == "A"), len(across) * len(down), exr_file.HALF)
    values, (width, height) = picture.planes[name].samples(), picture.size
    return exr_file.Plane.of(
        [
            values[y * width + x] if 0 <= x < width and 0 <= y < height else 0.0
            for y in down
            for x in across
        ],
        exr_file.HALF,
    )


def as_float(picture):
    """Return a half picture with float samples."""
    planes = {name: exr_file.Plane.of(plane.samples()) for name, plane in picture.planes.items()}
    return picture.with_planes(planes)
