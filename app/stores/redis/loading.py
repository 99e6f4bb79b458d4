"""Progress that a server reports while it reads its data from disk, after its start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated


@dataclass(frozen=True, slots=True)
class Loading:
    """How far a server has come; it answers nothing else meanwhile.

    Attributes:
        server: ``Valkey`` or ``Redis``.
        loaded_bytes: what it has read so far; it rises as long as there is progress.
        percent: of all that there is to read.
        left_seconds: as the server guesses.
    """

    server: str
    loaded_bytes: int
    percent: float
    left_seconds: int

    def __str__(self) -> str:
        text = f"{self.server} is loading its data, {self.percent:.0f} %"
        return f"{text}, about {self.left_seconds} s left" if self.left_seconds > 0 else text

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "Loading | None":
        """Read INFO of the sections server and persistence; None if all is loaded."""
        if not info.get("loading"):
            return None
        return cls(
            server="Valkey" if "valkey_version" in info else "Redis",
            loaded_bytes=int(info.get("loading_loaded_bytes", 0)),
            percent=float(info.get("loading_loaded_perc", 0)),
            left_seconds=int(info.get("loading_eta_seconds", 0)),
        )


def ask_loading(url: str, *, timeout_seconds: float) -> Loading | None:
    """Ask a server how far it has come; None if it has loaded all, or doesn't answer."""
    try:
        with translated(url), connect(url, timeout_seconds=timeout_seconds) as client:
            return Loading.of(client.info("server", "persistence"))
    except RedisError:
        return None
