"""A process that is a replica of the embedded ClickHouse, for tests alone.

Usage: ``replica_host.py LIBRARY INTERSERVER_PORT OPTION…``, the options as of clickhouse-local.

chDB's library holds all code of replication, but clickhouse-local, which it is, never says under
which address the other replicas reach it, nor does it listen for them. Five places of its code in
memory are changed for that, and nothing on disk: three getters return our address, no credentials
and "http"; the handler of other replicas' requests asks for no credentials; and the HTTP server
that ``SYSTEM START LISTEN HTTP`` starts answers as the interserver server.

Addresses belong to one build of the library, so each place is compared before it is changed. To
find them for another build, look for the names beside them by their strings and symbols.
"""

import ctypes
import struct
import sys
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[3]
_HOST = b"127.0.0.1"
_PAGE = 4096
_READ_WRITE_EXECUTE, _READ_EXECUTE = 7, 5
#: libc++ keeps strings this short in the object itself.
_SHORT_STRING_BYTES = 23
#: How large InterserverCredentials may be.
_OBJECT_BYTES = 96


class Place(NamedTuple):
    """Code of the library at an address from its start, and what it begins with there."""

    address: int
    expected: bytes


ADDRESS_GETTER = Place(0x1417C9C0, bytes.fromhex("4156534883ec484c8b36"))
SCHEME_GETTER = Place(0x1417CAC0, bytes.fromhex("488b0680b887010000"))
CREDENTIALS_GETTER = Place(0x1417C940, bytes.fromhex("41574156534c8b3f"))
#: In InterserverIOHTTPHandler: call of the getter of credentials.
CREDENTIALS_CHECK = Place(0x183D526B, bytes.fromhex("e8"))
#: In createHandlerFactory: the branch of "HTTPHandler-factory".
FACTORY_BRANCH = Place(0x18395D32, bytes.fromhex("0f84c2020000"))

#: xor eax, eax; xor edx, edx; nop: in the place of the call, no credentials.
_NO_CREDENTIALS = bytes.fromhex("31c031d290")
#: je, to the branch of "InterserverIOHTTPHandler-factory".
_TO_INTERSERVER = bytes.fromhex("0f8484000000")
_RETURN_DESTINATION = bytes.fromhex("4889f8c3")  # mov rax, rdi; ret


class Patcher:
    """Changes the code of the library that is loaded."""

    def __init__(self, library: str) -> None:
        maps = Path("/proc/self/maps").read_text().splitlines()
        first = next(line for line in maps if line.endswith(library))
        self._base = int(first.partition("-")[0], 16)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def patch(self, place: Place, code: bytes) -> None:
        """Write code over a place.

        Raises:
            SystemExit: something else stands there than was expected.
        """
        at = self._base + place.address
        found = ctypes.string_at(at, len(place.expected))
        if found != place.expected:
            sys.exit(f"another build of the library: {found.hex()} at {place.address:#x}")
        start = at - at % _PAGE
        size = -(-(at + len(code) - start) // _PAGE) * _PAGE
        self._protect(start, size, _READ_WRITE_EXECUTE)
        ctypes.memmove(at, code, len(code))
        self._protect(start, size, _READ_EXECUTE)

    def _protect(self, start: int, size: int, rights: int) -> None:
        if self._libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), rights):
            sys.exit(f"mprotect: errno {ctypes.get_errno()}")


def _store(offset: int, eight: bytes) -> bytes:
    """Return code that puts eight bytes where the result goes, at an offset."""
    return b"\x48\xb8" + eight + b"\x48\x89\x47" + bytes([offset])


def _returning_string(text: bytes, behind: bytes = b"") -> bytes:
    """Return the code of a function whose result is a string, and more code before it ends."""
    held = text.ljust(_SHORT_STRING_BYTES, b"\0") + bytes([len(text)])
    stores = (_store(offset, held[offset : offset + 8]) for offset in (0, 8, 16))
    return b"".join(stores) + behind + _RETURN_DESTINATION


def _no_credentials() -> ctypes.Array[ctypes.c_char]:
    """Return an InterserverCredentials whose only user has no name and no password."""
    user = ctypes.create_string_buffer(_OBJECT_BYTES)
    made = ctypes.create_string_buffer(_OBJECT_BYTES)
    at_user, at_made = ctypes.addressof(user), ctypes.addressof(made)
    struct.pack_into("<QQQQ", user, 0, 0, 0, at_made + 56, 1)
    struct.pack_into("<QQQ", made, 48, at_user, at_user, 1)
    _KEPT.append(user)
    return made


#: What the library's code points to.
_KEPT: list[ctypes.Array[ctypes.c_char]] = []


def make_replica(library: str, port: int) -> None:
    """Load the library and have it be a replica that others reach at a port."""
    ctypes.CDLL(library)
    patcher = Patcher(library)
    port_stored = b"\x66\xc7\x47\x18" + struct.pack("<H", port)  # mov word [rdi + 24], port
    patcher.patch(ADDRESS_GETTER, _returning_string(_HOST, port_stored))
    patcher.patch(SCHEME_GETTER, _returning_string(b"http"))
    _KEPT.append(credentials := _no_credentials())
    at = struct.pack("<Q", ctypes.addressof(credentials))
    patcher.patch(CREDENTIALS_GETTER, b"\x48\xb8" + at + b"\x31\xd2\xc3")
    patcher.patch(CREDENTIALS_CHECK, _NO_CREDENTIALS)
    patcher.patch(FACTORY_BRANCH, _TO_INTERSERVER)


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))
    from app.local.clickhouse_host import run

    make_replica(sys.argv[1], int(sys.argv[2]))
    sys.exit(run(sys.argv[1], sys.argv[3:]) or 0)
