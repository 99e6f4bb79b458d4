"""A browser without a screen: it asks the console for pages, and sends their forms."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import falcon.testing

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class Browser:
    """Keeps cookies, and asks as browsers do."""

    def __init__(self, client: falcon.testing.TestClient, **headers: str) -> None:
        self.client = client
        self.headers = {"Accept": HTML, **headers}
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Any:
        return self._kept(self.client.simulate_get(path, headers=self._headers(headers)))

    def send(self, path: str, page: str | None = None, **fields: Any) -> Any:
        """Send a form with the token of a page, by default the one of the same path."""
        token = _TOKEN.search(self.get(page or path).text)
        assert token, "the page has no form"
        return self.post(path, form_token=token[1], **fields)

    def post(self, path: str, **fields: Any) -> Any:
        headers = self._headers({"Content-Type": "application/x-www-form-urlencoded"})
        body = urlencode(fields, doseq=True)
        return self._kept(self.client.simulate_post(path, body=body, headers=headers))

    def follow(self, answer: Any) -> Any:
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**self.headers, **({"Cookie": cookies} if cookies else {}), **more}

    def _kept(self, answer: Any) -> Any:
        for name, cookie in answer.cookies.items():
            if cookie.max_age is not None and cookie.max_age > 0:
                self.cookies[name] = cookie.value
            else:
                self.cookies.pop(name, None)
        return answer


def text_of(answer: Any) -> str:
    """Return what a page says, without its markup."""
    body = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", answer.text)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())
