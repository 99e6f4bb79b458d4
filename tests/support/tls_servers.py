"""Redis servers behind TLS, by name."""

from collections.abc import Sequence
from pathlib import Path

from redis import AuthenticationError, Redis, RedisError

from app.local.ports import LOOPBACK
from app.processes.child import Program
from tests.conftest import missing
from tests.support.servers import Server, redis_server_7

HOST = "localhost"


def tls_server(
    directory: Path, certificate: Path, key: Path, *lines: str, mode: Sequence[str] = ()
) -> Server:
    """Return a server that speaks nothing but TLS, with further lines of configuration."""

    def program(at: Path, port: int) -> Program:
        file = at / "server.conf"
        settings = (
            f"bind {LOOPBACK}",
            "port 0",
            f"tls-port {port}",
            f"tls-cert-file {certificate}",
            f"tls-key-file {key}",
            f"tls-ca-cert-file {certificate}",
            "tls-auth-clients no",
            "tls-replication yes",
            f"dir {at}",
            *lines,
        )
        file.write_text("\n".join(settings) + "\n")
        argv = (str(redis_server_7() or missing("redis-server")), str(file), *mode)
        return Program("redis", argv, is_ready=lambda: _answers(port, certificate))

    return Server(program, directory)


def _answers(port: int, certificate: Path) -> bool:
    try:
        with Redis(host=HOST, port=port, ssl=True, ssl_ca_certs=str(certificate)) as client:
            return bool(client.ping())
    except AuthenticationError:
        return True
    except RedisError:
        return False
