import base64
import gzip
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.traces import files_with, traces_in

ADDRESSES = ["198.51.100.213", "2001:db8:77:1234:5678:9abc:def0:1357"]


@pytest.mark.parametrize("address", ADDRESSES)
@given(before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_an_address_is_found_however_it_was_written(address, before, after):
    parsed = ipaddress.ip_address(address)
    packed = parsed.packed if parsed.version == 6 else b"\xff\xff" + parsed.packed
    for written in (address.encode(), parsed.exploded.encode(), packed, packed[::-1]):
        around = before + written + after
        assert traces_in(around, address)
    for written in (address.encode(), packed):
        assert traces_in(base64.b64encode(before + written + after), address)
    assert traces_in(before + packed.hex().encode() + after, address)


@given(st.binary(max_size=200))
def test_nothing_is_found_where_nothing_is(raw):
    assert not any(traces_in(raw, address) for address in ADDRESSES)


def test_compressed_files_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 5000 + ADDRESSES[0].encode()))
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"x" * 5000))
    assert files_with(ADDRESSES[0], tmp_path) == [str(tmp_path / "a.gz")]
