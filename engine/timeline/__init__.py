"""A cut in, shots restored, the cut of the restored media out.

    reading (edl, xml_cut, aaf) -> walking, retimes -> lookup, media -> shots -> restoring
    -> writing

What OpenTimelineIO loses, this package keeps by itself: rates as fractions, drop-frame flags,
what an EDL's M2 and a dissolve on one line say. A clip of a timeline is called an *edit* here,
since a clip is something else in this engine.
"""
