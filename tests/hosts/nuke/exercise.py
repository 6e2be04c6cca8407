"""A day in the fake Nuke, told as JSON: the same on every Python that a Nuke has.

    python -m tests.hosts.nuke.exercise FOLDER

Rules of this file:
    - Python 3.7, standard library only: it shows that the kit works under Nuke 13's.
"""

import hashlib
import json
import os
import sys
import threading

from tests.hosts import exr_file as exr

from . import NukeKit, attributes


def plate(folder, frames, size=(6, 4)):
    """Write a plate of half RGBA with a timecode; return its path pattern."""
    pattern = os.path.join(folder, "plate.%04d.exr").replace("\\", "/")
    count = size[0] * size[1]
    for frame in frames:
        planes = {}
        for index, name in enumerate("RGBA"):
            samples = [frame / 4096.0 + index * 0.25 + at / 64.0 for at in range(count)]
            planes[name] = exr.Plane.of(samples, exr.HALF)
        told = {
            "timeCode": attributes.timecode(1, 0, frame // 24 % 60, frame % 24),
            "framesPerSecond": attributes.rational(24000, 1001),
            "reel": attributes.text("A001"),
        }
        picture = exr.Picture(planes, (0, 0, size[0] - 1, size[1] - 1), None, told)
        exr.write_exr(pattern % frame, picture, exr.ZIP)
    return pattern


def digest(path):
    """Return a short name of a file's samples."""
    planes = exr.read_exr(path).planes
    return hashlib.sha256(b"".join(planes[name].data for name in sorted(planes))).hexdigest()[:16]


def day(folder, version):
    """Live through it; return what happened."""
    pattern = plate(folder, range(1001, 1005))
    said = {}
    with NukeKit(version, config="aces_1.2") as kit:
        import nuke

        read = nuke.createNode("Read")
        read["file"].fromUserText(pattern + " 1001-1004")
        nuke.frame(1002)
        said["metadata"] = {
            key: value
            for key, value in sorted(read.metadata().items())
            if not key.startswith(("input/file", "exr/compression"))
        }
        grade = nuke.createNode("Grade")
        write = nuke.createNode("Write")
        write["file"].fromUserText(os.path.join(folder, "out/out.%04d.exr").replace("\\", "/"))
        write["channels"].setValue("all")
        write["raw"].setValue(True)
        write["metadata"].setValue("all metadata")
        write["create_directories"].setValue(True)
        nuke.execute(write, 1001, 1002)
        grade["white"].setValue(2.0)
        nuke.execute(write, nuke.FrameRanges("1003-1004"))
        said["renders"] = [[node, view, frame] for node, view, frame, _ in kit.renders]
        said["digests"] = [digest(path) for _, _, _, path in kit.renders]
        said["plate"] = [digest(pattern % frame) for frame in range(1001, 1005)]
        said["thread"] = outside(kit, nuke)
        with nuke.Undo("group"):
            group = nuke.nodes.Group(name="FaceplateRestore", inputs=[read])
            with group:
                nuke.nodes.Output(inputs=[nuke.nodes.Input()])
            group.addKnob(nuke.PyScript_Knob("go", "Go", "nuke.thisNode()['label'].setValue('x')"))
        kit.press(group, "go")
        said["label"] = group["label"].value()
        nuke.undo()
        nuke.undo()
        said["after undo"] = [node.name() for node in nuke.allNodes()]
        said["errors"] = [repr(error) for error in kit.errors]
    return said


def outside(kit, nuke):
    """Return what a worker thread meets."""
    met = []

    def work():
        try:
            nuke.allNodes()
        except RuntimeError as error:
            met.append(str(error))
        met.append(nuke.executeInMainThreadWithResult(lambda: len(nuke.allNodes())))
        task = nuke.ProgressTask("work")
        task.setProgress(50)
        met.append(task.isCancelled())

    worker = threading.Thread(target=work)
    worker.start()
    kit.run_until(lambda: not worker.is_alive())
    return [*met, kit.tasks[-1].closed]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(day(sys.argv[1], (13, 2, 8)), indent=1, sort_keys=True))
