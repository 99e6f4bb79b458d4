import re

import pytest
import segno

from app.qr.code import QrCode
from app.qr.options import InvalidOptions, Level, QrOptions
from tests.support.qr_images import read_png, read_svg

URL = "https://go.example/sale"


def modules(address: str, level: str, margin: int) -> list[list[bool]]:
    """Return the rows of a code as the library calculates them, before anything is drawn."""
    code = segno.make_qr(address, error=level)
    return [[module == 1 for module in row] for row in code.matrix_iter(border=margin)]


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
@pytest.mark.parametrize(("margin", "scale"), [(0, 1), (4, 10), (32, 3)])
def test_images_show_the_address_module_by_module(level: Level, margin: int, scale: int) -> None:
    code = QrCode(URL, QrOptions(level, margin, scale))
    expected = (modules(URL, level, margin), "#000000", "#ffffff")
    assert read_png(code.png(), scale, margin) == expected
    drawn = read_svg(code.svg().decode())
    assert (drawn.rows, drawn.dark, drawn.light) == (expected[0], "#000", "#fff")


def test_a_higher_level_makes_another_code() -> None:
    assert modules(URL, "L", 4) != modules(URL, "H", 4)


@pytest.mark.parametrize("light", ["#ffeedd", "transparent"])
@pytest.mark.parametrize("dark", ["#003366", "#000000"])
def test_images_have_their_colours(dark: str, light: str) -> None:
    options = QrOptions(dark=dark, light=light)
    code, seen = QrCode(URL, options), None if light == "transparent" else light
    png, svg = read_png(code.png(), options.scale, options.margin), read_svg(code.svg().decode())
    assert png.rows == svg.rows == modules(URL, "M", 4)
    assert (png.dark, png.light) == (dark, seen)
    # An SVG may have a colour in three digits.
    assert svg.dark in (dark, f"#{dark[1::2]}")
    assert svg.light in (seen, "#fed" if seen else None)


def test_the_same_code_is_the_same_bytes() -> None:
    assert QrCode(URL, QrOptions()).png() == QrCode(URL, QrOptions()).png()
    assert QrCode(URL, QrOptions()).svg() == QrCode(URL, QrOptions()).svg()


def test_a_source_is_a_parameter_of_the_address() -> None:
    drawn = read_png(QrCode(URL, QrOptions(source="qr")).png(), 10, 4)
    assert drawn.rows == modules(f"{URL}?utm_source=qr", "M", 4)


def test_characters_show_two_rows_a_line_with_dark_as_the_background() -> None:
    lines = QrCode(URL, QrOptions()).text().splitlines()
    shown = [re.fullmatch(r"\x1b\[38;5;231;48;5;16m(.*)\x1b\[0m", line) for line in lines]
    assert all(shown)
    upper, lower = {" ": (True, True), "\u2580": (False, True)}, {"\u2584": (True, False)}
    blocks = {**upper, **lower, "\u2588": (False, False)}
    rows = []
    for line in shown:
        pairs = [blocks[character] for character in (line[1] if line else "")]
        rows += [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    expected = modules(URL, "M", 4)
    assert rows[: len(expected)] == expected


def test_an_address_that_no_code_of_the_level_holds_is_refused() -> None:
    long = f"https://go.example/{'a' * 1300}"
    assert QrCode(long, QrOptions("L")).png()
    with pytest.raises(InvalidOptions, match=r"level: 1319 characters are too long .* for H"):
        QrCode(long, QrOptions("H"))
