"""What a person on the machine does with an installed Hopline, and sees of it."""

import json
import re
import time

from tests.support.deploy import stores
from tests.support.deploy.container import wait_until
from tests.support.deploy.load import CALM_SECONDS

NAMES = ("redirect", "console", "workers")
SERVICES = tuple(f"hopline-{name}.service" for name in NAMES)
REDIRECT, CONSOLE, WORKERS = SERVICES
#: The link whose clicks are counted, and one for asking whether the redirect answers.
CODE, ASKED = "demo1", "asked"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#: WatchdogSec=, RestartSec= and a start, on a busy machine.
HANG_SECONDS = 60


def status(machine, *options):
    argv = ("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}")
    return machine.run(*argv, "--max-time", "20", "--user-agent", BROWSER, *options, check=False)


def click(machine, code=ASKED):
    return status(machine, f"http://127.0.0.1:8080/{code}")


def clicks(machine):
    return json.loads(machine.run("hopline", "stats", CODE, "--json"))["clicks"]


def answers(machine, service):
    """Tell whether a service does what it is there for."""
    if service == WORKERS:
        status_text = machine.show(WORKERS, "StatusText")
        return re.search(r"\b(\d+) of \1 consumers work", status_text) is not None
    if service == REDIRECT:
        return click(machine) == "302"
    return status(machine, "http://127.0.0.1:8081/-/ready") == "200"


def wait_until_counted(machine, expected):
    """Wait until the console reports so many clicks; the command has to say the same then."""
    wait_until(lambda: reported(machine) >= expected, 60)
    assert clicks(machine) == expected


def reported(machine):
    """Return the clicks as the console reports them, -1 while it doesn't: ten times as cheap."""
    url = f"http://127.0.0.1:8081/api/v1/links/{CODE}/stats"
    answer = machine.run("curl", "--silent", "--fail", url, check=False)
    return json.loads(answer)["clicks"] if answer else -1


def wait_until_replaced(machine, service, pid):
    wait_until(lambda: machine.main_pid(service) not in (0, pid), HANG_SECONDS)


def seconds_until_it_answers(machine, service, since):
    wait_until(lambda: answers(machine, service), HANG_SECONDS)
    return time.monotonic() - since


def write_passwords(machine):
    for role in (*NAMES, "admin"):
        user = "hopline-redirect" if role == "redirect" else "hopline"
        path = f"/etc/hopline/credentials/{role}/redis_url"
        machine.write(path, stores.redis_url(user), mode=0o600)


def wait_until_active(machine):
    for service in SERVICES:
        wait_until(lambda service=service: machine.show(service, "ActiveState") == "active", 60)


def while_visited(machine, visitors, action):
    """Do something while visitors come; return what they got, once it is counted."""
    before = clicks(machine)
    with visitors.visiting() as visits:
        time.sleep(CALM_SECONDS)
        action()
        time.sleep(CALM_SECONDS)
    wait_until_counted(machine, before + visits.run.redirected)
    return visits.run
