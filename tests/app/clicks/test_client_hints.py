from app.clicks.client_hints import client_hints


def test_three_headers_are_one_field():
    brands = b'"Chromium";v="131", "Brave";v="131"'
    assert client_hints(b"?0", b'"Windows"', brands) == b'?0\t"Windows"\t' + brands
    assert client_hints(None, None, brands) == b"\t\t" + brands


def test_without_a_brand_nothing_is_kept():
    assert client_hints(b"?1", b'"Android"', b"") == b""
