"""Networks that are believed about visitors: the proxies that the operator named."""

import ipaddress
from collections.abc import Sequence

from app.http.addresses import read_address

#: Stands for whoever can connect to a Unix socket, whose peers have no address.
UNIX = "unix:"


class TrustedPeers:
    """The proxies at the other end of a connection that are believed.

    A peer on a Unix socket is believed as soon as anybody is; :data:`UNIX` alone believes nobody
    else.

    Args:
        trusted: networks of proxies, e.g. ``10.0.0.0/8``, and :data:`UNIX`.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._has_any = bool(trusted)
        self._networks = [
            ipaddress.ip_network(each, strict=False) for each in trusted if each != UNIX
        ]

    def trusts(self, peer: str) -> bool:
        """Tell whether a peer is believed.

        Args:
            peer: its address, maybe with a zone; '' on a Unix socket.
        """
        if not peer:
            return self._has_any
        address = read_address(peer)
        return address is not None and any(address in network for network in self._networks)
