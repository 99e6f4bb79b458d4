import subprocess
import sys

import pytest

from tests.support.clickhouse import replica_host, replicated
from tests.support.clickhouse.replicated import AnotherLibrary, known_library


def test_another_build_of_the_library_is_told_of(cache_dir, monkeypatch):
    monkeypatch.setattr(replicated, "LIBRARY_SHA256", "0" * 64)
    known_library.cache_clear()
    with pytest.raises(AnotherLibrary, match=r"is not the build .* find the five addresses of"):
        known_library(cache_dir)
    known_library.cache_clear()


def test_code_that_is_not_the_expected_one_is_left_alone(cache_dir):
    code = (
        "import ctypes, sys; sys.path.insert(0, sys.argv[1]);"
        "from tests.support.clickhouse import replica_host as host;"
        "place = host.SCHEME_GETTER._replace(expected=b'xx');"
        "ctypes.CDLL(sys.argv[2]); host.Patcher(sys.argv[2]).patch(place, b'')"
    )
    root = str(replica_host._ROOT)
    command = [sys.executable, "-c", code, root, str(known_library(cache_dir))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("another build of the library: ")
