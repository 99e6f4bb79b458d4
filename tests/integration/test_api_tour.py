"""Every command of docs/api.md's tour does what the page says, as a person types it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.redirect_servers import ConsoleServer

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
_TYPED = re.compile(r"^\$ (curl .*\$API.*?)\s+# (\d{3})$", re.MULTILINE)


@pytest.fixture
def environment(redis_url: str, migrated_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a shell has to know: the tour's key and where the console is."""
    with connect(redis_url, timeout_seconds=30) as redis:
        _, credential = KeyStore(redis, redis_url).add("tour", ("admin",))
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=migrated_url) as console:
        yield {
            "KEY": f"Authorization: Bearer {credential.text}",
            "API": f"http://127.0.0.1:{console.port}/api/v1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        assert console.stop() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_tour_is_answered_as_the_page_says(
    environment: dict[str, str], tmp_path: Path
) -> None:
    typed = _TYPED.findall(PAGE.read_text())
    assert len(typed) == PAGE.read_text().count("$API/") > 15
    answered = []
    for command, _ in typed:
        line = command.replace("curl ", "curl --silent --output /dev/null -w '%{http_code}' ", 1)
        ended = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # What goes on for ever ends by curl's own time limit.
        assert ended.returncode in (0, 28 if "--max-time" in line else 0), command
        answered.append((command, ended.stdout))
    assert answered == typed
