import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redirect.redis.resp import decode_command, encode_command, split_commands


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=9))
def test_a_command_survives_the_way_there_and_back(arguments):
    assert decode_command(encode_command(*arguments)) == arguments


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=9)))
def test_commands_in_one_write_are_told_apart_whatever_their_arguments_hold(commands):
    encoded = [encode_command(*arguments) for arguments in commands]
    assert list(split_commands(b"".join(encoded))) == encoded


@pytest.mark.parametrize("noise", [b"", b"*1\r\n$3\r\nAB", b"+OK\r\n", b"nonsense\r\n"])
def test_what_is_not_exactly_one_command_is_refused(noise):
    with pytest.raises(ValueError, match="not"):
        decode_command(noise)


def test_two_commands_are_not_one():
    with pytest.raises(ValueError, match="not one command"):
        decode_command(encode_command(b"PING") * 2)
