"""What a machine that loses its power takes from ClickHouse: all that was not synced to disk.

`kill -9` leaves in the page cache what a power failure doesn't. So a library that is loaded into
the server notes each sync (see unsynced.c), and what was changed after its last one is destroyed:
files become empty, as ext4 leaves those that never reached the disk, and a part whose name did not
reach it is gone. The log of deduplication tokens stays, which is the worst that can happen.
"""

import os
import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("unsynced.c")
#: Every part has it.
_OF_A_PART = "checksums.txt"


class PowerLoss:
    """Notes the syncs of the processes with :attr:`environ`.

    Raises:
        subprocess.CalledProcessError, OSError: the C compiler fails, or there is none.
    """

    def __init__(self, directory: Path) -> None:
        library = directory / "unsynced.so"
        self._log = directory / "unsynced.log"
        self._log.touch()
        compiler = os.environ.get("CC", "gcc")
        subprocess.run(
            [compiler, "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True
        )
        self.environ = {"LD_PRELOAD": str(library), "UNSYNCED_LOG": str(self._log)}

    def strike(self, store: Path) -> list[str]:
        """Destroy what is not on disk of the parts below a directory; return which they were.

        The server must not run.
        """
        synced_ns = self._synced_ns()
        struck = []
        for part in sorted({found.parent for found in store.rglob(_OF_A_PART)}):
            if not _is_synced(part, synced_ns, part.stat().st_ctime_ns):
                shutil.rmtree(part)
                struck.append(part.name)
                continue
            lost = [
                file for file in part.iterdir() if not _is_synced(file, synced_ns, _written(file))
            ]
            for file in lost:
                os.truncate(file, 0)
            struck += [part.name] if lost else []
        return struck

    def _synced_ns(self) -> dict[tuple[int, int], int]:
        noted = (map(int, line.split()) for line in self._log.read_text().splitlines())
        return {(device, inode): ns for device, inode, ns in noted}


def _is_synced(path: Path, synced_ns: dict[tuple[int, int], int], changed_ns: int) -> bool:
    status = path.stat()
    return synced_ns.get((status.st_dev, status.st_ino), 0) >= changed_ns


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns
