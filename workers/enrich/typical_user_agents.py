"""User agents that automata are made ready with, before a click waits for them.

google-re2 finds out an automaton's states as texts need them, so that the first texts of each kind
take a process up to 3 ms each instead of 50 µs.
"""

import random
import string
from collections.abc import Iterator

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
#: An engine, a system or a class of device each, and programs in the forms that most have.
PRODUCTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
    f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 15; SM-X710 Build/AP3A.240905.015; wv) {_WEBKIT} Version/4.0"
    " Chrome/142.0.7444.48 Safari/537.36 [FB_IAB/FB4A;FBAV/537.0.0.33.70;]",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.1 Safari/605.1.15",
    f"{_IPHONE} (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    f"{_IPHONE} (KHTML, like Gecko) Mobile/15E148 Instagram 405.0.0.27.76 (iPhone16,2; iOS 18_7)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) {_WEBKIT} SamsungBrowser/7.3 TV Safari/537.36",
    f"Mozilla/5.0 {_WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
)
#: Texts of letters without sense, which need more states than all products.
_SENSELESS = 50
_SENSELESS_LETTERS = 512
_LETTERS = string.ascii_letters + string.digits + string.punctuation + " "


def typical_user_agents() -> Iterator[bytes]:
    """Yield them, the same ones in each process."""
    yield from map(str.encode, PRODUCTS)
    chance = random.Random(1)  # noqa: S311 - nothing here is secret
    for _ in range(_SENSELESS):
        yield "".join(chance.choices(_LETTERS, k=_SENSELESS_LETTERS)).encode()
