import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.qr.colours import TRANSPARENT, contrast, read_colour

COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#036", "#003366"), ("036", "#003366"), ("#ABCDEF", "#abcdef"), ("ffffff", "#ffffff")],
)
def test_colours_are_read_as_css_writes_them(text: str, colour: str) -> None:
    assert read_colour(text) == colour


@pytest.mark.parametrize("text", ["", "#", "red", "#12", "#1234", "#12345678", "#00000g", "##036"])
@pytest.mark.parametrize("behind", ["", "\n", '"/><script>'])
def test_what_is_none_is_refused(text: str, behind: str) -> None:
    with pytest.raises(ValueError, match="is no colour like 036 or 003366"):
        read_colour(text + behind)


@given(COLOURS)
def test_a_colour_read_is_read_the_same_again(colour: str) -> None:
    assert read_colour(colour) == read_colour(colour[1:]) == colour


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#000000", TRANSPARENT) == pytest.approx(21)
    # The lightest grey that WCAG's level AA takes for text on white.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@given(COLOURS, COLOURS)
def test_contrast_turns_round_with_its_colours(one: str, other: str) -> None:
    assert 1 / 21 - 1e-9 <= contrast(one, other) <= 21 + 1e-9
    assert contrast(one, other) * contrast(other, one) == pytest.approx(1)
