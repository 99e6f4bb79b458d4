import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.codes import ALPHABET, is_valid, named, random_code, without_rest


@pytest.mark.parametrize("code", ["a", "demo1", "A-b_C", "_x", "9", "x" * 64, "a-"])
def test_letters_digits_underscores_and_hyphens_can_be_chosen(code: str) -> None:
    assert is_valid(code)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="nothing"),
        pytest.param("-", id="the services' own path"),
        pytest.param("-live", id="reads as an option"),
        pytest.param("x" * 65, id="too long"),
        pytest.param("robots.txt", id="a well-known file"),
        pytest.param("demo+", id="the preview's plus"),
        pytest.param("a/b", id="a slash"),
        pytest.param("a b", id="a space"),
        pytest.param("demo1\n", id="a line break at the end"),
        pytest.param("dемо", id="letters that only look Latin"),
        pytest.param("a\x00", id="a zero byte"),
        pytest.param("%41", id="percent-encoding"),
        pytest.param("a\udc80", id="a byte that was no UTF-8"),
    ],
)
def test_other_codes_cannot(code: str) -> None:
    assert not is_valid(code)


@given(st.integers(1, 64))
def test_made_up_codes_have_the_length_asked_for_and_are_valid(length: int) -> None:
    code = random_code(length)
    assert len(code) == length
    assert is_valid(code)


def test_made_up_codes_have_no_look_alikes() -> None:
    assert not set(ALPHABET) & set("0Oo1IiLl-_")
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_the_choice_of_characters_can_be_given() -> None:
    assert random_code(4, choice=lambda alphabet: alphabet[0]) == "2222"


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", fullmatch=True), st.text())
def test_a_code_is_found_before_whatever_no_code_can_hold(code: str, rest: str) -> None:
    assert without_rest(code) == code
    assert without_rest(f"{code}.){chr(0x200B)}\n") == code
    for sign in '&?#<>"\\\n\0':
        assert without_rest(f"{code}{sign}{rest}") == code


@given(st.text())
def test_what_is_found_in_a_text_is_found_again_in_what_was_found(text: str) -> None:
    assert without_rest(without_rest(text)) == without_rest(text)


def test_a_long_path_of_what_no_code_can_hold_takes_linear_time() -> None:
    began = time.process_time()
    without_rest("x" + "." * 1_000_000 + "a")
    # By the square of its length it would take two hours.
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    ["demo1", "https://go.example/demo1", "go.example/demo1/", "http://[::1]:8080/demo1+",
     " https://go.example/demo1?x=/y ", "https://go.example/demo1.", "<https://go.example/demo1>",
     "https://go.example/demo1#x/y", "(go.example/demo1).", "\u200bhttps://go.example/demo1//"],
)  # fmt: skip
def test_a_link_is_named_by_its_code_or_by_itself(text: str) -> None:
    assert named(text) == "demo1"
