"""DaVinci Resolve, 18 to 21: short scripts that submit and leave, and collect later.

The way of a clip:

    scripts.restore      a script of the menu; `command` from outside, for `faceplate.lua` too
      choosing.chosen    which clips are meant; `facts_of`: what Resolve says of one
      clip.source_of     which source frames that is; `plate_of`: in which files
      rendering.rendered where only Resolve reads the source: the same frames as EXR
      adapter            all of it as a selection, which `plugin_host.restoring` submits

    scripts.collect      any time later, in any process; `restoring` proves what was delivered
      placing.place      finds the clip again, by the `origin` that the job's note kept
      layout             the frames, as long as the clip is
      importing          the bin Faceplate
      placing            a take or a track, asked anew, saved, and asked anew
"""
