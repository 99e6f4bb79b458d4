"""A Debian release unpacked into a folder, and commands that run in it as on its own machine."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MIRROR = "http://deb.debian.org/debian"
#: What README asks for; git says which files are Hopline's, for `make deb`.
ASKED_FOR = ("python3", "python3-venv", "python3-dev", "make", "gcc", "npm", "git")
#: What else the Debian package says it needs.
NEEDED_BY_UNITS = ("systemd", "procps")
USER = "ana"
CACHE = "/cache"

#: Mounts and processes are private to this shell and all that it becomes.
_ENTER = """
set -e
root=$1 at=$2 cache=$3
shift 3
[ -z "$OFFLINE" ] || ip link set lo up
if [ -n "$FORGETS" ]; then
    mount -t tmpfs tmpfs "$at"
    mkdir "$at/upper" "$at/work" "$at/root"
    mount -t overlay -o "lowerdir=$root,upperdir=$at/upper,workdir=$at/work" overlay "$at/root"
    root=$at/root
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
# As systemd leaves it at every boot; its tools make it themselves only for root.
mkdir -p "$root/run/systemd"
mount --bind "$cache" "$root/cache"
# Not exec: this shell is process 1, and has to reap whoever loses its parent.
chroot "$root" "$@" || exit $?
exit 0
"""


class Ended(NamedTuple):
    """How a command ended."""

    exit_code: int
    output: str


class Root:
    """A release of Debian in a folder, which is made when it is first needed and then kept.

    Args:
        release: e.g. ``trixie``.
        folder: of all releases, and of what they fetch.
    """

    def __init__(self, release: str, folder: Path) -> None:
        self.release = release
        self._path = folder / release
        self._cache = folder / "cache"
        self._overlay = folder / "overlay"
        self.log_path = folder / f"{release}.log"

    def unpack(self) -> None:
        """Make the folder, unless it is whole; takes root, debootstrap and minutes."""
        whole = self._path / ".whole"
        if whole.exists():
            return
        shutil.rmtree(self._path, ignore_errors=True)
        # A release that is newer than debootstrap is unpacked as unstable is.
        script = self.release if _has_script(self.release) else "sid"
        self._log(
            "debootstrap", "--variant=minbase", "--include=ca-certificates",
            self.release, str(self._path), MIRROR, script,
        )  # fmt: skip
        self._share_network()
        inside = ("chroot", str(self._path), "env", "DEBIAN_FRONTEND=noninteractive")
        install = ("apt-get", "install", "--yes", "--no-install-recommends")
        self._log(*inside, *install, *ASKED_FOR, *NEEDED_BY_UNITS)
        self._log(*inside, "useradd", "--create-home", "--shell", "/bin/bash", USER)
        whole.touch()

    def lay_sources(self, repository: Path) -> None:
        """Put the files that git knows, or would add, where the user checks out; only those."""
        home = self._path / "home" / USER
        shutil.rmtree(home)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=repository, capture_output=True, check=True,
        ).stdout  # fmt: skip
        for name in listed.decode().split("\0"):
            if name and (repository / name).exists():
                (home / "hopline" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(repository / name, home / "hopline" / name)
        for folder in (self._cache, self._overlay, self._path / "cache"):
            folder.mkdir(exist_ok=True)
        self._cache.chmod(0o777)
        self.run("git init --quiet hopline && git -C hopline add .", seconds=60)

    def _share_network(self) -> None:
        """Have names resolved, and servers trusted, as they are here."""
        for path in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
            shutil.copy(Path("/", path), self._path / path)

    def run(
        self,
        command: str,
        *,
        seconds: float,
        user: str = USER,
        is_offline: bool = False,
        forgets: bool = False,
    ) -> Ended:
        """Run a command of the shell in a user's home.

        Args:
            is_offline: whether there is no network but a loopback device of its own.
            forgets: whether all that it changes is gone afterwards.
        """
        (self._path / "home" / USER).mkdir(exist_ok=True)
        _give(self._path, f"/home/{USER}")
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        argv += ["--net"] * is_offline
        argv += ["sh", "-c", _ENTER, "sh", str(self._path), str(self._overlay), str(self._cache)]
        argv += [
            "su",
            "-",
            user,
            "-c",
            f"export HOPLINE_CACHE_DIR={CACHE} LC_ALL=C.UTF-8; {command}",
        ]
        with self._running(argv, is_offline=is_offline, forgets=forgets) as process:
            output, _ = process.communicate(timeout=seconds)
        with self.log_path.open("a") as log:
            log.write(f"$ {command}\n{output}\n")
        return Ended(process.returncode, output)

    @contextmanager
    def _running(
        self, argv: list[str], *, is_offline: bool, forgets: bool
    ) -> Iterator["subprocess.Popen[str]"]:
        environ = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "OFFLINE": "yes" * is_offline,
            "FORGETS": "yes" * forgets,
        }
        with subprocess.Popen(
            argv, env=environ, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()  # and all that it started, see --kill-child

    def _log(self, *argv: str) -> None:
        with self.log_path.open("a") as log:
            subprocess.run(argv, stdout=log, stderr=log, check=True)


def _has_script(release: str) -> bool:
    return Path("/usr/share/debootstrap/scripts", release).exists()


def _give(root: Path, home: str) -> None:
    subprocess.run(["chroot", root, "chown", "-R", f"{USER}:{USER}", home], check=True)
