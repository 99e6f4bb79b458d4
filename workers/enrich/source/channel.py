"""Rules that say by which channel a visitor came, from source, campaign and referrer.

Sources: Google's `default channel group <https://support.google.com/analytics/answer/9756891>`_,
whose words and order these are where it has any; beyond it stand messaging, AI assistants, codes
on paper, and visits from our own pages. What a campaign says goes before click ids, and these
before the referrer. The first rule that matches decides.
"""

import re

from workers.enrich.source.campaign import Campaign
from workers.enrich.source.named_sources import Source

DIRECT, REFERRAL, INTERNAL, OTHER = "direct", "referral", "internal", "other"

_PAID = re.compile(r".*cp.*|ppc|retargeting|remarketing|paid.*|sem")
_SHOPPING_CAMPAIGN = re.compile(r"(?:^|[^a-df-z])shop|shopping", re.IGNORECASE)
_WORD = re.compile(r"[ _-]+")
#: What a medium says on its own; its words are joined by one hyphen.
_BY_MEDIUM = {
    **dict.fromkeys(("qr", "qrcode", "qr-code", "print-qr"), "qr"),
    **dict.fromkeys(("display", "banner", "expandable", "interstitial", "cpm"), "display"),
    **dict.fromkeys(("affiliate", "affiliates", "partner"), "affiliate"),
    **dict.fromkeys(("email", "e-mail", "mail", "newsletter", "e-newsletter"), "email"),
    **dict.fromkeys(
        ("social", "social-network", "social-media", "sm", "organic-social", "socialmedia"),
        "social",
    ),
    **dict.fromkeys(("sms", "text-message"), "sms"),
    **dict.fromkeys(("push", "web-push", "webpush", "mobile", "notification"), "push"),
    **dict.fromkeys(("audio", "podcast"), "audio"),
    **dict.fromkeys(("video", "organic-video"), "video"),
    **dict.fromkeys(("organic", "organic-search", "seo"), "search"),
    **dict.fromkeys(("messaging", "messenger", "chat", "im", "dm"), "messaging"),
    **dict.fromkeys(("ai", "ai-assistant", "llm", "chatbot"), "ai"),
}
_LINKS = frozenset(("referral", "app", "link", "website", "web", "blog", "press", "pr"))
_BY_WORD_OF_SOURCE = {
    **dict.fromkeys(("qr", "qrcode", "qr-code"), "qr"),
    **dict.fromkeys(("email", "e-mail", "newsletter", "mail"), "email"),
    "sms": "sms",
}
_PAID_KINDS = frozenset(("search", "social", "video", "shopping"))
#: Click ids that only what was paid for has; others (fbclid) say which app it was.
_BY_CLICK_ID = {
    **dict.fromkeys(("gclid", "gbraid", "wbraid", "msclkid", "yclid"), "paid search"),
    **dict.fromkeys(("ttclid", "twclid", "li_fat_id", "rdt_cid", "sccid", "epik"), "paid social"),
    "dclid": "display",
    **dict.fromkeys(("irclickid", "cjevent", "awc"), "affiliate"),
    **dict.fromkeys(("fbclid", "igshid", "igsh", "vk_ref"), "social"),
    **dict.fromkeys(("mc_eid", "_hsenc", "mkt_tok"), "email"),
    "srsltid": "shopping",
    "ysclid": "search",
}
#: What click ids say of clicks that nobody paid for; a source that is known says it better.
_FREE = frozenset(("social", "search", "shopping"))


def channel(source: Source | None, campaign: Campaign, has_referrer: bool, is_own: bool) -> str:
    """Return the channel, one of a few dozen words.

    Args:
        source: what the campaign or the referrer names, None for one that isn't known.
        has_referrer: whether the visitor came from any page or app that says so.
        is_own: whether that is a page of ours.
    """
    kind = source.kind if source else ""
    if said := _of_campaign(kind, campaign):
        return said
    if is_own and not campaign.source:
        return INTERNAL
    marks = [_BY_CLICK_ID[one] for one in campaign.click_ids.split(",") if one]
    # The free ones last, and last of all what the source is.
    if marks and not (kind and _FREE.issuperset(marks)):
        return min(marks, key=_FREE.__contains__)
    if kind:
        return kind
    if has_referrer:
        return REFERRAL
    return OTHER if any(campaign) else DIRECT


def _of_campaign(kind: str, campaign: Campaign) -> str:
    """Return the channel that a campaign's own words say, '' if they say none."""
    medium = _WORD.sub("-", campaign.medium.strip())
    known = _BY_MEDIUM.get(medium, "") or _like_known(medium)
    if medium and known != "qr" and _PAID.fullmatch(medium):
        return _paid(kind, known, campaign.campaign)
    if medium in _LINKS:
        return kind or REFERRAL
    return known or _BY_WORD_OF_SOURCE.get(campaign.source, "")


def _like_known(medium: str) -> str:
    if medium.endswith("push"):
        return "push"
    return "video" if "video" in medium else ""


def _paid(kind: str, known: str, name: str) -> str:
    if kind == "shopping" or _SHOPPING_CAMPAIGN.search(name):
        return "paid shopping"
    if kind in _PAID_KINDS:
        return f"paid {kind}"
    return known or "paid"
