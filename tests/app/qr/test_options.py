import pytest

from app.qr.options import (
    PNG_OPTIONS,
    SVG_OPTIONS,
    InvalidOptions,
    QrOptions,
    read_options,
    too_little_contrast,
)


def test_what_is_left_out_is_as_by_default() -> None:
    assert read_options({}, PNG_OPTIONS) == QrOptions()


def test_each_option_is_read() -> None:
    given = {
        "level": "H",
        "margin": "0",
        "scale": "32",
        "dark": "036",
        "light": "transparent",
        "source": "qr",
    }
    read = read_options(given, PNG_OPTIONS)
    assert read == QrOptions("H", 0, 32, "#003366", "transparent", "qr")
    assert tuple(given) == PNG_OPTIONS


def test_all_that_is_wrong_is_named_at_once() -> None:
    given = {
        "level": "X",
        "margin": "33",
        "scale": "0",
        "dark": "transparent",
        "light": ["036", "fff"],
        "source": "poster",
        "colour": "red",
    }
    with pytest.raises(InvalidOptions) as refused:
        read_options(given, PNG_OPTIONS)
    assert refused.value.faults == {
        "level": "'X' is none of L, M, Q, H",
        "margin": "'33' is no whole number from 0 to 32",
        "scale": "'0' is no whole number from 1 to 32",
        "dark": "'transparent' is no colour like 036 or 003366",
        "light": "is there more than once",
        "source": "'poster' is none of qr",
        "colour": "is no option here; there are level, margin, scale, dark, light, source",
    }


@pytest.mark.parametrize("text", ["", "-1", "+4", " 4", "4.0", "4\n", "\u0664", "1" * 5000])
def test_a_number_is_a_whole_one_in_digits(text: str) -> None:
    with pytest.raises(InvalidOptions, match=r"margin: .* is no whole number"):
        read_options({"margin": text}, PNG_OPTIONS)


def test_an_svg_has_no_scale() -> None:
    with pytest.raises(InvalidOptions, match="scale: is no option here; there are level, margin"):
        read_options({"scale": "4"}, SVG_OPTIONS)


@pytest.mark.parametrize(
    ("dark", "light", "doubt"),
    [
        ("#000000", "#ffffff", ""),
        ("#000000", "transparent", ""),
        ("#949494", "#ffffff", ""),
        ("#959595", "#ffffff", "has a contrast of 3.0:1, and scanners need 3:1"),
        ("#ffff00", "transparent", "#ffff00 on transparent has a contrast of 1.1:1"),
        ("#777777", "#777777", "has a contrast of 1.0:1"),
        ("#ffffff", "#000000", "#ffffff on #000000 is light on dark"),
    ],
)
def test_colours_that_scanners_cannot_tell_apart_are_doubted(
    dark: str, light: str, doubt: str
) -> None:
    said = too_little_contrast(QrOptions(dark=dark, light=light))
    assert doubt in said
    assert bool(said) == bool(doubt)


@pytest.mark.parametrize(("name", "text"), [("level", "h"), ("light", "Transparent")])
def test_words_are_read_as_the_document_of_the_interface_spells_them(name: str, text: str) -> None:
    with pytest.raises(InvalidOptions):
        read_options({name: text}, PNG_OPTIONS)
