"""Debian's ZooKeeper, which ClickHouse's replicas take for a Keeper."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.local.ports import LOOPBACK, is_listening
from app.processes.child import Program
from tests.support.servers import Server

#: Debian's packages of what a server needs, without a Java.
PACKAGES = (
    "libzookeeper-java", "libslf4j-java", "libnetty-java", "libsnappy-java",
    "libsnappy-jni", "libdropwizard-metrics-java", "libcommons-io-java", "libcommons-cli-java",
    "libjackson2-core-java", "libjackson2-databind-java", "libjackson2-annotations-java",
)  # fmt: skip
_JARS = (
    "zookeeper.jar", "zookeeper-jute.jar", "slf4j-api.jar", "slf4j-simple.jar", "netty-all.jar",
    "snappy-java.jar", "metrics-core.jar", "commons-io.jar", "commons-cli.jar",
    "jackson-core.jar", "jackson-databind.jar", "jackson-annotations.jar",
)  # fmt: skip
_SHARE = "usr/share/java"
_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
_DOWNLOAD_SECONDS = 120.0


def find_zookeeper(cache_dir: Path) -> Path | None:
    """Return the folder of ZooKeeper's classes, if they are installed or can be unpacked.

    A desk without the package fetches it, by apt and without root, into the tests' cache.
    """
    installed, unpacked = Path("/", _SHARE), cache_dir / "zookeeper"
    if not shutil.which("java"):
        return None
    if not (installed / _JARS[0]).exists() and not unpacked.exists():
        _unpack(unpacked)
    folders = (installed, unpacked / _SHARE)
    return next((folder for folder in folders if (folder / _JARS[0]).exists()), None)


def _unpack(folder: Path) -> None:
    """Fetch and unpack the packages; several processes may do it at once."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".zookeeper-", dir=folder.parent) as made:
        command = ["apt-get", "download", "-qq", *PACKAGES]
        fetched = subprocess.run(
            command, cwd=made, capture_output=True, timeout=_DOWNLOAD_SECONDS, check=False
        )
        if fetched.returncode:
            return
        ready = Path(made, "ready")
        for package in Path(made).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, ready], check=True)
        # Else another process was first.
        with contextlib.suppress(OSError):
            ready.rename(folder)


class ZooKeeper(Server):
    """One ZooKeeper that forgets a client half a second to a few seconds after it is gone.

    It doesn't wait for the disk, which takes a third of its time: tests kill it, but take no power.
    """

    def __init__(self, directory: Path, classes: Path) -> None:
        def program(at: Path, port: int) -> Program:
            config = at / "zoo.cfg"
            lines = (
                "tickTime=500",
                f"dataDir={at / 'data'}",
                f"clientPort={port}",
                f"clientPortAddress={LOOPBACK}",
                "admin.enableServer=false",
                "minSessionTimeout=1000",
                "maxClientCnxns=200",
            )
            config.write_text("\n".join(lines) + "\n")
            jars = ":".join(str(classes / jar) for jar in _JARS)
            argv = ("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
            more = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dzookeeper.forceSync=no")
            return Program(
                "zookeeper",
                (*argv, *more, "-cp", jars, _MAIN, str(config)),
                is_ready=lambda: is_listening(port),
            )

        super().__init__(program, directory)
