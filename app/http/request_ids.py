"""Names of requests, by which a line of our log is found with one of the proxy's."""

import re
import uuid
from collections.abc import Sequence

from app.http.trusted_peers import TrustedPeers

HEADER = "X-Request-ID"
_SOUND = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")


class RequestIds:
    """Takes the name that a trusted proxy gave a request, or makes one up.

    Args:
        trusted: as for :class:`~app.http.trusted_peers.TrustedPeers`; what anybody else sends is
            ignored.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusts = TrustedPeers(trusted).trusts

    def of(self, peer: str, given: str | None) -> str:
        """Return the name of a request.

        Args:
            peer: the address at the other end of the connection; '' for a Unix socket.
            given: what stands in the header X-Request-ID.
        """
        if given and _SOUND.fullmatch(given) and self._trusts(peer):
            return given
        return uuid.uuid4().hex
