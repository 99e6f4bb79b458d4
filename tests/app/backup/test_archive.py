from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backup.archive import FORMAT, BadArchive, new_archive, open_archive, read_part, read_text

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


def begin(directory: Path, columns: list[str]) -> None:
    """Begin an archive that breaks off in its third part."""
    with suppress(RuntimeError), new_archive(directory, columns) as archive:
        archive.add("links", [1])
        archive.add_text("clicks", [b"2\n3\n", b"4\n"])
        raise RuntimeError


def test_one_that_broke_off_goes_on_behind_its_last_part(tmp_path: Path) -> None:
    directory = tmp_path / "backup"
    begin(directory, ["a"])
    with pytest.raises(BadArchive):
        open_archive(tmp_path / "backup.part")
    with new_archive(directory, ["a"]) as archive:
        last = archive.last("clicks")
        assert last is not None
        assert (last[0].name, last[0].lines, last[1]) == ("clicks", 3, b"4\n")
        archive.add_text("more", [b"5\n"])
    manifest = open_archive(directory)
    assert [list(read_part(directory, part)) for part in manifest.parts] == [[1], [2, 3, 4], [5]]
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


@pytest.mark.parametrize("change", ["columns", "damage", "kill"])
def test_one_that_broke_off_and_is_of_no_use_is_begun_again(tmp_path: Path, change: str) -> None:
    directory, unfinished = tmp_path / "backup", tmp_path / "backup.part"
    begin(directory, ["a"])
    if change == "damage":
        (unfinished / "clicks.jsonl.gz").write_bytes(b"")
    if change == "kill":
        (unfinished / "begun.json").write_bytes(b"")
    with new_archive(directory, ["b"] if change == "columns" else ["a"]) as archive:
        assert archive.last("clicks") is None
    assert [path.name for path in directory.iterdir()] == ["backup.json"]


def test_text_comes_in_whole_lines_however_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.backup.archive._CHUNK_BYTES", 7)
    lines = [b"1\n", b'"a text of many bytes"\n', b"2\n", b"3\n", b'"12345"\n']
    with new_archive(tmp_path / "backup", []) as archive:
        archive.add_text("clicks", lines)
    chunks = list(read_text(tmp_path / "backup", archive.manifest.parts[0]))
    assert b"".join(chunks) == b"".join(lines)
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert len(chunks) > 1


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
