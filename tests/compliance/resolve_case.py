"""Resolve in the suite of hosts: the fake, and an editor who has a clip selected."""

from plugin_host.hosts.resolve.adapter import ResolveHost
from plugin_host.hosts.resolve.application import connect
from tests.compliance.host_suite import HostCase
from tests.hosts.resolve import Kit


class ResolveCase(HostCase):
    """Resolve Studio in Spanish, with a title over the clip and a job of somebody else's."""

    def __enter__(self):
        folder = self.folder / "resolve"
        folder.mkdir()
        self.kit = Kit(folder, version="21.0.4", locale="es", blind_after_edit=1).__enter__()
        self.kit.scene()
        self.host = ResolveHost(connect(self.kit.globals()), cancelled=self.wants_cancel.is_set)
        return self

    def __exit__(self, *error):
        assert self.kit.violations == []
        assert self.kit.modals == []
        self.kit.__exit__(*error)

    def offer(self, pattern, first, last):
        scene = self.kit.scene()
        self.kit.foreign_job()
        media = scene.known(pattern, first, last - first + 1)
        self.item = scene.clip(media, selected=True)
        scene.title(at=self.item.start, track=2)
        self.host = ResolveHost(connect(self.kit.globals()), cancelled=self.wants_cancel.is_set)
        self.snapshot = self.kit.snapshot()
        (selection,) = self.host.selected_plates()
        return selection

    def original(self):
        first = self.item.takes[0] if self.item.takes else self.item
        return (self.item.start, self.item.duration, first.media.path, first.source_in, first.speed)

    def placed(self):
        assert self.kit.snapshot() == self.snapshot
        takes = [take.media for take in self.item.takes[1:]]
        return [(media.path, media.first, media.first + media.frames - 1) for media in takes]
