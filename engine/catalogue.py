"""``faceplate restorers`` and ``faceplate weights``: what can restore, and what it still lacks.

No weights are fetched: the user brings files, and says that their licence is accepted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from plugin_host.schema import to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from plugin_host.replies import RestorerText

LICENCE = "non-commercial research only"
_TERMS = f"""\
The weights of SVFR are licensed for {LICENCE}; so are those of the identity
network (insightface). The VAE is Stable Video Diffusion's, under Stability AI's licence
stable-video-diffusion-community. Faceplate neither ships nor fetches them.
Where they come from: the Hugging Face repository fffiloni/SVFR or the Google Drive folder
1nzy9Vk-yA_DwXm1Pm4dyE2o0r7V6_5mn for SVFR, stable-video-diffusion-img2vid-xt for the VAE.
Nothing was added. Where this licence lets you use them, say
    faceplate weights add svfr DIR --accept-licence "{LICENCE}"
"""


def add_restorers(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `restorers`."""
    parser.add_argument("--json", action="store_true", help="JSON")


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `weights`."""
    commands = parser.add_subparsers(required=True, metavar="add|list", dest="what")
    text = "check a restorer's official files and convert them, once"
    sub = commands.add_parser("add", help=text, description=text)
    sub.add_argument("restorer", choices=("svfr",))
    sub.add_argument("folder", metavar="DIR", help="where the official files are")
    sub.add_argument("--accept-licence", default="", metavar="LICENCE", help=f'"{LICENCE}"')
    sub.add_argument("--replace", action="store_true", help="other weights that are there give way")
    text = "which restorers have their weights"
    commands.add_parser("list", help=text, description=text)


def restorers(args: argparse.Namespace) -> int:
    """List the restorers."""
    from engine.restorers import TABLE, build_restorer, missing  # noqa: PLC0415 - --help needs none
    from engine.worker import describe  # noqa: PLC0415

    for name in TABLE:
        restorer = build_restorer(name)
        told, lacks = describe(restorer.info), missing(restorer)
        if args.json:
            _say(json.dumps({**to_json(told), "missing": lacks}))
        else:
            _say(*_lines(told, lacks))
    return 0


def _lines(told: RestorerText, lacks: str) -> Iterator[str]:
    yield f"{told.name}: {told.title} ({', '.join(told.tasks)}; {told.link}; {told.licence})"
    if lacks:
        yield f"    missing: {lacks}"
    for knob in told.parameters:
        limits = f"{knob.minimum}..{knob.maximum} {knob.unit}, default {knob.default}"
        yield f"    --set {knob.name}=N  {knob.description} ({limits})"


def weights(args: argparse.Namespace) -> int:
    """Bring in weights, or list them; 1 where their licence is not accepted."""
    if args.what == "list":
        return _list()
    if args.accept_licence != LICENCE:
        sys.stdout.write(_TERMS)
        return 1
    from engine.restorers.svfr.layout import add_official  # noqa: PLC0415 - loads diffusers
    from engine.settings import weights_folder  # noqa: PLC0415

    folder = weights_folder() / args.restorer
    digest = add_official(Path(args.folder), folder, LICENCE, replace=args.replace)
    _say(f"{args.restorer}: weights {digest[:12]} are in {folder}; for {LICENCE}")
    return 0


def _list() -> int:
    from engine.restorers import TABLE, build_restorer, missing  # noqa: PLC0415 - --help needs none

    for name in TABLE:
        restorer = build_restorer(name)
        if lacks := missing(restorer):
            _say(lacks)
        else:
            told = restorer.info
            _say(f"{name}: {told.weights[:12] or 'needs none'} ({told.title}; {told.licence})")
    return 0


def _say(*lines: str) -> None:
    sys.stdout.writelines(line + "\n" for line in lines)
