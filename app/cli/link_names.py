"""Callback that lets options name a link as arguments do: by its code or a pasted short link."""

from app.links.codes import named


def named_or_none(text: str | None) -> str | None:
    """Return the code of what a person names a link by, None where nobody does."""
    return None if text is None else named(text)
