import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.links.transfer import share_read
from app.links import codes
from app.links.store import open_store

Run = Callable[..., object]


@pytest.fixture
def links_csv(tmp_path: Path) -> Path:
    path = tmp_path / "links.csv"
    path.write_text(
        "code,target,tags,title\n"
        'a,https://a.example/,"x,y",First\n'
        "b,javascript:alert(1),,\n"
        "c,https://c.example/,,Third\n"
    )
    return path


def test_an_import_reports_bad_lines_and_stores_the_rest(hopline: Run, links_csv: Path) -> None:
    ended = hopline("links", "import", str(links_csv))
    assert ended == (
        1,
        "2 created, 0 unchanged, 1 refused\n",
        "hopline: line 3: target: its scheme is javascript: only http and https will do\n",
    )
    assert "First" in hopline("links", "show", "a").out


def test_an_import_can_be_repeated(hopline: Run, tmp_path: Path) -> None:
    path = tmp_path / "links.jsonl"
    path.write_text('{"target":"https://a.example/","code":"a"}\n')
    assert hopline("links", "import", str(path)) == (0, "1 created, 0 unchanged, 0 refused\n", "")
    assert hopline("links", "import", str(path)) == (0, "0 created, 1 unchanged, 0 refused\n", "")


def test_a_dry_run_stores_nothing(hopline: Run, links_csv: Path) -> None:
    ended = hopline("links", "import", "--dry-run", str(links_csv))
    assert (ended.exit_code, ended.out) == (1, "2 created, 0 unchanged, 1 refused\n")
    assert hopline("links", "show", "a").exit_code == 1


def test_an_import_reads_standard_input(hopline: Run, monkeypatch) -> None:
    text = "target,code\nhttps://ä.example/ü,a\nhttps://b.example/\udcff,b\n"
    raw = io.BytesIO(text.encode(errors="surrogateescape"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    ended = hopline("links", "import", "-")
    assert (ended.exit_code, ended.out) == (1, "1 created, 0 unchanged, 1 refused\n")
    assert ended.err.startswith("hopline: line 3: it is not UTF-8; as Windows-1252 it would say ")


def test_how_far_a_file_was_read_is_known_while_there_is_more_of_it(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_bytes(b"x" * 1000)
    with path.open("rb") as file:
        share = share_read(file)
        file.read(250)
        assert share() == 0.25
        file.read()
        assert share() is None
    assert share() is None
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read, "rb") as piped:
        assert share_read(piped)() is None


def test_a_file_that_is_not_there_is_wrong_usage(hopline: Run) -> None:
    ended = hopline("links", "import", "nowhere.csv")
    assert ended.exit_code == 2
    assert "nowhere.csv" in ended.err


def test_a_file_without_columns_is_a_failure(hopline: Run, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text("https://a.example/\n")
    ended = hopline("links", "import", str(path))
    assert ended.exit_code == 1
    assert "the first line must name the columns: target and any of code" in ended.err


@pytest.mark.parametrize("name", ["links.csv", "links.jsonl"])
def test_an_export_moves_every_link_to_another_machine(
    hopline: Run, tmp_path: Path, name: str, redis_url: str, make_settings
) -> None:
    hopline("links", "add", "https://a.example/", "--code", "a", "--limit", "5", "--tag", "x")
    hopline("links", "add", "https://b.example/", "--code", "b", "--expires", "2040-01-01")
    hopline("links", "add", "https://c.example/", "--code", "c")
    hopline("links", "disable", "b")
    hopline("links", "rm", "c")
    exported = tmp_path / name
    assert hopline("links", "export", "--with-deleted", str(exported)) == (0, "", "")
    assert not exported.with_name(f"{name}.part").exists()

    store = open_store(make_settings(redis_url=redis_url))
    before = list(store.links.scan_all())
    store._client.flushall()
    assert hopline("links", "import", str(exported)).out == "3 created, 0 unchanged, 0 refused\n"
    after = list(store.links.scan_all())
    assert [_without_update(link) for link in after] == [_without_update(link) for link in before]
    assert hopline("links", "add", "https://c.example/", "--code", "c").exit_code == 1


def test_an_import_without_redis_says_how_far_it_came(
    hopline: Run, links_csv: Path, monkeypatch
) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://127.0.0.1:1/0")
    ended = hopline("links", "import", str(links_csv))
    assert (ended.exit_code, ended.out) == (1, "")
    first, second = ended.err.splitlines()
    assert first == "hopline: 0 links were dealt with; the import can be repeated"
    assert "is away" in second


def test_an_export_writes_csv_to_standard_output(hopline: Run) -> None:
    hopline("links", "add", "https://a.example/", "--code", "a")
    hopline("links", "add", "https://b.example/", "--code", "b")
    hopline("links", "rm", "b")
    lines = hopline("links", "export").out.splitlines()
    assert lines[0].startswith("code,target,status,")
    assert [line.split(",")[0] for line in lines] == ["code", "a"]
    assert hopline("links", "export", "--format", "jsonl").out.startswith('{"code":"a"')


def test_an_export_that_cannot_be_written_is_a_failure(hopline: Run, tmp_path: Path) -> None:
    ended = hopline("links", "export", str(tmp_path / "missing" / "links.csv"))
    assert ended.exit_code == 1
    assert "can't be written: No such file or directory" in ended.err


def _without_update(link: object) -> object:
    return replace(link, updated_ms=0)


def test_an_edited_export_changes_its_links(hopline: Run, tmp_path: Path) -> None:
    hopline("links", "add", "https://a.example/", "--code", "a", "--title", "old")
    edited = tmp_path / "links.csv"
    edited.write_text(hopline("links", "export").out.replace("old", "new").replace("302", "301"))
    ended = hopline("links", "import", str(edited))
    assert (ended.exit_code, ended.out) == (0, "0 created, 1 unchanged, 0 refused\n")
    assert ended.err == (
        "hopline: line 2: left as it is, where status is 302, title is 'old';"
        " --update would change that\n"
    )
    ended = hopline("links", "import", "--update", str(edited))
    assert ended == (0, "0 created, 1 updated, 0 unchanged, 0 refused\n", "")
    assert "new" in hopline("links", "show", "a").out


def test_columns_that_links_do_not_have_are_told_once(hopline: Run, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text("target;Notes\nhttps://a.example/;1\nhttps://b.example/;2\n")
    ended = hopline("links", "import", str(path))
    assert ended.out == "2 created, 0 unchanged, 0 refused\n"
    assert ended.err == "hopline: links have no 'Notes': that column is left out\n"


def test_an_export_for_spreadsheets_runs_no_formula(hopline: Run, tmp_path: Path) -> None:
    hopline("links", "add", "https://a.example/", "--code", "a", "--title", "=HYPERLINK(1)")
    assert ",=HYPERLINK(1)," in hopline("links", "export").out
    out = hopline("links", "export", "--no-formulas").out
    assert ",'=HYPERLINK(1)," in out
    path = tmp_path / "links.csv"
    path.write_text(out)
    assert hopline("links", "import", str(path)).out == "0 created, 1 unchanged, 0 refused\n"


def test_a_cell_of_megabytes_is_refused_in_a_line_that_a_terminal_can_show(
    hopline: Run, tmp_path: Path
) -> None:
    path = tmp_path / "links.csv"
    path.write_text(f"target,code,status\nhttps://a.example/,{'x' * 900_000},\n")
    ended = hopline("links", "import", str(path))
    assert ended.out == "0 created, 0 unchanged, 1 refused\n"
    assert ended.err.startswith("hopline: line 2: code: 'xxx")
    assert " characters … " in ended.err
    assert ended.err.endswith(f"{codes.EXPECTED[-30:]}\n")
    assert len(ended.err) < 3_000


def test_an_export_of_another_program_is_read_as_it_is_and_that_is_told(
    hopline: Run, tmp_path: Path
) -> None:
    path = tmp_path / "shlink.csv"
    path.write_text(
        "createdAt,shortCode,shortUrl,longUrl,title,tags,visits\n"
        "2016-05-01T22:34:16+02:00,abc,https://s.test/abc,https://example.com/,A,x|y,7\n"
    )
    ended = hopline("links", "import", str(path))
    assert (ended.exit_code, ended.out) == (0, "1 created, 0 unchanged, 0 refused\n")
    assert "'longUrl' is read as target" in ended.err
    held = json.loads(hopline("links", "show", "abc", "--json").out)
    assert (held["target"], held["tags"], held["created_at"]) == (
        "https://example.com/",
        ["x", "y"],
        "2016-05-01T20:34:16Z",
    )


def test_columns_of_any_file_can_be_named(hopline: Run, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("Ziel;Endung\nhttps://example.com/;abc\n")
    named = ("--column", "target=Ziel", "--column", "code=Endung")
    assert hopline("links", "import", str(path), *named).out.startswith("1 created")
    ended = hopline("links", "import", str(path), "--column", "Ziel")
    assert (ended.exit_code, "expected OURS=THEIRS" in ended.err) == (2, True)
