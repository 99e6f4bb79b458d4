import shlex

from app.cli.services.up import _data_hint


def test_the_folder_that_is_shown_can_be_pasted(make_settings):
    hint = _data_hint(make_settings(data_dir="/srv/my dätä dir"))
    command = hint.partition("`")[2].rstrip("`")
    assert shlex.split(command) == ["export", "HOPLINE_DATA_DIR=/srv/my dätä dir"]
