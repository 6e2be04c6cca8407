"""Nuke in the suite of hosts: the fake, its event loop, and an artist with a Read."""

import threading

from plugin_host.hosts.nuke import NukeHost
from tests.compliance.host_suite import HostCase
from tests.hosts.nuke import NukeKit


class NukeCase(HostCase):
    """Nuke with a window: the adapter works on a worker, its calls come to the main thread."""

    def __enter__(self):
        self.kit = NukeKit(version=(13, 2, 8), gui=True).__enter__()
        self.host = NukeHost()
        return self

    def __exit__(self, *error):
        assert self.kit.errors == []
        self.kit.__exit__(*error)

    def offer(self, pattern, first, last):
        nuke = self.kit.nuke
        for node in nuke.allNodes():
            nuke.delete(node)
        read = nuke.createNode("Read")
        read["file"].fromUserText(f"{pattern} {first}-{last}")
        read["colorspace"].setValue("linear")
        (selection,) = self.host.selected_plates()
        return selection

    def run(self, work):
        came = {}

        def worker():
            try:
                came["result"] = work()
            except BaseException as error:  # noqa: BLE001 - it is raised below
                came["error"] = error

        thread = threading.Thread(target=worker, daemon=True)
        thread.start()

        def over():
            if self.wants_cancel.is_set():
                self.kit.cancel_tasks()
            return not thread.is_alive()

        self.kit.run_until(over, 120)
        if "error" in came:
            raise came["error"]
        return came["result"]

    def original(self):
        (read,) = self.kit.nuke.allNodes("Read")
        return {name: knob.value() for name, knob in read.knobs().items() if name != "selected"}

    def placed(self):
        reads = [group.node("Restored") for group in self.kit.nuke.allNodes("Group")]
        return [(r["file"].value(), r["first"].value(), r["last"].value()) for r in reads]
