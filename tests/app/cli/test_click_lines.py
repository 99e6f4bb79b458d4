import json
from dataclasses import replace

from app.cli.click_lines import as_aligned_line, as_json_line, as_tab_line
from app.clicks.click import Click, new_click_id

MILLISECONDS = 1_778_414_400_123
CLICK = Click(
    click_id=new_click_id(MILLISECONDS, bytes(10)),
    short_code="abc",
    timestamp=MILLISECONDS // 1000,
    ip="203.0.113.77",
    user_agent="Mozilla/5.0",
    referer="https://news.example/",
    original_url="https://example.com/",
    host="go.example",
)


def test_a_person_in_a_line() -> None:
    assert as_tab_line(CLICK, "").split("\t") == [
        "2026-05-10T12:00:00.123Z",
        "abc",
        "203.0.113.0/24",
        "-",
        "https://news.example/",
        "Mozilla/5.0",
    ]


def test_a_bot_in_a_line_and_what_is_unknown() -> None:
    click = replace(CLICK, ip="", referer="", user_agent="")
    assert as_tab_line(click, "curl").split("\t")[2:] == ["-", "curl", "-", "-"]


def test_lines_stand_in_columns_and_fit_the_terminal() -> None:
    short = as_aligned_line(CLICK, "", 120)
    long = as_aligned_line(replace(CLICK, short_code="x" * 40, user_agent="y" * 400), "curl", 120)
    assert short.index("203.0.113.0/24") == long.index("203.0.113.0/24")
    assert short.index("https://news") == long.index("https://news")
    assert len(long) == 120


def test_a_visitors_text_cannot_move_the_cursor_or_add_a_line() -> None:
    click = replace(CLICK, user_agent="a\x1b[2J\r\nb\tc\u2028d\x9be")
    assert as_tab_line(click, "").endswith("\ta�[2J��b�c�d�e")


def test_the_json_form_is_exactly_this() -> None:
    assert json.loads(as_json_line(CLICK, "curl")) == {
        "time": "2026-05-10T12:00:00.123Z",
        "click_id": CLICK.click_id.hex(),
        "code": "abc",
        "target": "https://example.com/",
        "network": "203.0.113.0/24",
        "bot": "curl",
        "referer": "https://news.example/",
        "user_agent": "Mozilla/5.0",
        "host": "go.example",
    }
