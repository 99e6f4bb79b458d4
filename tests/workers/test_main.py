import pytest

from workers.__main__ import main


def test_help_says_how_it_stops_and_ends(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "SIGTERM" in text
    assert "Exit codes" in text


def test_an_unknown_argument_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--nonsense"])
    assert end.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_a_bad_setting_is_named(monkeypatch, capsys):
    monkeypatch.setenv("HOPLINE_CONSUMERS", "many")
    assert main([]) == 2
    assert "HOPLINE_CONSUMERS='many'" in capsys.readouterr().err
