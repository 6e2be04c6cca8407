"""The one error tree. Every error that a person or a program may meet has a dotted wire code.

FaceplateError                      faceplate
├── RequestRefused                  request            exit 2: nothing was started
│   ├── FrameRangeError             request.frame_range
│   ├── PlateError                  request.plate
│   ├── ColourspaceError            request.colourspace
│   ├── SettingsError               request.settings
│   ├── OutputError                 request.output
│   ├── PathRefused                 request.path
│   ├── TakeConflict                request.take
│   ├── TimelineError               request.timeline
│   └── UnknownJob                  request.job
├── FrameError                      frame              one bad frame, not a lost shot
│   ├── FrameMissing                frame.missing
│   ├── FrameCorrupt                frame.corrupt
│   ├── FrameNotFinite              frame.not_finite
│   ├── FrameSizeChanged            frame.size_changed
│   ├── FrameChanged                frame.changed
│   ├── FrameUnsupported            frame.unsupported
│   └── FrameWriteFailed            frame.write
├── RestorerFailed                  restorer           exit 5
│   ├── ReferenceMismatchError      restorer.reference
│   ├── WeightsError                restorer.weights
│   └── WorkerDied                  restorer.worker_died
├── ProtocolError                   protocol           a message was not understood
│   ├── VersionMismatch             protocol.version
│   ├── MessageTruncated            protocol.truncated
│   ├── MessageOversized            protocol.oversized
│   ├── SignatureMismatch           protocol.signature
│   ├── MessageReplayed             protocol.replayed
│   ├── SessionUnknown              protocol.session
│   ├── UnknownKind                 protocol.unknown_kind
│   ├── UnknownField                protocol.unknown_field
│   └── MessageMalformed            protocol.malformed
├── EngineUnreachable               engine             exit 3
│   ├── EngineStartFailed           engine.start_failed
│   ├── EngineBusy                  engine.busy
│   └── DeadlineExceeded            engine.deadline
└── JobCancelled                    job.cancelled      exit 4
"""

from __future__ import annotations


class FaceplateError(Exception):
    """The root: a message for a person, a code for a program, and where it happened.

    Args:
        message: What is wrong and what would be right.
        frame, path: The frame's number and the file concerned, where there are any.
    """

    code = "faceplate"

    def __init__(self, message: str, *, frame: int | None = None, path: str | None = None) -> None:
        super().__init__(message)
        self.message, self.frame, self.path = message, frame, path

    def __str__(self) -> str:
        where = "" if self.frame is None else f"frame {self.frame}: "
        return where + self.message + ("" if self.path is None else f" [{self.path}]")


class RequestRefused(FaceplateError):
    """The request cannot be carried out as it stands; nothing was started."""

    code = "request"


class FrameRangeError(RequestRefused):
    """The text or numbers do not make a frame range."""

    code = "request.frame_range"


class PlateError(RequestRefused):
    """The plate cannot be found or understood."""

    code = "request.plate"


class ColourspaceError(RequestRefused):
    """The plate's colourspace is unknown or was not named."""

    code = "request.colourspace"


class SettingsError(RequestRefused):
    """A setting is unknown, out of range, or does not go with another."""

    code = "request.settings"


class OutputError(RequestRefused):
    """The output cannot be written there."""

    code = "request.output"


class PathRefused(RequestRefused):
    """The path lies outside the roots that the engine may touch."""

    code = "request.path"


class TakeConflict(RequestRefused):
    """The take on disk belongs to another plate, shot or settings."""

    code = "request.take"


class TimelineError(RequestRefused):
    """The timeline cannot be read, or a clip of it cannot be restored."""

    code = "request.timeline"


class UnknownJob(RequestRefused):
    """The engine knows no job of that name."""

    code = "request.job"


class FrameError(FaceplateError):
    """One frame could not be restored; the others may be."""

    code = "frame"


class FrameMissing(FrameError):
    """The frame's file is not there."""

    code = "frame.missing"


class FrameCorrupt(FrameError):
    """The frame's file is truncated or not what its name says."""

    code = "frame.corrupt"


class FrameNotFinite(FrameError):
    """NaN or infinite pixels where a face would be restored."""

    code = "frame.not_finite"


class FrameSizeChanged(FrameError):
    """The frame's display window is not that of its shot."""

    code = "frame.size_changed"


class FrameChanged(FrameError):
    """The frame's file is not the one that the take was begun with."""

    code = "frame.changed"


class FrameUnsupported(FrameError):
    """The frame can be read, but holds nothing that can be restored."""

    code = "frame.unsupported"


class FrameWriteFailed(FrameError):
    """The restored frame could not be written."""

    code = "frame.write"


class RestorerFailed(FaceplateError):
    """The restorer stopped working; frames delivered before are kept."""

    code = "restorer"


class ReferenceMismatchError(RestorerFailed):
    """A temporal reference does not lead into the clip that it was given with."""

    code = "restorer.reference"


class WeightsError(RestorerFailed):
    """Weights are missing, damaged, or not those that were named."""

    code = "restorer.weights"


class WorkerDied(RestorerFailed):
    """The worker process died again and again at the same place."""

    code = "restorer.worker_died"


class ProtocolError(FaceplateError):
    """A message was not understood or not accepted."""

    code = "protocol"


class VersionMismatch(ProtocolError):
    """The other side speaks another protocol, or another version of it."""

    code = "protocol.version"


class MessageTruncated(ProtocolError):
    """Parts of the message are missing."""

    code = "protocol.truncated"


class MessageOversized(ProtocolError):
    """A part, or their number, is above the limit."""

    code = "protocol.oversized"


class SignatureMismatch(ProtocolError):
    """The message was not signed with the connection's key."""

    code = "protocol.signature"


class MessageReplayed(ProtocolError):
    """The message's counter was used before."""

    code = "protocol.replayed"


class SessionUnknown(ProtocolError):
    """The session was not granted by this engine; say Hello first."""

    code = "protocol.session"


class UnknownKind(ProtocolError):
    """No message of that kind exists."""

    code = "protocol.unknown_kind"


class UnknownField(ProtocolError):
    """A request carries a field that its kind does not have."""

    code = "protocol.unknown_field"


class MessageMalformed(ProtocolError):
    """The header is not what the specification says."""

    code = "protocol.malformed"


class EngineUnreachable(FaceplateError):
    """No engine answers."""

    code = "engine"


class EngineStartFailed(EngineUnreachable):
    """The engine was started and did not come up."""

    code = "engine.start_failed"


class EngineBusy(EngineUnreachable):
    """The engine has no room for another request now."""

    code = "engine.busy"


class DeadlineExceeded(EngineUnreachable):
    """The answer did not come in time."""

    code = "engine.deadline"


class JobCancelled(FaceplateError):
    """The job was cancelled; delivered frames are kept."""

    code = "job.cancelled"


def every_error(root: type[FaceplateError] = FaceplateError) -> dict[str, type[FaceplateError]]:
    """Return the tree from `root` on, wire code to class."""
    below = (item for child in root.__subclasses__() for item in every_error(child).items())
    return {root.code: root, **dict(below)}


def from_code(
    code: str, message: str, *, frame: int | None = None, path: str | None = None
) -> FaceplateError:
    """Return the error that a wire code names; of an unknown code, the nearest known parent."""
    tree = every_error()
    while code and code not in tree:
        code = code.rpartition(".")[0]
    return tree.get(code, FaceplateError)(message, frame=frame, path=path)
