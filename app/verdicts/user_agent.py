"""Classifier that tells by the user agent whether a person or a program follows a link.

All patterns are searched at once by a google-re2 set, in time linear in the user agent's length
whatever a visitor sends.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import re2

from app.verdicts.crawler_list import listed_patterns
from app.verdicts.evidence import Evidence
from app.verdicts.forms import (
    BARE,
    COMPATIBLE,
    COMPATIBLE_BROWSERS,
    COMPATIBLE_NAME,
    DEVICES,
    ENGINES,
    NO_DEVICE,
    NO_USER_AGENT,
    NOTHING,
)
from app.verdicts.judge import Judge
from app.verdicts.libraries import HEADLESS, HTTP_LIBRARY
from app.verdicts.modes import Modes, decides, read_modes
from app.verdicts.rule import Rule, Verdict
from app.verdicts.rules import CRAWLER_LIST, RULES
from app.verdicts.words import BOT_WORD, CONTACT, PURPOSE_WORD

#: Longest name; a few patterns match across most of a user agent.
MAX_NAME_LENGTH = 40
#: What a visitor without a user agent is called.
NAMELESS = "no user agent"

PERSON = Verdict("person", "", ())

#: Where the remark behind ``Mozilla/5.0`` begins at the latest, in characters.
_FIRST_REMARK = 14
_AROUND_NAME = " /();:,+\"'<>[]{}"
#: What Android says of the phone, up to the next remark. Makers call phones as they like. That it
#: begins a word is looked at behind its first letter, which is searched for in half the time.
_MODEL = re.compile(
    r"([Aa](?<=\b.)(?:ndroid|dr)[ /-]?[\w.]{0,20}; ?(?:[A-Za-z]{2}[-_][A-Za-z]{2,4}; ?)?)[^;()]*"
)
#: Sites of browsers, and of parts of them, that name these. Bsalsa's shows pages in windows of
#: programs for Windows.
_BROWSERS_NAMES = ("bsalsa", "avantbrowser", "orcabrowser", "qtweb", "kangaroo-personal", "vinn")
_BROWSERS_SITE = re.compile(
    r"(?:\+? ?https?://)?(?:www\.)?"
    rf"(?:{'|'.join(_BROWSERS_NAMES)})\.(?:com\.au|com|net|de)/?",
    re.IGNORECASE,
)
_AROUND_NOTHING = " \t\r\n\0-_.,:;?!()[]{}<>'\"/\\*"
_WORD_START = re.compile(r"[\w.-]+")
_WORD_END = re.compile(r"[\w.-]+\Z")
#: Rules whose patterns say nothing of a name.
_NAMED_OTHERWISE = (BARE, CONTACT, HTTP_LIBRARY)
_PRODUCT = re.compile(r"([A-Za-z][\w.-]*)(?:/[\w.]+)?")
#: Rules whose patterns are in the midst of a name.
_PARTS = (BOT_WORD, PURPOSE_WORD, HEADLESS)
#: Rules whose words are also in names of apps.
_ALSO_OF_APPS = (PURPOSE_WORD, CONTACT)
#: What nearly every browser or app says, one of ENGINES each.
_COMMON = ("applewebkit", "gecko/", "trident/", "msie ", "dalvik", "cfnetwork")
#: Words of browsers and systems.
_BROWSERS_OWN = re.compile(
    r"mozilla|applewebkit|khtml|like|gecko|chrome|safari|version|mobile|compatible|firefox|opera|"
    r"presto|msie|trident|net|clr|linux|windows|macintosh|intel|mac|os|nt|android|build|rv|wow64|"
    r"win64|x64|x11|x86_64|i686|armv7l|aarch64|http|https|www|unknown|[a-z]{1,2}(?:-[a-z]{2})?",
    re.IGNORECASE,
)


class Agent(NamedTuple):
    """What a user agent says of who follows a link.

    Attributes:
        rules: names of the rules that it matches, in their order.
        name: what the program is called, '' where none of these decides.
    """

    rules: tuple[str, ...]
    name: str


class UserAgentClassifier:
    """Tells programs from people by their user agents; made once in a process, 20 ms.

    Args:
        modes: of every rule; None for their own.
    """

    def __init__(self, modes: Modes | None = None) -> None:
        self._modes = modes or read_modes(())
        self._judge = Judge(self._modes)
        owned = [
            (rule, pattern)
            for rule in RULES
            if self._modes[rule.name] != "off"
            for pattern in (listed_patterns() if rule is CRAWLER_LIST else rule.patterns)
        ]
        self._rules = [rule for rule, _ in owned]
        self._patterns = [pattern for _, pattern in owned]
        listed = {at: pattern for at, (rule, pattern) in enumerate(owned) if rule is CRAWLER_LIST}
        ours = [(at, pattern) for at, (_, pattern) in enumerate(owned) if at not in listed]
        half = len(ours) // 2
        # Together they would need more states than google-re2 keeps at a time: ten times as slow.
        # Made-up letters take two thirds of the time in two halves of ours.
        parts = (listed, dict(ours[:half]), dict(ours[half:]))
        self._sets = tuple(map(_PatternSet, parts))
        self._compatible = re2.compile(COMPATIBLE_NAME)
        self._compatible_browsers = re2.compile(COMPATIBLE_BROWSERS)
        self._browsers = _PatternSet({0: ENGINES, 1: DEVICES})
        self._devices = _PatternSet({0: DEVICES})
        self._compiled = lru_cache(1024)(re2.compile)

    def read(self, user_agent: str) -> Agent:
        """Return the rules that a user agent matches.

        It takes some 10 µs; whoever asks often remembers the answers.
        """
        text = _without_browsers_site(_without_model(user_agent.strip()))
        matching = sorted(at for each in self._sets for at in each.matching(text))
        if matching and self._is_app(matching, text):
            matching = [one for one in matching if self._rules[one] not in _ALSO_OF_APPS]
        rules = dict.fromkeys(self._rules[one].name for one in matching)
        for one in matching:
            if decides(self._rules[one], self._modes):
                return Agent(tuple(rules), self._name(one, text))
        formed = self._by_form(text)
        if formed is None or self._modes[formed[0].name] == "off":
            return Agent(tuple(rules), "")
        rule, name = formed
        return Agent((*rules, rule.name), name if decides(rule, self._modes) else "")

    def verdict(self, user_agent: str) -> Verdict:
        """Return who follows a link, as far as a user agent tells, and by which rules."""
        agent = self.read(user_agent)
        return self._judge.judge(Evidence(matched=agent.rules)).verdict(agent.name)

    def name(self, user_agent: str) -> str:
        """Return the program's name, e.g. ``Googlebot``, or '' for a person."""
        return self.read(user_agent).name

    def _is_app(self, matching: list[int], text: str) -> bool:
        """Tell an app of a person's device from a program.

        It may be called QR Scanner, and name its maker's site. What is only recorded makes no
        program of it.
        """
        enforced = (self._rules[one] for one in matching if self._is_enforced(one))
        return (
            all(rule in _ALSO_OF_APPS for rule in enforced)
            and not text.startswith("Mozilla/")
            and bool(self._devices.matching(text))
        )

    def _is_enforced(self, index: int) -> bool:
        return self._modes[self._rules[index].name] == "enforcing"

    def _by_form(self, text: str) -> tuple[Rule, str] | None:
        """Return the rule for what says nowhere that it is a program, and its name; None: none."""
        lower = text.lower()
        if lower.strip(_AROUND_NOTHING) in NOTHING:
            return NO_USER_AGENT, NAMELESS
        if _says_compatible(lower) and (name := self._compatible_name(text)):
            return COMPATIBLE, name
        # What nearly all browsers say is looked for first: a search takes much longer.
        if any(word in lower for word in _COMMON) or self._browsers.matching(text):
            return None
        return NO_DEVICE, _called(text)

    def _compatible_name(self, text: str) -> str:
        """Return who says `(compatible; NAME`, '' for a browser that said so.

        In the first remark a browser may have a name of its makers' among its systems.
        """
        found = self._compatible.search(text)
        if not found or self._compatible_browsers.search(found.group(1)):
            return ""
        if found.start() <= _FIRST_REMARK and self._devices.matching(text):
            return ""
        return _shortened(found.group(1))

    def _name(self, index: int, text: str) -> str:
        rule = self._rules[index]
        if rule in _NAMED_OTHERWISE:
            return _called(text)
        match = self._compiled(self._patterns[index]).search(text)
        group = 0 if rule is CRAWLER_LIST else match.lastindex or 0
        found = _whole_words(text, *match.span()) if rule in _PARTS else match.group(group)
        return _shortened(found) or _called(text)


def _says_compatible(lower: str) -> bool:
    """Tell whether somebody but Internet Explorer says so, who always did."""
    return "(compatible" in lower and "(compatible; msie " not in lower


class _PatternSet:
    """Patterns that are searched together, each known by its place."""

    def __init__(self, patterns: dict[int, str]) -> None:
        self._places = list(patterns)
        self._set = re2.Set.SearchSet()
        for pattern in patterns.values():
            self._set.Add(pattern)
        self._set.Compile()

    def matching(self, text: str) -> list[int]:
        """Return the places of the patterns that are in a text, in no order."""
        found = self._set.Match(text)
        return [self._places[one] for one in found] if found else []


def _whole_words(text: str, start: int, end: int) -> str:
    """Return a match with what is left and right of it of the words that it begins and ends in."""
    before = _WORD_END.search(text[max(start - MAX_NAME_LENGTH, 0) : start + 1])
    after = _WORD_START.match(text[end - 1 : end + MAX_NAME_LENGTH])
    left = before[0][:-1] if before else ""
    right = after[0][1:] if after else ""
    return left + text[start:end] + right


def _without_model(user_agent: str) -> str:
    if "ndroid" not in user_agent and "Adr" not in user_agent:
        return user_agent
    return _MODEL.sub(r"\1", user_agent)


def _without_browsers_site(user_agent: str) -> str:
    if "www." not in user_agent and "://" not in user_agent:
        return user_agent
    # Each letter could be where an address begins, which takes long to find out.
    lower = user_agent.lower()
    if not any(name in lower for name in _BROWSERS_NAMES):
        return user_agent
    return _BROWSERS_SITE.sub("", user_agent)


def _called(text: str) -> str:
    """Return the first product of a user agent (RFC 9110 §10.1.5) that is no browser's."""
    for found in _PRODUCT.finditer(text):
        if not _BROWSERS_OWN.fullmatch(found[1]):
            return _shortened(found[1])
    return _shortened(text.partition("/")[0]) or NAMELESS


def _shortened(name: str) -> str:
    return name.strip(_AROUND_NAME)[:MAX_NAME_LENGTH].strip(_AROUND_NAME)
