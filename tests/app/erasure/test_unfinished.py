import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.erasure.unfinished import Unfinished


def test_an_erasure_that_is_done_leaves_no_note(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path / "erase")
    assert unfinished.read() is None
    unfinished.add([])
    assert unfinished.read() == set()
    unfinished.add([bytes(16), b"\xff" * 16])
    assert unfinished.read() == {bytes(16), b"\xff" * 16}
    unfinished.clear()
    unfinished.clear()
    assert unfinished.read() is None


def test_a_note_is_its_users_alone(tmp_path: Path) -> None:
    Unfinished(tmp_path / "erase").add([bytes(16)])
    assert stat.S_IMODE((tmp_path / "erase").stat().st_mode) == 0o700


@given(st.lists(st.binary(min_size=16, max_size=16)), st.integers(0, 40), st.binary(min_size=16))
def test_a_line_that_was_cut_off_spoils_no_other(
    tmp_path_factory, click_ids: list[bytes], lost: int, more: bytes
) -> None:
    directory = tmp_path_factory.mktemp("erase")
    unfinished = Unfinished(directory)
    unfinished.add(click_ids)
    path = directory / "unfinished"
    path.write_bytes(path.read_bytes()[: -lost or None])
    unfinished.add([more[:16]])
    kept = set(click_ids[: max(len(click_ids) - -(-lost // 33), 0)])
    found = unfinished.read()
    assert found is not None
    assert kept | {more[:16]} <= found <= {*click_ids, more[:16]}
