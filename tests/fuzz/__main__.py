"""The console's interface under schemathesis: ``python -m tests.fuzz [schemathesis' options]``.

It reads /api/v1/openapi.json and asks a console of its own what the document allows, and what it
doesn't. Reports are left out: they need ClickHouse. Schemathesis is put into build/fuzz, apart from
what Hopline is tested with.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.support.redirect_servers import ConsoleServer
from tests.support.servers import RedisServer

PACKAGE = "schemathesis==4.32.5"
ENVIRONMENT = Path(__file__).parents[2] / "build" / "fuzz"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
TOKEN = "a-token-for-the-time-of-the-run"


def main() -> int:
    """Run it, and return schemathesis' exit code."""
    program = _installed()
    unused = "clickhouse://127.0.0.1:1/hopline"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with (
            RedisServer(directory / "redis") as redis,
            ConsoleServer(
                directory / "console",
                redis_url=redis.url,
                clickhouse_url=unused,
                console_token=TOKEN,
            ) as console,
        ):
            document = f"http://127.0.0.1:{console.port}/api/v1/openapi.json"
            command = [program, "--config-file", CONFIGURATION, "run", document]
            command += ["--header", f"Authorization: Bearer {TOKEN}"]
            command += ["--exclude-path-regex", "/stats$", *sys.argv[1:]]
            return subprocess.run(command, cwd=directory, check=False).returncode


def _installed() -> Path:
    program = ENVIRONMENT / "bin" / "schemathesis"
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        pip = [ENVIRONMENT / "bin" / "pip", "install", "--quiet", PACKAGE]
        subprocess.run(pip, check=True)
    return program


if __name__ == "__main__":
    sys.exit(main())
