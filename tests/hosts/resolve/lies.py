"""What a Resolve does that its documentation does not say; each can be switched.

Those that always hold are on by default; those that happen now and then are off, and a test turns
them on: `Kit(tmp_path, append_phantoms=1)`, or later `kit.lies.append_phantoms = 1`.
"""

DEFAULTS = {
    # --- scripts ---
    # Lua scripts of the menu do nothing, and say nothing.
    "lua_silent": False,
    # --- attributes ---
    # What an unknown name is: "callable" returns None when called, "none" is None itself.
    "unknown": "callable",
    # GetCurrentVideoItem is None for that many calls after an edit.
    "blind_after_edit": 0,
    # --- placing ---
    # That many of the items that AppendToTimeline returns next are not there.
    "append_phantoms": 0,
    # That many of the items appended next are gone after SaveProject.
    "append_vanish": 0,
    # What is returned for an item dropped by an overlap: "phantom", "none" (in the list), "absent".
    "overlap": "phantom",
    # AppendToTimeline takes endFrame as exclusive; False is what the words suggest.
    "end_exclusive": True,
    # The same of AddTake, of which no source says which.
    "take_end_exclusive": True,
    # DeleteClips works on the Edit page alone.
    "delete_needs_edit_page": True,
    # AddTake says True and adds nothing, that many times.
    "take_ignored": 0,
    # SetCurrentFolder says True and does nothing, that many times.
    "folder_ignored": 0,
    # --- source frames ---
    # GetLeftOffset and GetRightOffset are frames of the media, whatever the speed.
    "offsets_in_media": False,
    # startFrame and endFrame of appends and takes count from the number in a sequence's name.
    "frames_absolute": False,
    # GetSourceStartFrame of a sequence counts from the number in its name, not from 0.
    "source_frames_absolute": False,
    # Settings such as timelineFrameRate come as numbers instead of text.
    "rate_as_number": False,
    # "29.97 DF" as one setting; False: "29.97", and timelineDropFrameTimecode is "1".
    "drop_frame_in_rate": True,
    # --- rendering ---
    # What the user rendered last: the settings that a script finds.
    "last_preset": "Audio Only",
    # GetRenderJobList is empty for that many calls after AddRenderJob.
    "blind_job_list": 1,
    # StartRendering begins nothing as long as that list is empty.
    "start_when_listed": False,
    # A codec's description in place of its id: "refused" is False, "ignored" True without effect.
    "codec_description": "refused",
    # The keys of GetRenderFormats in place of their values: "works" or "refused".
    "format_description": "refused",
    # GetRenderPresetList holds {"RenderPresetName": name} instead of names.
    "presets_as_records": False,
    # That many questions pass before a render is done.
    "render_polls": 2,
    # These frame numbers are not written, though the render says that it completed.
    "render_drops": (),
    # The render stops there, as a part of all frames; text of the error, in the user's language.
    "render_fails_at": None,
    "render_error": "",
    # What stands between a rendered file's name and its number, and how many digits it has.
    "frame_separator": "_",
    "frame_digits": 8,
}


class Lies:
    """The switches as attributes; a name that is none is refused."""

    def __init__(self, **switched):
        self.__dict__.update(DEFAULTS)
        for name, value in switched.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in DEFAULTS:
            raise TypeError(f"{name!r} is no lie of Resolve; there are {sorted(DEFAULTS)}")
        self.__dict__[name] = value

    def happens(self, name):
        """Return whether a counted lie happens now, and count it down."""
        left = getattr(self, name)
        setattr(self, name, max(left - 1, 0))
        return left > 0
