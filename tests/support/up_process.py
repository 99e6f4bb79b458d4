"""Process of `hopline up`, and the command in a second terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from app.local import ports
from app.processes.child import Child, Program, wait_for
from loadtest.common.processes import below

HOPLINE = str(Path(sys.executable).parent / "hopline")
#: Longer than it gives each of its services.
READY_SECONDS = 120
#: Between two looks at a report.
_LOOK_SECONDS = 0.15
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


class Up:
    """One `hopline up`, and the command in a second terminal."""

    def __init__(self, data_dir, redirect_port, console_port, **variables):
        self.data_dir = data_dir
        self.redirect_port = redirect_port
        self.bind = f"127.0.0.1:{redirect_port}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not is_ours(name)},
            "HOPLINE_DATA_DIR": str(data_dir),
            "HOPLINE_REDIRECT_BIND": self.bind,
            "HOPLINE_CONSOLE_BIND": f"127.0.0.1:{console_port}",
            "HOPLINE_REDIRECT_WORKERS": "1",
            "HOPLINE_REDIRECT_METRICS_BIND": "off",
            "HOPLINE_WORKERS_METRICS_BIND": "off",
            "HOPLINE_CONSUMERS": "1",
            **variables,
        }
        self.output = data_dir.parent / f"{data_dir.name}.out"
        self._child = None

    def start(self, *arguments):
        up = (HOPLINE, "up", *arguments)
        program = Program("hopline up", up, self.environ, lambda: self.says("is ready"))
        self.output.unlink(missing_ok=True)
        self._child = Child(program, self.output)
        self._child.spawn()
        return self

    def wait_until_ready(self):
        self._child.wait_until_ready(READY_SECONDS)
        self.family = self.process.children(recursive=True)
        return self

    @property
    def process(self):
        return psutil.Process(self._child.pid)

    def restart(self):
        self.start()
        return self.wait_until_ready()

    @property
    def is_running(self):
        return self._child is not None and self._child.is_running

    @property
    def text(self):
        return self.output.read_text()

    def says(self, words):
        return words in self.text

    def child(self, words):
        return child(self.process, words)

    def run(self, *arguments):
        return subprocess.run(
            [HOPLINE, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def add_link(self, code):
        done = self.run("links", "add", "https://example.com/a?b=c", "--code", code)
        assert done.returncode == 0, done.stderr

    def click(self, code):
        return ports.get(self.bind, f"/{code}", {"User-Agent": BROWSER})

    def clicks(self, code):
        done = self.run("stats", code, "--json")
        return json.loads(done.stdout)["clicks"] if done.returncode == 0 else None

    def comes_to(self, code, clicks, seconds=60):
        """Tell whether the clicks of a link come to a number before the time is over.

        The console is asked until then, since each start of the command costs as much as ten of
        its answers; the command has to say the same at last.
        """
        return wait_for(lambda: self._reported(code) == clicks, seconds) and (
            self.clicks(code) == clicks
        )

    def _reported(self, code):
        time.sleep(_LOOK_SECONDS)
        with closing(HTTPConnection(self.environ["HOPLINE_CONSOLE_BIND"], timeout=120)) as console:
            try:
                console.request("GET", f"/api/v1/links/{code}/stats")
                answer = console.getresponse()
                return json.load(answer)["clicks"] if answer.status == 200 else None
            except (OSError, HTTPException):
                return None

    def stop(self, number=signal.SIGTERM):
        self._child.send_signal(number)
        assert self._child.wait(60), self.text
        return self._child.exit_code

    def left_over(self):
        return [process for process in self.family if is_alive(process)]


def child(process, words):
    (found,) = below(process.pid, words, recursive=False)
    return found


def is_ours(name):
    return name.startswith("HOPLINE_") and name != "HOPLINE_CACHE_DIR"


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
