"""Links that `hopline up --demo` makes, and who follows each: a small firm's, in two campaigns.

The addresses are those of documentation (RFC 2606 §3); nobody is contacted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SEARCH = {
    "https://www.google.com/": 8,
    "https://www.bing.com/": 2,
    "https://duckduckgo.com/": 2,
    "https://search.brave.com/": 1,
}
SOCIAL = {
    "https://t.co/Xk2bq9": 4,
    "https://www.linkedin.com/": 4,
    "https://l.facebook.com/": 3,
    "https://l.instagram.com/": 3,
    "https://www.reddit.com/r/selfhosted/": 2,
    "https://mastodon.social/": 1,
    "https://bsky.app/": 1,
}
VIDEO = {"https://www.youtube.com/watch?v=aqz-KE-bpKQ": 9, "https://vimeo.com/1084537": 1}
MAIL = {"": 6, "https://mail.google.com/": 2, "android-app://com.google.android.gm/": 3}
ASSISTANTS = {"https://chatgpt.com/": 5, "https://www.perplexity.ai/": 2, "https://claude.ai/": 1}
NEWS = {"https://news.ycombinator.com/item?id=44012345": 9, "https://lobste.rs/": 1}
#: Typed, from an application, or out of a message: no referrer is sent.
UNTOLD = {"": 1}


@dataclass(frozen=True, slots=True)
class DemoLink:
    """A link, and who follows it.

    Attributes:
        share: of the visits of a common day.
        age_days: how long ago it was made, before which nobody follows it.
        ways: how much comes each way: referrers with their weights, and the way's own weight.
        query: of a campaign, which visits carry.
        sent_weeks_ago: on whose Tuesday a mail with the link went out.
    """

    code: str
    target: str
    title: str
    tags: tuple[str, ...]
    share: float
    age_days: int
    ways: tuple[tuple[Mapping[str, int], float], ...] = field(default=((UNTOLD, 1.0),))
    query: str = ""
    sent_weeks_ago: tuple[int, ...] = ()

    def options(self) -> dict[str, object]:
        """Return what a store of links is given."""
        return {"target": self.target, "title": self.title, "tags": self.tags}


_SITE = "https://example.com"
_MAIL = "utm_source=newsletter&utm_medium=email&utm_campaign="
_ADS = "utm_source=google&utm_medium=cpc&utm_campaign=autumn&gclid"

#: In the order of their popularity.
LINKS = (
    DemoLink(
        "launch",
        f"{_SITE}/blog/launch",
        "Launch announcement",
        ("demo", "blog"),
        22,
        60,
        ((SOCIAL, 6), (SEARCH, 2), (UNTOLD, 3), (NEWS, 1)),
    ),
    DemoLink(
        "docs",
        f"{_SITE}/docs/start",
        "Getting started",
        ("demo", "product"),
        17,
        60,
        ((SEARCH, 6), (ASSISTANTS, 3), (UNTOLD, 2), ({"https://github.com/": 1}, 2)),
    ),
    DemoLink(
        "podcast",
        "https://example.org/podcast/episodes/42",
        "Podcast, episode 42",
        ("demo", "audio"),
        11,
        44,
        ((VIDEO, 3), (SOCIAL, 3), (UNTOLD, 4)),
    ),
    DemoLink(
        "menu",
        "https://example.net/menu.pdf",
        "The QR code on the tables",
        ("demo", "print"),
        9,
        60,
        ((UNTOLD, 1),),
        "utm_source=table&utm_medium=qr",
    ),
    DemoLink(
        "survey",
        f"{_SITE}/survey/2026",
        "Customer survey",
        ("demo", "mailing"),
        3,
        14,
        ((MAIL, 1),),
        _MAIL + "survey",
        (1,),
    ),
    DemoLink(
        "autumn",
        f"{_SITE}/offers/autumn",
        "Autumn offer",
        ("demo", "mailing", "sale"),
        4,
        28,
        ((MAIL, 1),),
        _MAIL + "autumn",
        (3, 2),
    ),
    DemoLink(
        "ads",
        f"{_SITE}/offers/autumn?from=ads",
        "Autumn offer, advertisement",
        ("demo", "sale"),
        6,
        24,
        ((SEARCH, 1),),
        _ADS,
    ),
    DemoLink(
        "video",
        "https://www.example.org/watch/tour",
        "A tour in four minutes",
        ("demo", "video"),
        7,
        40,
        ((VIDEO, 5), (SOCIAL, 3), (UNTOLD, 1)),
    ),
    DemoLink(
        "jobs", f"{_SITE}/jobs", "We are hiring", ("demo",), 4, 20, ((SOCIAL, 3), (SEARCH, 2))
    ),
    DemoLink(
        "pricing",
        f"{_SITE}/pricing",
        "Prices",
        ("demo", "product"),
        6,
        60,
        ((SEARCH, 4), (ASSISTANTS, 1), (UNTOLD, 2)),
    ),
    DemoLink("wifi", "https://example.net/guests", "Guests' network", ("demo", "print"), 2, 55),
    DemoLink(
        "changelog",
        f"{_SITE}/changelog",
        "What is new",
        ("demo", "product"),
        3,
        50,
        (({"https://github.com/": 1}, 3), (UNTOLD, 2)),
    ),
    DemoLink(
        "benchmark",
        f"{_SITE}/blog/benchmark",
        "How fast is it really?",
        ("demo", "blog"),
        3,
        12,
        ((NEWS, 3), (SOCIAL, 2), (SEARCH, 1)),
    ),
    DemoLink("press", f"{_SITE}/press", "Pictures for the press", ("demo",), 1, 35, ((SEARCH, 1),)),
    DemoLink(
        "slides",
        "https://example.org/talks/exactly-once.pdf",
        "Slides of the talk",
        ("demo", "audio"),
        2,
        16,
        ((SOCIAL, 2), (UNTOLD, 3)),
    ),
)
#: Which link is talked about all of last week's Wednesday.
VIRAL_CODE = "benchmark"
