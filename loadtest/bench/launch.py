"""From a variant to its running server."""

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from app.processes.child import ChildFailed
from loadtest.bench import requests
from loadtest.bench.fastify import InstallFailed
from loadtest.bench.golang import BuildFailed
from loadtest.bench.placement import Cores
from loadtest.bench.ports import free_port
from loadtest.bench.redis_server import RedisServer
from loadtest.bench.servers import Server, running_server
from loadtest.bench.variants import Site, Variant

#: What can go wrong with one variant and leaves the others as they are.
LaunchFailed = (BuildFailed, InstallFailed, ChildFailed)

#: Asked for until a server redirects.
_FIRST_CODE = requests.codes(requests.BENCH_PREFIX)[0]


class Launcher:
    """Starts servers in folders of their own, all with the same Redis."""

    def __init__(self, redis: RedisServer, directory: Path) -> None:
        self._redis = redis
        self._directory = directory

    def launch(
        self, variant: Variant, cores: Cores, workers: int = 1
    ) -> AbstractContextManager[Server]:
        """Return a server that runs inside the ``with`` block.

        Raises:
            LaunchFailed: when it can't be installed, built or started.
        """
        directory = Path(tempfile.mkdtemp(prefix=f"{variant.name}-", dir=self._directory))
        target = requests.target(_FIRST_CODE)
        site = Site(free_port(), self._redis.port, directory, target, workers)
        path = f"/{_FIRST_CODE}"
        return running_server(variant.command(site), site.port, path, cores, directory)
