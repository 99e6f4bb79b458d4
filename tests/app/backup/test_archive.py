from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backup.archive import FORMAT, BadArchive, new_archive, open_archive, read_part

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(lines=st.lists(_JSON))
def test_lines_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, lines: list[object]
) -> None:
    directory = tmp_path_factory.mktemp("backups") / "one"
    with new_archive(directory, ["a"]) as archive:
        archive.add("links", iter(lines))
    manifest = open_archive(directory)
    assert manifest.columns == ["a"]
    assert [list(read_part(directory, part)) for part in manifest.parts] == [lines]
    assert manifest.lines("links") == len(lines)


def test_an_archive_that_broke_off_is_none_and_can_be_begun_again(tmp_path: Path) -> None:
    def fail() -> object:
        yield 1
        raise RuntimeError

    directory = tmp_path / "backup"
    with pytest.raises(RuntimeError), new_archive(directory, []) as archive:
        archive.add("links", fail())
    assert list(tmp_path.iterdir()) == []
    with new_archive(directory, []):
        pass
    assert open_archive(directory).parts == []


def test_an_archive_never_takes_the_place_of_another(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="exists already"), new_archive(tmp_path, []):
        pass


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_file_that_is_not_as_it_was_written_is_named(tmp_path: Path, damage: str) -> None:
    directory = tmp_path / "backup"
    with new_archive(directory, []) as archive:
        archive.add("links", [1, 2, 3])
    path = directory / "links.jsonl.gz"
    if damage == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        path.write_bytes(content)
    with pytest.raises(BadArchive, match=rf"links\.jsonl\.gz is {damage}"):
        open_archive(directory)


def test_a_newer_format_names_the_version_that_made_it(tmp_path: Path) -> None:
    plain = {"format": FORMAT + 1, "hopline": "9.9", "parts": [], "shape": "unknown"}
    (tmp_path / "backup.json").write_bytes(orjson.dumps(plain))
    with pytest.raises(BadArchive, match=r"needs the Hopline that made it: 9\.9"):
        open_archive(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"format": "x"}'])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "backup.json").write_bytes(content)
    with pytest.raises(BadArchive):
        open_archive(tmp_path)
