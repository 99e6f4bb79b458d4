"""Record of what rules look at."""

from typing import NamedTuple


class Evidence(NamedTuple):
    """What is known of a visit, in few words: thousands of visits have the same.

    So each is judged once and remembered; whatever has as many values as there are visitors is
    read into words first, and doesn't belong here.

    Attributes:
        matched: names of rules that are known to match: by the user agent, or as a stored row says.
        purpose: why a browser loads the link on its own, e.g. ``prefetch``; '' for a visit.
        networks: kinds of the networks that the address is in, e.g. ``own``.
        is_own_device: whether the browser has asked not to be counted.
        traffic: what the visit is part of, e.g. ``burst``.
    """

    matched: tuple[str, ...] = ()
    purpose: str = ""
    networks: tuple[str, ...] = ()
    is_own_device: bool = False
    traffic: tuple[str, ...] = ()
