"""Brands by which browsers of Chromium call themselves in Sec-CH-UA, and what reports call them.

Sources: what the browsers send, as public issue trackers and captured requests show it, and
https://learn.microsoft.com/en-us/microsoft-edge/web-platform/user-agent-guidance for Edge. Names
are uap-core's where it has one.
"""

#: By brand the names on a computer and on a phone. The first of these that a browser names is its
#: own: those that are made of others come first, and all are made of Chromium.
BRANDS = {
    "Brave": ("Brave", "Brave"),
    "DuckDuckGo": ("DuckDuckGo", "DuckDuckGo Mobile"),
    "Opera GX": ("Opera GX", "Opera GX"),
    "Opera Air": ("Opera Air", "Opera Air"),
    "OperaMobile": ("Opera Mobile", "Opera Mobile"),
    "Opera": ("Opera", "Opera Mobile"),
    "Vivaldi": ("Vivaldi", "Vivaldi"),
    "YaBrowser": ("Yandex Browser", "Yandex Browser"),
    "Whale": ("Whale", "Whale"),
    "CocCoc": ("Coc Coc", "Coc Coc"),
    "HuaweiBrowser": ("Huawei Browser", "Huawei Browser"),
    "Samsung Internet": ("Samsung Internet", "Samsung Internet"),
    "Avast Secure Browser": ("Avast Secure Browser", "Avast Secure Browser"),
    "AVG Secure Browser": ("AVG", "AVG"),
    "Avira Secure Browser": ("Avira Secure Browser", "Avira Secure Browser"),
    "CCleaner Browser": ("CCleaner", "CCleaner"),
    "Norton Private Browser": ("Norton", "Norton"),
    "HeadlessChrome": ("HeadlessChrome", "HeadlessChrome"),
    "Microsoft Edge": ("Edge", "Edge Mobile"),
    "Google Chrome": ("Chrome", "Chrome Mobile"),
}

#: What user agents say of a browser that hides in them, as uap-core names it.
HIDDEN_AS = {
    **dict.fromkeys(
        ("Chrome", "Chrome Mobile", "Chrome Mobile WebView", "Chromium", "Android"),
        frozenset(BRANDS) - {"Google Chrome"},
    ),
    "Opera": frozenset(("Opera GX", "Opera Air")),
}

#: Systems of Sec-CH-UA-Platform (User-Agent Client Hints, §3.9), as reports call them.
PLATFORMS = {
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "Chromium OS": "Chrome OS",
    "Fuchsia": "Fuchsia",
    "iOS": "iOS",
    "Linux": "Linux",
    "macOS": "macOS",
    "Windows": "Windows",
}
