"""What browsers of Chromium say of themselves unasked, as one field of a click.

A user agent no longer tells a Brave from a Chrome. Three headers of few values do (`User-Agent
Client Hints <https://wicg.github.io/ua-client-hints/>`_, §3): brands, whether the browser is on a
phone, and the system. No other hint is asked for, and none is kept.
"""

#: Headers, in the order of the field's parts.
HEADERS = (b"sec-ch-ua-mobile", b"sec-ch-ua-platform", b"sec-ch-ua")
#: Stands between the parts. In a header's text it stands for a blank.
SEPARATOR = "\t"

_SEPARATOR = SEPARATOR.encode()


def client_hints(mobile: bytes | None, platform: bytes | None, brands: bytes) -> bytes:
    """Return the field of what the three headers hold; what tells of no brand tells nothing."""
    return _SEPARATOR.join((mobile or b"", platform or b"", brands)) if brands else b""
