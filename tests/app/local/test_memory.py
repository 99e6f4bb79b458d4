import os

import pytest

from app.local.memory import memory_bytes, memory_warning, oom_kills, valkey_maxmemory

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def groups(tmp_path):
    """Make groups with limits by their folder; return what asks for the memory in one of them."""

    def ask(own: str, limits: dict[str, str]) -> int:
        mounted = tmp_path / "mounted"
        for path, limit in limits.items():
            file = mounted / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{limit}\n")
        (tmp_path / "own").write_text(own)
        return memory_bytes(tmp_path / "own", mounted)

    return ask


def test_without_groups_it_is_the_machines(tmp_path):
    assert memory_bytes(tmp_path / "none", tmp_path) == MACHINE


@pytest.mark.parametrize(
    ("own", "limits", "found"),
    [
        ("0::/\n", {"memory.max": "4096"}, 4096),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "8192"}, 8192),
        ("0::/a\n", {"a/memory.max": "4096", "memory.max": "8192"}, 4096),
        ("0::/a\n", {"a/memory.max": "max"}, MACHINE),
        ("0::/elsewhere\n", {"memory.max": "4096"}, 4096),
        ("4:cpu,memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": "4096"}, 4096),
        ("4:memory:/a\n", {"memory/a/memory.limit_in_bytes": str(1 << 62)}, MACHINE),
        ("4:cpu:/a\n", {"cpu/a/memory.limit_in_bytes": "1"}, MACHINE),
    ],
)
def test_a_control_group_may_allow_less(groups, own, limits, found):
    assert groups(own, limits) == found


def test_valkey_gets_a_part_and_enough_to_begin_with():
    assert valkey_maxmemory(8 << 30) == 2 << 30
    assert valkey_maxmemory(1) == 64 << 20


def test_little_memory_is_said_beforehand():
    assert memory_warning(2 << 30) == ""
    assert memory_warning(512 << 20).startswith("there are 512 MiB of memory here, and about 1024")


def test_what_the_kernel_ended_is_counted(tmp_path):
    statistics = tmp_path / "vmstat"
    statistics.write_text("nr_free_pages 1\noom_kill 3\nunevictable_pgs_culled 5\n")
    assert oom_kills(statistics) == 3
    assert oom_kills(tmp_path / "none") == 0
