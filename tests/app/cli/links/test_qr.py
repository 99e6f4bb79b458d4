import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.qr.code import QrCode
from app.qr.options import QrOptions

Run = Callable[..., object]
SHORT_URL = "https://go.example.com/demo1"


@pytest.fixture
def linked(hopline: Run) -> Run:
    """The command, beside one link."""
    assert hopline("links", "add", "https://example.com/", "--code", "demo1").exit_code == 0
    return hopline


def test_a_file_gets_the_form_of_its_name(linked: Run, tmp_path: Path) -> None:
    code = QrCode(SHORT_URL, QrOptions())
    for name, image in (("a.svg", code.svg()), ("b.PNG", code.png())):
        assert linked("links", "qr", "demo1", "--to", str(tmp_path / name)) == (0, "", "")
        assert (tmp_path / name).read_bytes() == image


def test_a_terminal_shows_the_code_and_a_pipe_gets_svg(
    linked: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = QrCode(SHORT_URL, QrOptions())
    assert linked("links", "qr", SHORT_URL) == (0, code.svg().decode(), "")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert linked("links", "qr", "demo1") == (0, code.text(), "")
    ended = linked("links", "qr", "demo1", "--scale", "3")
    complaint = "hopline: --scale: is no option here; there are level, margin, source\n"
    assert ended == (2, "", complaint)


def test_every_option_is_kept(linked: Run, tmp_path: Path) -> None:
    png = tmp_path / "a.png"
    ended = linked(
        "links", "qr", "demo1", "--to", str(png), "--level", "H", "--margin", "2", "--scale", "3",
        "--dark", "036", "--light", "transparent", "--source", "qr",
    )  # fmt: skip
    assert ended == (0, "", "")
    options = QrOptions("H", 2, 3, "#003366", "transparent", "qr")
    assert png.read_bytes() == QrCode(SHORT_URL, options).png()


def test_too_little_contrast_is_told_and_drawn_all_the_same(linked: Run, tmp_path: Path) -> None:
    for dark, light, said in (("eee", "fff", "contrast of 1.2:1"), ("fff", "000", "light on dark")):
        file = tmp_path / f"{dark}.svg"
        ended = linked("links", "qr", "demo1", "--to", str(file), "--dark", dark, "--light", light)
        assert (ended.exit_code, ended.out) == (0, "")
        assert said in ended.err
        assert file.stat().st_size


@pytest.mark.parametrize(
    ("arguments", "exit_code", "complaint"),
    [
        (["demo1", "--to", "a.gif"], 2, "--to: 'a.gif' ends with neither .svg nor .png"),
        (["demo1", "--level", "X", "--margin", "-1"], 2, "--level: 'X' is none of L, M, Q, H; --"),
        (["demo1", "--dark", "red"], 2, "--dark: 'red' is no colour like 036 or 003366"),
        (["other"], 1, "no link has the code 'other'"),
        (["demo1", "--to", "missing/a.svg"], 1, "missing/a.svg can't be used: No such file"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_on_stderr(
    linked: Run, arguments: list[str], exit_code: int, complaint: str
) -> None:
    ended = linked("links", "qr", *arguments)
    assert (ended.exit_code, ended.out) == (exit_code, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_a_deleted_link_has_none(linked: Run) -> None:
    assert linked("links", "rm", "demo1").exit_code == 0
    ended = linked("links", "qr", "demo1")
    assert ended == (1, "", "hopline: the link 'demo1' was deleted\n")
