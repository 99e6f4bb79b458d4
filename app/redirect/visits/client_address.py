"""The visitor's address behind proxies: X-Forwarded-For, Forwarded (RFC 7239), or a header by name.

Rule 1: a header counts only if the peer is a trusted proxy; anyone can send one.
Rule 2: hops are read from the right, each added by the one after it, and the first that is no
        trusted proxy is the visitor. What stands left of it is hearsay.
Rule 3: X-Forwarded-For wins over Forwarded when both are there, since nearly all proxies write the
        former and pass the latter on as the visitor sent it.
Rule 4: if the operator names the header that the proxy writes, none but that is read. One such as
        CF-Connecting-IP or X-Real-IP holds a single address, the visitor's; the last, should a
        proxy have added its own to what it was sent.
Rule 5: a peer on a Unix socket has no address; see :class:`~app.http.trusted_peers.TrustedPeers`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from app.http.addresses import LONGEST, read_address
from app.http.trusted_peers import TrustedPeers

# Nothing that a visitor may have made up is tried twice: the second + lets go of nothing.
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_BLANK = r"[ \t]*+"
_PAIR = rf"(?:[!#$%&'*+.^_`|~\w-]++{_BLANK}={_BLANK}(?:{_QUOTED}|[^\s;,\"]*+){_BLANK})?+"
#: A forwarded-element (RFC 7239 §4), its values unquoted or not.
_ELEMENT = re.compile(rf"{_BLANK}{_PAIR}(?:;{_BLANK}{_PAIR})*+", re.ASCII)
#: What stands between semicolons that are not within quotes, where a host is the visitor's word.
_BETWEEN = re.compile(rf'(?:[^;"]|{_QUOTED})++')
#: One forwarded-pair whose name is "for".
_FOR = re.compile(rf"{_BLANK}for{_BLANK}={_BLANK}({_QUOTED}|[^\s]++)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
#: Longer chains are no proxies but an attack on the reader.
_MOST_HOPS = 32
_REMEMBERED_HOPS = 8192

_X_FORWARDED_FOR, _FORWARDED = "x-forwarded-for", "forwarded"

#: Returns the hops that the values of one or two headers name, the nearest last.
_Hops = Callable[[str, str], Sequence[str]]


class ClientAddress:
    """Finds the address of a visitor, from the peer's and what headers say.

    Args:
        trusted: as for :class:`~app.http.trusted_peers.TrustedPeers`. None: headers are never
            believed.
        header: the one that a trusted proxy writes the address into; empty for X-Forwarded-For and,
            without it, Forwarded.

    Attributes:
        fields: names in small letters of the headers whose values it wants, "" for none.
        environ_keys: the same in WSGI's environ.
    """

    def __init__(self, trusted: Sequence[str], header: str = "") -> None:
        name = header.lower()
        self.fields = (name, "") if name else (_X_FORWARDED_FOR, _FORWARDED)
        self.environ_keys = tuple(
            f"HTTP_{each.upper().replace('-', '_')}" if each else "" for each in self.fields
        )
        self._hops = _reader_of(name)
        peers = TrustedPeers(trusted)
        self._peers = peers
        self._unix_peer = ("", peers.trusts(""))
        self._judge = lru_cache(_REMEMBERED_HOPS)(self._judge_hop)

    def __call__(self, peer: str, first: str, second: str) -> str:
        """Return the address in its shortest form, an IPv4 address for an IPv4-mapped one.

        Args:
            peer: its address; empty on a Unix socket.
            first, second: the values of the headers, empty for one that is absent.

        Returns:
            "" when the right-most untrusted hop does not say who it is.
        """
        address, is_trusted = self._judge(peer) if peer else self._unix_peer
        if not is_trusted:
            return address
        for hop in reversed(self._hops(first, second)[-_MOST_HOPS:]):
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


def _reader_of(name: str) -> _Hops:
    """Return how the hops of a header are read."""
    if not name:
        return lambda chain, forwarded: chain.split(",") if chain else _forwarded_hops(forwarded)
    if name == _X_FORWARDED_FOR:
        return lambda chain, _: chain.split(",")
    if name == _FORWARDED:
        return lambda forwarded, _: _forwarded_hops(forwarded)
    return lambda value, _: (value.rstrip(" \t,").rpartition(",")[2],)


def _forwarded_hops(header: str) -> list[str]:
    return list(_each_for(header)) if header else []


def _each_for(header: str) -> Iterator[str]:
    """Yield the hop that each element names.

    What is no element names none: a quote that a visitor left open reaches into what the proxy
    added, and what stands before it would pass for the proxy's word.
    """
    for element in _split_unquoted(header):
        if element.strip():
            is_sound = '"' not in element or _ELEMENT.fullmatch(element)
            pairs = _BETWEEN.findall(element) if is_sound else ()
            found = next(filter(None, map(_FOR.match, pairs)), None)
            named = found[1] if found else "unknown"
            yield _ESCAPED.sub(r"\1", named) if "\\" in named else named


def _split_unquoted(header: str) -> list[str]:
    """Split at commas that are not within quotes."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*+"?)++', header)


def _plain_address(hop: str) -> str:
    """Return the address of a hop in its shortest form; "" if it names none."""
    address = read_address(hop)
    return str(address) if address else ""
