"""Rule that recognises what a browser loads before anybody clicks."""

#: What browsers and proxies send when nobody has clicked yet, in the order of preference:
#: Sec-Purpose (https://fetch.spec.whatwg.org/#sec-purpose-header), and the older Purpose.
_PURPOSES = ("prerender", "prefetch", "preview")


def loaded_ahead(purpose: str) -> str:
    """Return why a browser loaded the link on its own: ``prefetch``, ``preview`` …, or ''."""
    said = purpose.lower()
    return next((name for name in _PURPOSES if name in said), "")
