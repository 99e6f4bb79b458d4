r"""Operating systems by the words that tell them, and uap-core's names as the world spells them.

What is told here comes before uap-core, which takes what runs an altered Android for Android, an
iPad for a phone, and names no console. Sources: makers' pages on their user agents (Amazon on Fire
OS, Huawei on HarmonyOS, Apple on iPadOS, LG on webOS, Meta on Horizon OS).
"""

from workers.enrich.facts.words import words

SYSTEMS = {
    "PlayStation": words(r"playstation | \bpsp\b"),
    "Xbox": words(r"xbox(?:;|_one|[ _]series| one|\b.{0,20}edg) | ; xbox"),
    "Nintendo": words(r"nintendo | \bwiiu?\b"),
    "Windows Phone": words(r"windows phone | wpdesktop"),
    "Roku": words(r"\broku"),
    "KaiOS": words(r"\bkaios"),
    "watchOS": words(r"\bwatch ?os\b | \bwatch\d{1,2},\d | apple watch"),
    "tvOS": words(r"\btvos | apple ?tv"),
    "visionOS": words(r"\bvisionos/ | \bxros/"),
    "HarmonyOS": words(r"harmonyos | openharmony | \bhmos\b"),
    "Meta Horizon OS": words(r"(?:x86_64|android \d+); quest(?: \d| pro|\))"),
    "PICO OS": words(r"picobrowser"),
    "Fire OS": words(
        r"; kf[a-z]{2,6}(?: build|\)) | (?:\b|_)aft[a-z0-9]{1,9}(?:[ _]build|\)|;)"
        r" | \baeo[a-z]{2,3}\b | kindle fire | \bsilk/ | amazon-fireos | amazonwebappplatform"
    ),
    "Tizen": words(r"\btizen"),
    "webOS": words(r"web0s | \bwebos | hpwos | hp-tablet"),
    "VIDAA": words(r"\bvidaa"),
    "ViziOS": words(r"\bvizios | vizio ?cast"),
    "Whale OS": words(r"whale ?os | \bzeasn"),
    "iPadOS": words(r"\bipad"),
    "iOS": words(r"\biphone | \bipod | fban/fbios | fbsn/ios | \bdv\(iph"),
    "Chrome OS": words(r"\bcros[ _;] | chromeos"),
    "Android": words(
        r"\bfban/(?:fb4a|orca|ema)\b | fb_iab/fb4a | fbpn/com\.facebook | fbsn/android"
        r" | andr0id | \badr \d"
    ),
    "macOS": words(
        r"darwin/[\d.]+ \((?:x86_64|i386|power) | ^safari/?\d.*darwin | \bmacos"
        r" | macintel | mac os/ | \bmac\d{1,2},\d | macbook[a-z]{0,5}\d | imac\d | macmini\d"
    ),
    "MorphOS": words(r"morphos"),
    "AmigaOS": words(r"amigaos | amiga-aweb | amigavoyager | \bamiga\b"),
    "Haiku": words(r"\bhaiku"),
    "BrightSign OS": words(r"brightsign/"),
}

#: What is told where uap-core knows nothing either: systems by the word alone, and phones on which
#: programs of Java ME are all that is known.
LAST_RESORTS = {
    "Android": words(r"\bandroid"),
    "iOS": words(r"[/.]ios\b | \(ios\)"),
    "Windows": words(r"\(win\d | ; win\d{1,2} x"),
    "Linux": words(r"\blinux"),
    "J2ME": words(r"\bj2me | \bmidp | \bcldc | ^j-phone | up\.browser | wap ?browser"),
}

#: uap-core's names that the world spells otherwise, or that are none of a system's: makers of
#: televisions, and ``Other``.
RENAMED = {
    "Mac OS X": "macOS",
    "ATV OS X": "tvOS",
    "WatchOS": "watchOS",
    "Web0S": "webOS",
    "Other": "",
    "FireHbbTV": "",
    "LG": "",
    "Philips": "",
    "Samsung": "",
}
