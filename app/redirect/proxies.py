"""The visitor's address behind proxies: X-Forwarded-For and Forwarded (RFC 7239).

Rule 1: a header counts only if the peer is a trusted proxy; anyone can send one.
Rule 2: hops are read from the right, each added by the one after it, and the first that is no
        trusted proxy is the visitor. What stands left of it is hearsay.
Rule 3: X-Forwarded-For wins over Forwarded when both are there, since nearly all proxies write the
        former and pass the latter on as the visitor sent it. Behind a proxy that writes only
        Forwarded, have it strip X-Forwarded-For.
Rule 4: a peer on a Unix socket has no address; see :class:`~app.trusted_peers.TrustedPeers`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from app.addresses import LONGEST, read_address
from app.trusted_peers import TrustedPeers

#: One forwarded-pair whose name is "for" (RFC 7239 §4), quoted or not.
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', re.IGNORECASE)
#: Longer chains are no proxies but an attack on the reader.
_MOST_HOPS = 32
_REMEMBERED_HOPS = 8192

ClientAddress = Callable[[str, str, str], str]


def client_address_reader(trusted: Sequence[str]) -> ClientAddress:
    """Return the function (peer, X-Forwarded-For, Forwarded) -> the visitor's address.

    It returns the address in its shortest form, an IPv4 address for an IPv4-mapped one, or "" when
    the right-most untrusted hop does not say who it is.

    Args:
        trusted: as for :class:`~app.trusted_peers.TrustedPeers`. None: headers are never read.
    """
    if not trusted:
        plain_address = lru_cache(_REMEMBERED_HOPS)(_plain_address)
        return lambda peer, _x_forwarded_for, _forwarded: plain_address(peer)
    return _TrustedProxies(TrustedPeers(trusted)).read


class _TrustedProxies:
    def __init__(self, peers: TrustedPeers) -> None:
        self._peers = peers
        self._unix_peer = ("", peers.trusts(""))
        self._judge = lru_cache(_REMEMBERED_HOPS)(self._judge_hop)

    def read(self, peer: str, x_forwarded_for: str, forwarded: str) -> str:
        address, is_trusted = self._judge(peer) if peer else self._unix_peer
        if not is_trusted:
            return address
        hops = x_forwarded_for.split(",") if x_forwarded_for else _forwarded_hops(forwarded)
        for hop in reversed(hops[-_MOST_HOPS:]):
            named = hop.strip()
            if not named:
                # Empty elements of a list mean nothing (RFC 9110 §5.6.1.2).
                continue
            address, is_trusted = self._judge(named) if len(named) <= LONGEST else ("", False)
            if not is_trusted:
                break
        return address

    def _judge_hop(self, hop: str) -> tuple[str, bool]:
        address = _plain_address(hop)
        return address, bool(address) and self._peers.trusts(address)


def _forwarded_hops(header: str) -> list[str]:
    return list(_each_for(header)) if header else []


def _each_for(header: str) -> Iterator[str]:
    for element in _split_unquoted(header):
        if element.strip():
            found = _FOR.search(element)
            yield found[1] if found else "unknown"


def _split_unquoted(header: str) -> list[str]:
    """Split at commas that are not within quotes."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', header)


def _plain_address(hop: str) -> str:
    """Return the address of a hop in its shortest form; "" if it names none."""
    address = read_address(hop)
    return str(address) if address else ""
