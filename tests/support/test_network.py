import os
import socket
import subprocess
import sys

import pytest

from tests.conftest import missing
from tests.support import network
from tests.support.network import Network, may_have_networks
from tests.support.worker_processes import wait_until

REACH = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"


def test_hosts_have_addresses_of_their_own_and_reach_the_stores(tmp_path):
    with Network(tmp_path, hosts=2) as made:
        first, second = made.places
        assert first.address != second.address
        for place in made.places:
            with place.listen() as listener:
                address = listener.getsockname()
                assert address[0] == place.address
                socket.create_connection(address, 5).close()
        with socket.create_server((made.stores, 0)) as store:
            port = str(store.getsockname()[1])
            asking = [*second.enter, sys.executable, "-c", REACH, made.stores, port]
            assert subprocess.run(asking, check=False).returncode == 0


def test_a_namespace_of_a_host_is_gone_with_it(tmp_path):
    if not may_have_networks():
        missing("root, or ip, unshare and nsenter")
    with Network(tmp_path, hosts=1) as made:
        holder = made.places[0].holder
        assert os.stat(f"/proc/{holder}/ns/net").st_ino != os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116
    cable = f"/sys/class/net/hop{holder}"
    wait_until(lambda: not os.path.exists(cable))  # noqa: PTH110


def test_without_namespaces_hosts_have_addresses_of_loopback(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "may_have_networks", lambda: False)
    with Network(tmp_path, hosts=3) as made:
        assert [place.address for place in made.places] == ["127.0.1.1", "127.0.1.2", "127.0.1.3"]
        assert made.stores == "127.0.0.1"
        assert {place.enter for place in made.places} == {()}


@pytest.mark.parametrize("pid", [1, 4_194_304])
def test_the_ends_of_a_cable_lie_in_one_piece_of_the_range_for_tests(pid):
    ends = network._ends(pid)
    assert all(end.startswith(("198.18.", "198.19.")) for end in ends)
    assert len({end.rpartition(".")[0] for end in ends}) == 1
