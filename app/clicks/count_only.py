"""Rule for clicks that are only counted, since their visitor asked not to be followed.

The field ``count_only`` of a stream entry says so. Redirect and workers alike keep of such a click
no address, no user agent, no language, and of the referrer the site alone; see docs/privacy.md.
Whether its user agent is a program's is told, and nothing else of that.
"""

import re

#: What the field holds: of a person, and of a program.
MARK = b"1"
PROGRAM = b"2"
#: Id of nobody, which no report counts as a visitor.
NOBODY = 0

#: A browser takes a backslash for a slash, and a user's name ends with the last @.
_SITE = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*+://)(?:[^/?#\\\s]*@)?([^/?#\\\s@]++)")


def site_of(referrer: bytes) -> bytes:
    """Return scheme and host of a referrer, or nothing where it has none."""
    found = _SITE.match(referrer)
    return b"%b%b/" % found.groups() if found else b""
