"""Formulas that a spreadsheet runs when it opens a file, and should not."""

import re

#: What a spreadsheet runs as a formula, and what has already got an apostrophe for that.
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def neutralised(text: str) -> str:
    """Return the text of a cell, with an apostrophe before it if it would run as a formula."""
    return f"'{text}" if FORMULA.match(text) else text
