"""Every command of docs/api.md does what the page says, as a person types one after another."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.redirect_servers import ConsoleServer

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
#: A command, and the status that the page says it is answered with.
_TYPED = re.compile(r"^\$ (.*?)(?:\s+# (\d{3}))?$", re.MULTILINE)
_KEY = re.compile(r"hop_\w*…")
_SETS = re.compile(r"[A-Z]+=")
Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(redis_url: str, migrated_url: str, tmp_path: Path) -> Iterator[Shell]:
    """What runs a line in one folder; only the key and the console's port are the test's own."""
    with connect(redis_url, timeout_seconds=30) as redis:
        _, credential = KeyStore(redis, redis_url).add("tour", ("admin",))
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path),
        "HOPLINE_REDIS_URL": redis_url,
    }
    set_before: list[str] = []
    with ConsoleServer(tmp_path, redis_url=redis_url, clickhouse_url=migrated_url) as console:

        def run(line: str) -> subprocess.CompletedProcess[str]:
            line = _KEY.sub(credential.text, line).replace(":8081/", f":{console.port}/")
            if _SETS.match(line):
                set_before.append(line)
            return subprocess.run(
                ["sh", "-c", "\n".join([*set_before, line])],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

        yield run
        assert console.stop() == 0


def _measured(command: str) -> str:
    """Return a command of curl that writes the status alone; its warnings aren't silenced."""
    output = "" if "--output" in command else "--output /dev/null "
    return command.replace("curl ", f"curl --no-progress-meter {output}-w '%{{http_code}}' ", 1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_tour_is_answered_as_the_page_says(shell: Shell) -> None:
    typed = _TYPED.findall(PAGE.read_text())
    assert sum("$API" in command for command, _ in typed) > 50
    assert all(status for command, status in typed if "$API" in command)
    answered = []
    for command, status in typed:
        is_curl = command.startswith("curl ")
        ended = shell(_measured(command) if is_curl else command)
        # What goes on for ever ends by curl's own time limit, and says so.
        is_cut = "--max-time" in command
        assert ended.returncode == (28 if is_cut else 0), (command, ended.stderr)
        assert is_cut or not is_curl or not ended.stderr, (command, ended.stderr)
        answered.append((command, ended.stdout if is_curl and status else status))
        if is_curl and not status:
            assert ended.stdout == "200", command
    assert answered == typed
    # What the file of the page's own has made, and the change to many has changed.
    spring = json.loads(shell('curl -s -H "$KEY" $API/links/spring').stdout)
    assert (spring["target"], spring["title"]) == ("https://example.com/s", "Spring")
