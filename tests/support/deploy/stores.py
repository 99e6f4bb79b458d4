"""Valkey and ClickHouse as services of the container, with the reference configuration."""

from pathlib import Path

from app.local import clickhouse_host
from app.local.valkey import valkey_binary
from tests.support.deploy.container import Container

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "for-tests-only"

_VALKEY = """
[Unit]
Description=Valkey for tests
[Service]
ExecStart=/srv/valkey/{binary} /etc/redis/redis.conf
StateDirectory=valkey
Restart=always
RestartSec=0.2
[Install]
WantedBy=multi-user.target
"""

#: It stops when its input ends, so something has to keep that open.
_CLICKHOUSE = """
[Unit]
Description=The embedded ClickHouse for tests
[Service]
ExecStart=/bin/sh -c 'sleep infinity | exec /usr/bin/python3 -I /srv/clickhouse_host.py \\
    /srv/clickhouse/{library} --path /var/lib/clickhouse/store --listen_host 127.0.0.1 \\
    --tcp_port 9000 --structure "line String" --input-format LineAsString \\
    --query "SYSTEM START LISTEN TCP; SELECT count() FROM table"'
ExecStartPost=/bin/sh -c 'until (exec 3<>/dev/tcp/127.0.0.1/9000) 2>/dev/null; do sleep 0.1; done'
StateDirectory=clickhouse
Restart=always
RestartSec=0.2
TimeoutStopSec=10
[Install]
WantedBy=multi-user.target
"""


def binds(library: Path) -> dict[str, Path]:
    """Return what the machine needs to see of ours, by where it sees it."""
    return {
        "/srv/valkey": valkey_binary().parent,
        "/srv/clickhouse": library.parent,
        "/srv/clickhouse_host.py": Path(clickhouse_host.__file__),
    }


def start(machine: Container, library: Path) -> None:
    """Start both stores, and have them started at each boot."""
    folder = REPOSITORY / "deploy" / "redis"
    users = (folder / "hopline-users.conf").read_text()
    for user in ("operator", "redirect", "hopline"):
        users = users.replace(f"CHANGE-ME-{user}", PASSWORD)
    machine.write("/etc/redis/hopline.conf", (folder / "hopline.conf").read_text())
    machine.write("/etc/redis/hopline-users.acl", only_users(users))
    machine.write(
        "/etc/redis/redis.conf",
        "dir /var/lib/valkey\ndaemonize no\nlogfile ''\ninclude /etc/redis/hopline.conf\n",
    )
    binary, shell = (
        valkey_binary().name,
        _CLICKHOUSE.replace("/bin/sh -c 'until", "/bin/bash -c 'until"),
    )
    machine.write("/etc/systemd/system/valkey-server.service", _VALKEY.format(binary=binary))
    machine.write(
        "/etc/systemd/system/clickhouse-server.service", shell.format(library=library.name)
    )
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "enable", "--quiet", "--now", *UNITS)


def only_users(text: str) -> str:
    """Return the lines of hopline-users.conf that go into an ACL file, which holds no comments."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("user "))


UNITS = ("valkey-server.service", "clickhouse-server.service")


def redis_url(user: str) -> str:
    """Return the URL by which a user of the ACL reaches Valkey."""
    return f"redis://{user}:{PASSWORD}@127.0.0.1:6379/0"
