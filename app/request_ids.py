"""Names of requests, by which a line of our log is found with one of the proxy's."""

import ipaddress
import re
import uuid
from collections.abc import Sequence

HEADER = "X-Request-ID"
_SOUND = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")


class RequestIds:
    """Takes the name that a trusted proxy gave a request, or makes one up.

    Args:
        trusted: networks of proxies; what anybody else sends is ignored. A peer on a Unix socket
            has no address, and is trusted as soon as any proxy is.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted = [ipaddress.ip_network(each, strict=False) for each in trusted]

    def of(self, peer: str, given: str | None) -> str:
        """Return the name of a request.

        Args:
            peer: the address at the other end of the connection; '' for a Unix socket.
            given: what stands in the header X-Request-ID.
        """
        if given and _SOUND.fullmatch(given) and self._trusts(peer):
            return given
        return uuid.uuid4().hex

    def _trusts(self, peer: str) -> bool:
        if not peer:
            return bool(self._trusted)
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._trusted)
