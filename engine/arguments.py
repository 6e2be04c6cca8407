"""The command line's words: from arguments to a request."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.defaults import fill_in, output_of, told_path_map
from engine.restorers import TABLE
from plugin_host.errors import ProtocolError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.path_map import is_windows, normal
from plugin_host.picks import HERO, parse_picks
from plugin_host.plate import Plate, is_absolute
from plugin_host.protocol import canonical, check_submit, read_json
from plugin_host.requests import LAYERS, ON_ERROR, TASKS, UNTIL, Settings, Shot, Submit
from plugin_host.schema import Record, to_json

if TYPE_CHECKING:
    import argparse

    from plugin_host.path_map import PathMap

ALL = "all"
"""What `--faces` says for every face there is."""


def add_shot(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a shot."""
    add = parser.add_argument
    add("plate", nargs="?", metavar="PLATE", help="a.%%04d.exr, a.####.exr, a.@@@@.exr or a file")
    add("--frames", metavar="R", help="frames that are asked for, 1001-1100x2; all that are there")
    add("--shot", metavar="R", help="frames restored as one continuous piece; the asked ones")
    add("--handles", type=int, metavar="N", help="frames around the shot that are read")
    add("--colourspace", metavar="NAME", help="of the plate, where its header does not say")
    add("--detector", metavar="FILE", help="a YuNet ONNX file that finds the faces")
    add("--path-map", metavar="RULES", help="'S:\\shows=/mnt/shows;...' or a file of such rules")


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that make a request."""
    add_shot(parser)
    add = parser.add_argument
    add("--output", metavar="DIR", help="folder of the restored frames and of the take")
    add("--restorer", metavar="NAME", help=f"one of {', '.join(TABLE)}")
    add("--tasks", metavar="T,T", help=f"of {','.join(TASKS)}")
    add("--mask", metavar="PATH", help="where to inpaint, white; a pattern or one picture")
    add(
        "--faces",
        default=ALL,
        metavar="F,F",
        help="1,3=Anna restores these, --faces=-2 all but that one; see `faceplate analyse`",
    )
    add(
        "--reference",
        action="append",
        default=[],
        metavar="frame:N|PATH",
        help="exemplar of the person, or of one of them, Anna=frame:N; may be repeated",
    )
    add("--layers", metavar="L,L", help=f"of {','.join(LAYERS)}")
    add("--seed", type=int, metavar="N", help="start of all random numbers")
    add("--on-error", choices=ON_ERROR, help="what to do with a bad frame")
    add(
        "--whole-frame",
        action=BooleanOptionalAction,
        help="restore everything, not only faces",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=N",
        help="a parameter of the restorer, see `faceplate restorers`",
    )
    add(
        "--warm-up",
        type=int,
        metavar="N",
        help="compute no chain before the asked frames, begin N early: approximate, and said so",
    )
    add("--job", metavar="FILE", help="read the request from a JSON file instead")
    add_course(parser)


def add_course(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what of a request is to be done now; `--job` leaves them free."""
    add = parser.add_argument
    add("--until", default="end", choices=UNTIL, help="stop once that is in the take; no frames")
    redo = parser.add_mutually_exclusive_group()
    for flag, value, text in (
        ("--verify", "differing", "make frames again that differ from their receipts"),
        ("--force", "all", "make all asked frames again"),
    ):
        redo.add_argument(
            flag, dest="redo", action="store_const", const=value, default="missing", help=text
        )


def build_shot(args: argparse.Namespace) -> tuple[Shot, FrameRange]:
    """Return the shot that `add_shot`'s arguments name, and which of its frames are asked for.

    Raises:
        RequestRefused: There is no such plate, or something is out of range.
    """
    if not args.plate:
        raise SettingsError("name a PLATE, such as a.%04d.exr")
    from engine.frame_io.plates import frames_of  # noqa: PLC0415  # --help need not load it

    fill_in(args)
    plate = Plate.parse(args.plate, args.colourspace or None)
    found = frames_of(_here(plate, args))
    frames = found if args.frames is None else FrameRange.parse(args.frames)
    whole = frames if args.shot is None else FrameRange.parse(args.shot)
    shot = Shot(plate, whole, args.handles)
    try:
        return Record(Shot).from_json(read_json(canonical(to_json(shot)), "shot"), "shot"), frames
    except ProtocolError as error:
        raise SettingsError(error.message) from None


def build_request(args: argparse.Namespace) -> Submit:
    """Return the request, complete and checked.

    Raises:
        RequestRefused: Something is missing, unknown, out of range or contradictory.
    """
    try:
        if args.job:
            job = read_job(Path(args.job), alone=args.plate is None and args.output is None)
            return _on_course(job, args)
        submit = _on_course(_from_flags(args), args)
        return Record(Submit).from_json(read_json(canonical(to_json(submit)), "request"), "request")
    except ProtocolError as error:
        raise SettingsError(error.message) from None


def _from_flags(args: argparse.Namespace) -> Submit:
    if not args.plate:
        raise SettingsError("name a PLATE and --output DIR, or a --job FILE")
    shot, frames = build_shot(args)
    output = _absolute(args.output or output_of(shot, args.restorer))
    if not output:
        raise SettingsError("name --output DIR; or set `output` in the settings file")
    faces = _faces(args.faces)
    people = set(parse_picks(faces).only.values()) - {""}
    settings = Settings(
        restorer=args.restorer,
        tasks=_words(args.tasks, TASKS, "--tasks"),
        seed=args.seed,
        layers=_words(f"beauty,{args.layers}", LAYERS, "--layers"),  # it is always there
        whole_frame=args.whole_frame,
        faces=faces,
        detector=_absolute(args.detector),
        mask=_absolute(args.mask),
        references=tuple(_reference(text, people) for text in args.reference),
        parameters=dict(_parameter(text) for text in args.set if text),
        warm_up=args.warm_up,
    )
    submit = Submit(shot, frames, settings, output, args.on_error)
    check_submit(submit)
    return submit


def _on_course(submit: Submit, args: argparse.Namespace) -> Submit:
    """Return a request with what the flags, where they are given, say of what is done now."""
    words = {"redo": ("missing", args.redo), "until": ("end", args.until)}
    said = {name: word for name, (default, word) in words.items() if word != default}
    return replace(submit, **said)


def read_job(path: Path, *, alone: bool) -> Submit:
    """Read a request as `Submit` travels: the same fields, as JSON."""
    if not alone:
        raise SettingsError("--job holds the whole request; leave PLATE and --output out")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the job: {error.strerror}", path=str(path)) from None
    return read_request(data)


def read_request(data: bytes) -> Submit:
    """Return the request that a job file holds.

    Raises:
        FaceplateError: It holds something else, or what contradicts itself.
    """
    submit = Record(Submit).from_json(read_json(data, "job file"), "job")
    check_submit(submit)
    return submit


def _words(text: str, known: tuple[str, ...], flag: str) -> tuple[str, ...]:
    words = tuple(word for word in text.split(",") if word)
    for word in words:
        if word not in known:
            raise SettingsError(f"{flag} does not know {word!r}; it knows {', '.join(known)}")
    return tuple(word for word in known if word in words)  # one order, so that one take serves all


def path_map_of(args: argparse.Namespace) -> PathMap:
    """Return the map of paths in force; on its right stands what the engine's machine says.

    Raises:
        SettingsError: Something in it is no rule.
    """
    return told_path_map(args.path_map).value


def _here(plate: Plate, args: argparse.Namespace) -> Plate:
    """Return a plate as this machine finds it, be it called as on the host's or the engine's."""
    return plate if Path(plate.folder).is_dir() else path_map_of(args).plate_to_engine(plate)


def _absolute(path: str | None) -> str | None:
    if path and is_windows(path):  # this may be another system; it is mapped
        return normal(path)
    return str(Path(path).absolute()) if path else None


def _faces(text: str) -> tuple[str, ...]:
    if text == ALL:
        return ()
    faces = tuple(filter(None, (face.strip() for face in text.split(","))))
    if not faces:
        raise SettingsError(f"--faces names none; write 1,3=Anna, --faces=-2 or {ALL}")
    parse_picks(faces)
    return tuple(sorted(faces, key=_number))  # one order, so that one take serves all


def _number(face: str) -> int:
    return abs(int(face.partition("=")[0]))


def _reference(text: str, people: set[str]) -> str:
    name, _, exemplar = text.partition("=")
    if name in people or exemplar.startswith(HERO) or (name and is_absolute(exemplar)):
        return f"{name}={_reference(exemplar, set())}"
    return text if text.startswith(HERO) else _absolute(text) or ""


def _parameter(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    try:
        return name, int(value)
    except ValueError:
        raise SettingsError(f"--set {text}: write it like --set strength=80") from None
