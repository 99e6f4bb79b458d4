import gzip
import re
from pathlib import Path

import pytest

import app.console
from app.console.pages.site.assets import Asset, Assets
from tests.support.pages import Browser

TEMPLATES = Path(app.console.__file__).parent / "templates"


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


def _loaded(names: set[str], files: dict[str, Asset]) -> set[str]:
    """Return scripts, and all that they import."""
    imported = {
        each
        for name in names
        for each in re.findall(r'from "\./([\w.]+)"', files[name].plain.decode())
    }
    return names if imported <= names else _loaded(names | imported, files)


def test_own_scripts_of_every_page_and_styles_are_small() -> None:
    """As they are sent: compressed."""
    files = Assets()._files
    own = {name for name in files if name.endswith(".js")} - {"idiomorph.js", "uplot.js"}
    pages = {
        path.name: _loaded(
            {"console.js", *re.findall(r"asset\('([\w.]+)'\)", path.read_text())} & own, files
        )
        for path in TEMPLATES.glob("*.html")
    }
    # A script that no page loads would be measured nowhere.
    assert set.union(*pages.values()) == own
    weights = {
        page: sum(len(files[name].compressed) for name in names) for page, names in pages.items()
    }
    assert {page: weight for page, weight in weights.items() if weight > 10_000} == {}
    assert len(files["console.css"].compressed) <= 10_000
    assert sum(len(asset.compressed) for asset in files.values()) < 110_000
