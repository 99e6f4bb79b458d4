"""A process that is the embedded ClickHouse: ``python clickhouse_host.py LIBRARY OPTION…``.

The npm package of chDB ships clickhouse-local as a shared library. Its ``query_stable_v2`` runs
the whole program, whose ``SYSTEM START LISTEN TCP`` opens the server's real native port. After that
it reads a terminal, which it leaves when our parent closes our standard input or is gone.

A terminal, because without one clickhouse-local aborts as soon as a client hangs up in the wrong
moment, e.g. is killed before it has read a reply; with one it logs that and goes on
(https://github.com/ClickHouse/ClickHouse/issues/115666).

Rule: this file imports nothing of Hopline, so that it can be run by its path and start at once.
"""

import ctypes
import os
import sys
import threading


class _Result(ctypes.Structure):
    """``struct local_result_v2`` of chdb.h."""

    _fields_ = (
        ("buffer", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("vector", ctypes.c_void_p),
        ("elapsed", ctypes.c_double),
        ("rows_read", ctypes.c_uint64),
        ("bytes_read", ctypes.c_uint64),
        ("error_message", ctypes.c_char_p),
    )


def run(library: str, options: list[str]) -> str:
    """Run clickhouse-local until our input ends; return its error, empty for none."""
    try:
        _read_a_terminal()
    except OSError as error:
        return f"there is no terminal to be had: {error.strerror}: /dev/pts has to be mounted"
    chdb = ctypes.CDLL(library)
    # Its crash handler takes 3.6 s to find symbols; without it an abort is over in 0.03 s.
    chdb.chdb_set_signal_handlers_enabled(0)
    chdb.query_stable_v2.restype = ctypes.POINTER(_Result)
    argv = [b"clickhouse", *(option.encode() for option in options)]
    result = chdb.query_stable_v2(len(argv), (ctypes.c_char_p * len(argv))(*argv))
    complaint: bytes | None = result.contents.error_message if result else None
    return complaint.decode(errors="replace") if complaint else ""


def _read_a_terminal() -> None:
    """Put a terminal in the place of standard input; it hangs up when that ends."""
    ours, terminal = os.openpty()
    held = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
    threading.Thread(target=_hang_up_after, args=(held, ours), daemon=True).start()


def _hang_up_after(held: int, ours: int) -> None:
    while os.read(held, 4096):
        continue
    os.close(ours)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]) or 0)
