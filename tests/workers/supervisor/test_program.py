import pytest

from workers.supervisor.program import main


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


def test_too_few_consumers_for_the_shards_are_refused_in_one_line(monkeypatch, capsys):
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "4")
    monkeypatch.setenv("HOPLINE_CONSUMERS", "4")
    assert main([]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("hopline: HOPLINE_STREAM_SHARDS=4 needs HOPLINE_CONSUMERS=5 at least")
