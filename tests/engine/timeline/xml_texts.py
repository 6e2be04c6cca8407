"""Final Cut Pro 7 XML, as hosts write it."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n<xmeml version="5">{}</xmeml>'


def rate(timebase=24, *, ntsc=False):
    return f"<rate><timebase>{timebase}</timebase><ntsc>{str(ntsc).upper()}</ntsc></rate>"


def file(name, path, duration, timecode, frame, *, shown="NDF", base=24, ntsc=False, reel=""):
    """Return the description of a file."""
    said = f"<reel><name>{reel}</name></reel>" if reel else ""
    of = rate(base, ntsc=ntsc)
    return (
        f'<file id="{name}"><name>{name}</name><pathurl>{path}</pathurl>{of}'
        f"<duration>{duration}</duration><timecode>{of}<string>{timecode}</string>"
        f"<frame>{frame}</frame><displayformat>{shown}</displayformat>{said}</timecode>"
        "<media><video/></media></file>"
    )


def item(  # noqa: PLR0917 - one line of a cut
    number, start, end, first, last, media, *, base=24, ntsc=False, more="", name=""
):
    """Return a clip; `media` is a file, or the id of one that is described elsewhere."""
    described = media if media.startswith("<") else f'<file id="{media}"/>'
    return (
        f'<clipitem id="clipitem-{number}"><name>{name or f"clip {number}"}</name>'
        f"<duration>{last - first}</duration>{rate(base, ntsc=ntsc)}<start>{start}</start>"
        f"<end>{end}</end><in>{first}</in><out>{last}</out>{described}{more}</clipitem>"
    )


def dissolve(start, end):
    """Return a transition, centred."""
    effect = "<effect><name>Cross Dissolve</name></effect>"
    ends = f"<start>{start}</start><end>{end}</end><alignment>center</alignment>"
    return f"<transitionitem>{rate()}{ends}{effect}</transitionitem>"


def speed(percent, *, reverse=False, variable=0):
    """Return a filter that retimes."""
    told = {"variablespeed": variable, "speed": percent, "reverse": str(reverse).upper()}
    parameters = "".join(
        f"<parameter><parameterid>{name}</parameterid><value>{value}</value></parameter>"
        for name, value in told.items()
    )
    effect = f"<name>Time Remap</name><effectid>timeremap</effectid>{parameters}"
    return f"<filter><effect>{effect}</effect></filter>"


def sequence(*items, name="cut", begin=86400, shown="NDF", base=24, ntsc=False, sound="", track=""):
    """Return a whole document of one video track."""
    of = rate(base, ntsc=ntsc)
    video = f"<video><track>{track}{''.join(items)}</track></video>"
    audio = f"<audio><track>{sound}</track></audio>" if sound else "<audio/>"
    return HEAD.format(
        f'<sequence id="s"><name>{name}</name><duration>1</duration>{of}<timecode>{of}'
        f"<frame>{begin}</frame><displayformat>{shown}</displayformat></timecode>"
        f"<media>{video}{audio}</media></sequence>"
    )
