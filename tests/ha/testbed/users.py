"""Users of the servers and Sentinels under test; nobody gets in without a password.

With a default user that needs no password a server would go on talking to whom it refuses: a failed
AUTH leaves the connection as it was.
"""

import re
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from app.local.ports import LOOPBACK

_REFERENCE = Path(__file__).parents[3] / "deploy/redis/hopline-users.conf"
_PLACEHOLDER = re.compile(r"CHANGE-ME-([a-z]+)")
#: How replicas and Sentinels log in at servers, as Redis' documentation of ACLs has them:
#: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/.
REPLICA, SENTINEL = "replica", "sentinel"
_RIGHTS = {
    REPLICA: "+psync +replconf +ping",
    SENTINEL: "allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish"
    " +info +client|setname +client|kill +script|kill",
}
#: How Hopline logs in at Sentinels: what a client of Sentinel needs, see the same page.
SENTINEL_CLIENT = "hopline-sentinel"
_SENTINEL_CLIENT_RIGHTS = (
    "allchannels -@all +auth +client|getname +client|id +client|setname +command +hello +ping +role"
    " +sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas"
    " +sentinel|sentinels +subscribe +psubscribe +unsubscribe"
)
OPERATOR = "operator"


class Login(NamedTuple):
    """A user and the password."""

    username: str
    password: str

    def __str__(self) -> str:
        return f"{self.username}:{self.password}"


class Users:
    """All logins of one testbed.

    Attributes:
        operator: may do everything, at servers and at Sentinels; the testbed's own.
        hopline, redirect: of deploy/redis/hopline-users.conf.
    """

    def __init__(self) -> None:
        self.operator, self.replica, self.sentinel, self.sentinel_client = (
            Login(name, secrets.token_hex(16))
            for name in (OPERATOR, REPLICA, SENTINEL, SENTINEL_CLIENT)
        )
        self.hopline = Login("hopline", secrets.token_hex(16))
        self.redirect = Login("hopline-redirect", secrets.token_hex(16))

    def server_lines(self) -> list[str]:
        """Return the lines of a server's configuration: the reference ones, replicas, Sentinels."""
        passwords = {
            "operator": self.operator.password,
            "redirect": self.redirect.password,
            "hopline": self.hopline.password,
        }
        text = _PLACEHOLDER.sub(lambda found: passwords[found[1]], _REFERENCE.read_text())
        theirs = [
            f"user {login.username} on >{login.password} resetchannels -@all {_RIGHTS[name]}"
            for name, login in ((REPLICA, self.replica), (SENTINEL, self.sentinel))
        ]
        logins = (f"masteruser {self.replica.username}", f"masterauth {self.replica.password}")
        return [*text.splitlines(), *theirs, *logins]

    def sentinel_lines(self, master: str) -> list[str]:
        """Return the lines of a Sentinel's configuration about its users and its logins."""
        return [
            "user default off",
            f"user {self.operator.username} on >{self.operator.password} ~* &* +@all",
            f"user {self.sentinel_client.username} on >{self.sentinel_client.password}"
            f" {_SENTINEL_CLIENT_RIGHTS}",
            f"sentinel auth-user {master} {self.sentinel.username}",
            f"sentinel auth-pass {master} {self.sentinel.password}",
            f"sentinel sentinel-user {self.operator.username}",
            f"sentinel sentinel-pass {self.operator.password}",
        ]

    def url(self, login: Login, port: int) -> str:
        """Return the URL of one server."""
        return f"redis://{login}@{LOOPBACK}:{port}/0"

    def sentinel_url(self, login: Login, ports: list[int], master: str) -> str:
        """Return the URL that asks Sentinels for the master."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in ports)
        query = urlencode(
            {
                "sentinel_username": self.sentinel_client.username,
                "sentinel_password": self.sentinel_client.password,
            }
        )
        return f"redis+sentinel://{login}@{hosts}/{master}/0?{query}"
