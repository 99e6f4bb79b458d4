import gzip
import re

import pytest

from app.console.pages.site.assets import Assets
from tests.support.pages import Browser


def test_assets_may_be_kept_for_ever_and_come_compressed(browser: Browser) -> None:
    urls = set(re.findall(r'"(/-/static/[^"#]+)', browser.get("/").text))
    assert len(urls) >= 6
    for url in urls:
        plain = browser.client.simulate_get(url)
        packed = browser.client.simulate_get(url, headers={"Accept-Encoding": "br, gzip;q=0.5"})
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert "immutable" in plain.headers["cache-control"]
        assert "content-encoding" not in plain.headers


def test_other_content_has_another_name(tmp_path) -> None:
    names = set()
    for text in ("a", "b"):
        (tmp_path / "x.css").write_text(text)
        names.add(Assets(tmp_path).url("x.css"))
    assert len(names) == 2


@pytest.mark.parametrize(
    "path", ["/-/static/x/console.css", "/-/static/../app.py", "/-/static/a/b"]
)
def test_what_is_no_asset_is_not_there(browser: Browser, path: str) -> None:
    assert browser.client.simulate_get(path).status_code == 404


def test_own_scripts_and_styles_are_small() -> None:
    """As they are sent: compressed."""
    files = Assets()._files
    own = ("console.js", "clipboard.js", "keys.js", "chart.js")
    assert sum(len(files[name].compressed) for name in own) <= 10_000
    assert len(files["console.css"].compressed) <= 10_000
    assert sum(len(asset.compressed) for asset in files.values()) < 110_000
