import pytest

from app.exports.thrift import Wide, struct


@pytest.mark.parametrize(
    ("fields", "encoded"),
    [
        ({}, "00"),
        ({1: 1, 3: -1}, "150225" + "01" + "00"),
        ({2: Wide(300)}, "26d804" + "00"),
        ({4: b"ab"}, "48" + "026162" + "00"),
        ({1: [1, 2]}, "19" + "25" + "0204" + "00"),
        ({1: list(range(15))}, "19" + "f50f" + "".join(f"{2 * n:02x}" for n in range(15)) + "00"),
        ({5: {1: 0}}, "5c" + "1500" + "00" + "00"),
    ],
)
def test_thrift_is_as_its_specification_says(fields: dict[int, object], encoded: str) -> None:
    assert struct(fields).hex() == encoded


@pytest.mark.parametrize("fields", [{1: 1.5}, {20: 1}])
def test_what_thrift_has_no_form_for_is_a_fault(fields: dict[int, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        struct(fields)
