"""The render queue: settings on top of a preset, jobs, and renders that go on while they are asked.

Rules of this file:
    - Settings are applied on top of the preset that was loaded last; an ExportVideo that the
      preset has off stays off, whatever is set.
    - A render that has ended is not one that succeeded.
    - Jobs of others are in the queue; who touches one is remembered in `Kit.violations`.
"""

import math

from . import language, model, rendering

PRESETS = {
    "H.264 Master": {"ExportVideo": True, "format": "mov", "codec": "H264"},
    "ProRes 422 HQ": {"ExportVideo": True, "format": "mov", "codec": "ProRes422HQ"},
    "YouTube - 1080p": {"ExportVideo": True, "format": "mp4", "codec": "H264", "FrameRate": 30.0},
    "FCP - Final Cut Pro": {
        "ExportVideo": True,
        "format": "mov",
        "codec": "ProRes422HQ",
        "mode": 0,
    },
    "Audio Only": {"ExportVideo": False, "format": "wav", "codec": "lpcm"},
}
FORMATS = {
    "DPX": "dpx",
    "EXR": "exr",
    "MP4": "mp4",
    "MXF OP1A": "mxf_op1a",
    "QuickTime": "mov",
    "TIFF": "tif",
    "Wave": "wav",
}
_COMPRESSIONS = {"No": "", "RLE": "RLE", "ZIP": "ZIP", "PIZ": "PIZ", "DWAA": "DWAA"}
SETTINGS = [
    "SelectAllFrames",
    "MarkIn",
    "MarkOut",
    "TargetDir",
    "CustomName",
    "UniqueFilenameStyle",
    "ExportVideo",
    "ExportAudio",
    "FormatWidth",
    "FormatHeight",
    "FrameRate",
    "PixelAspectRatio",
    "VideoQuality",
    "AudioCodec",
    "AudioBitDepth",
    "AudioSampleRate",
    "ColorSpaceTag",
    "GammaTag",
    "ExportAlpha",
    "EncodingProfile",
    "MultiPassEncode",
    "AlphaMode",
    "NetworkOptimization",
    "ClipStartFrame",
    "TimelineStartTimecode",
    "ReplaceExistingFilesInPlace",
    "UseFullExtents",
    "AddFrameHandles",
]


def codecs(version, name):
    """Return {description: id} of a format; the ids of EXR differ between builds."""
    if name == "exr":
        found = {}
        for depth in ("float", "half"):
            for label, suffix in _COMPRESSIONS.items():
                description = f"RGB {depth} ({label} Compression)"
                found[description] = _exr_id(version, depth, suffix)
        return found
    return {
        "dpx": {"RGB 10-bit": "RGB10", "RGB 16-bit": "RGB16"},
        "mov": {"H.264": "H264", "Apple ProRes 422 HQ": "ProRes422HQ"},
        "mp4": {"H.264": "H264"},
        "tif": {"RGB 16-bit": "RGB16"},
        "wav": {"Linear PCM": "lpcm"},
    }.get(name, {})


def _exr_id(version, depth, suffix):
    if version >= (21,):  # invented: that ids vary is known, these are not
        return "exr_rgb_{}_{}".format(depth, suffix.lower() or "none")
    return "RGB" + depth.capitalize() + suffix


class Job:
    """One render job."""

    def __init__(self, timeline, settings, mine):
        self.id = model.unique_id()
        self.timeline = timeline
        self.settings = settings
        self.mine = mine
        self.status = language.READY
        self.percent = 0
        self.error = ""
        self.milliseconds = 0


class Queue:
    """The render page: current settings, jobs, and the render that is going on."""

    def __init__(self, kit):
        self.kit = kit
        self.jobs = []
        self.settings = {}
        self.running = None
        self.waiting = []
        self.blind = 0
        self.user_presets = {}
        self.load(kit.lies.last_preset)

    @property
    def presets(self):
        """All presets, by name."""
        return dict(PRESETS, **self.user_presets)

    def load(self, name):
        """Begin anew from a preset, as far as the preset goes."""
        preset = self.presets.get(name)
        if preset is None:
            return False
        self.settings = dict(
            {"SelectAllFrames": True, "TargetDir": "", "CustomName": "", "mode": 1}, **preset
        )
        self.settings.update(preset=name, locked_video=not preset["ExportVideo"])
        return True

    def set(self, settings):
        """Apply settings; True even where they have no effect."""
        if any(name not in SETTINGS for name in settings):
            return False
        self.settings.update(settings)
        if self.settings["locked_video"]:
            self.settings["ExportVideo"] = False
        return True

    def select(self, name, codec):
        """Choose format and codec by their ids."""
        lies = self.kit.lies
        if lies.format_description == "works":
            name = FORMATS.get(name, name)
        known = codecs(self.kit.version, name)
        if codec in known and lies.codec_description == "ignored":
            return True
        if codec not in known.values():
            return False
        self.settings.update(format=name, codec=codec)
        return True

    def add(self, timeline, mine=True):
        """Add a job of the current settings; None where they cannot be rendered."""
        if timeline is None or not self.settings["TargetDir"]:
            return None
        if not self.settings["SelectAllFrames"] and self.settings.get("MarkOut", 0) >= timeline.end:
            return None
        job = Job(timeline, dict(self.settings), mine)
        self.jobs.append(job)
        if mine:
            self.blind = self.kit.lies.blind_job_list
        return job

    def find(self, job_id, doing=None):
        """Return the job of an id; note where something is done to another's."""
        for job in self.jobs:
            if job.id == job_id:
                if doing and not job.mine:
                    self.kit.violations.append(f"{doing}: job {job_id} is another's")
                return job
        return None

    def start(self, jobs):
        """Begin to render jobs, one after another."""
        if self.running or not jobs:
            return False
        self.waiting = list(jobs)
        self._next()
        return True

    def _next(self):
        self.running = Render(self.kit, self.waiting.pop(0)) if self.waiting else None

    def ask(self):
        """Let time pass: the render that is going on takes a step."""
        if self.running and self.running.step():
            self._next()
        return self.running is not None

    def stop(self):
        """End what is rendering."""
        if self.running:
            self.running.job.status = language.CANCELLED
        self.running, self.waiting = None, []


class Render:
    """One job that is being rendered."""

    def __init__(self, kit, job):
        self.kit = kit
        self.job = job
        self.frames = rendering.frames_of(job)
        self.done = 0
        self.polls = kit.lies.render_polls
        job.status = language.RENDERING

    def step(self):
        """Write the next part; return whether the job has ended."""
        lies, job = self.kit.lies, self.job
        self.polls -= 1
        whole = len(self.frames)
        share = 1 if self.polls < 0 else 1 / (self.polls + 2)
        until = min(whole, self.done + math.ceil((whole - self.done) * share))
        if lies.render_fails_at is not None:
            until = min(until, math.floor(whole * lies.render_fails_at))
        self._write(self.frames[self.done : until])
        self.done = until
        job.percent = 100 * until // max(whole, 1)
        job.milliseconds += 40
        if self.polls >= 0:
            return False
        if lies.render_fails_at is not None:
            job.status = language.FAILED
            job.error = lies.render_error or language.error(self.kit.locale)
        else:
            job.status, job.percent = language.COMPLETE, 100
        return True

    def _write(self, frames):
        if self.job.settings["ExportVideo"] and self.job.settings["format"] == "exr":
            for frame in frames:
                rendering.write(self.kit, self.job, frame)
