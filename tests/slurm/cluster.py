"""A Slurm of one machine, in a folder: controller and node, started and ended with a ``with``."""

import os
import socket
import subprocess
import time
from pathlib import Path

CORES = 4  # told, whatever there are: two tasks of two threads at once
GPUS = 2
_CONFIG = """\
ClusterName=faceplate
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
PluginDir={plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/node.log
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
KillWait=30
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=farm Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def find(root):
    """Return the root under which Slurm is unpacked or installed; None where none is."""
    return root if root and Path(root, "usr/sbin/slurmctld").exists() else None


class Cluster:
    """One controller and one node.

    Args:
        root: Where Slurm is unpacked; ``/`` where it is installed.
        folder: What it writes to.
        environment: Of everything.
    """

    def __init__(self, root, folder, environment):
        self._root, self._folder = Path(root), Path(folder)
        (libraries,) = self._root.glob("usr/lib/*/slurm-wlm")
        self.environment = {
            **environment,
            "LD_LIBRARY_PATH": f"{libraries.parent}:{libraries}",
            "SLURM_CONF": str(self._folder / "slurm.conf"),
            "PATH": f"{self._root}/usr/bin:{os.environ['PATH']}",
        }
        self._libraries = libraries
        self._programs = []

    def __enter__(self):
        for name in ("controller", "node"):
            (self._folder / name).mkdir(parents=True)
        with socket.socket() as one, socket.socket() as other:
            for each in (one, other):
                each.bind(("127.0.0.1", 0))
            ports = [each.getsockname()[1] for each in (one, other)]
        host = socket.gethostname().partition(".")[0]
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
        text = _CONFIG.format(
            host=host,
            user=user.stdout.strip(),
            plugins=self._libraries,
            ports=ports,
            folder=self._folder,
            cores=CORES,
            gpus=GPUS,
        )
        (self._folder / "slurm.conf").write_text(text)
        # A GPU's file need only be there; Slurm gives its number, and shuts it off by no cgroup.
        gpus = f"Name=gpu File=/dev/tty[0-{GPUS - 1}]\n"
        (self._folder / "gres.conf").write_text(gpus)
        sbin = self._root / "usr/sbin"
        self.start(sbin / "slurmctld", "-D")
        self.start(sbin / "slurmd", "-D", "-d", sbin / "slurmstepd")
        self.wait(lambda: "idle" in self.run("sinfo", "--noheader", check=False), "a node")
        return self

    def __exit__(self, *_):
        for job in self.run("squeue", "--noheader", "--format=%A", check=False).split():
            self.run("scancel", "--full", "--signal=KILL", job, check=False)
        for program in reversed(self._programs):
            program.terminate()  # scancel tries again and again after its job is put back
            try:
                program.wait(30)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def start(self, *command):
        """Start one of Slurm's programs; it ends with the cluster at the latest."""
        log = (self._folder / f"{Path(command[0]).name}.out").open("ab")
        with log:
            program = subprocess.Popen(
                list(map(str, command)),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._programs.append(program)

    def run(self, *command, check=True):
        """Return what one of Slurm's commands prints."""
        done = subprocess.run(
            list(map(str, command)),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def states(self):
        """Return the state of each job, or task of an array, that Slurm knows, by its number."""
        lines = self.run("squeue", "--noheader", "--array", "--states=all", "--format=%i %T")
        return dict(line.split() for line in lines.splitlines())

    def wait(self, condition, what, seconds=120):
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}; {self._told()}")
            time.sleep(0.2)

    def _told(self):
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in logs)
