"""Configuration files as they lie on disk: found, refused for what they are, never read when they cannot be meant."""

import os
import time

import pytest

from aiops_planner.errors import ConfigError
from aiops_toolkit.config.reading import find_config, load_settings
from support.config_samples import FULL


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", ": found a binary file, expected YAML text; is this the right file?"),
        (FULL.encode("utf-16"), ": found UTF-16 text, expected UTF-8; save the file as UTF-8"),
        ("version: 1\nname: café\n".encode("latin-1"), ":2: found bytes that are not UTF-8; save the file as UTF-8"),
        (
            "version: 1\n# café\na: \x07\n".encode(),
            ":3: found a character that YAML does not allow, expected printable text",
        ),
    ],
    ids=["binary", "UTF-16", "Latin-1", "control character"],
)
def test_what_is_no_text_is_refused(here, content, expected):
    path = here / "aiops.yml"
    path.write_bytes(content)
    assert refusal(path) == f"aiops.yml{expected}"


def test_a_missing_file_says_how_to_get_one(here):
    expected = "none.yml: no such file; run `aiops init` to write one, or name another with --config"
    assert refusal(here / "none.yml") == expected


def test_a_folder_is_no_configuration(here):
    assert refusal(here) == ".: found a folder, expected a file; name the aiops.yml in it"


def test_a_pipe_is_refused_without_waiting_for_a_writer(here):
    path = here / "aiops.yml"
    os.mkfifo(path)
    assert refusal(path) == "aiops.yml: found a pipe or device, expected a file"


def test_a_device_is_refused(here):
    assert refusal(here / os.devnull) == f"{os.devnull}: found a pipe or device, expected a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_says_why(here):
    path = here / "aiops.yml"
    path.write_text(FULL)
    path.chmod(0)
    assert refusal(path) == "aiops.yml: cannot be read: Permission denied; check the path and its permissions"


def test_a_path_through_a_file_says_why(here):
    (here / "aiops.yml").write_text(FULL)
    expected = "aiops.yml/aiops.yml: cannot be read: Not a directory; check the path and its permissions"
    assert refusal(here / "aiops.yml" / "aiops.yml") == expected


def test_a_link_to_itself_says_why(here):
    (here / "aiops.yml").symlink_to("aiops.yml")
    assert "cannot be read: Too many levels of symbolic links" in refusal(here / "aiops.yml")


def test_a_name_that_no_file_can_have_is_refused(here):
    assert "cannot be read" in refusal(here / "a\0b.yml")


def test_fifty_megabytes_are_refused_unread(here):
    path = here / "aiops.yml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    begin = time.process_time()
    assert refusal(path) == "aiops.yml: found 50.0 MB, expected at most 1 MB; is this the right file?"
    assert time.process_time() - begin < 1.0  # reading it takes many


def test_a_megabyte_of_values_is_refused_in_little_time(here):
    path = here / "aiops.yml"
    path.write_text("version: 1\nservice: [" + "a," * 490_000 + "]\n")
    begin = time.process_time()
    assert "found more than 50,000 values" in refusal(path)
    assert time.process_time() - begin < 10


def test_the_configuration_is_found_upwards_to_the_root_of_the_repository(here):
    (here / ".git").mkdir()
    (here / "aiops.yml").write_text(FULL)
    inner = here / "service" / "app"
    inner.mkdir(parents=True)
    assert find_config(inner) == here / "aiops.yml"
    (here / "service" / "aiops.yml").write_text(FULL)
    assert find_config(inner) == here / "service" / "aiops.yml"


def test_the_search_ends_at_the_root_of_the_repository(here):
    (here / "aiops.yml").write_text(FULL)
    root = here / "repository"
    (root / "app").mkdir(parents=True)
    (root / ".git").write_text("gitdir: elsewhere\n")  # a worktree has a file here
    with pytest.raises(ConfigError) as caught:
        find_config(root / "app")
    expected = f"not found in {root / 'app'} and its parents up to {root}; run `aiops init`"
    assert expected in caught.value.message


def test_outside_a_repository_only_the_folder_itself_is_searched(here):
    (here / "aiops.yml").write_text(FULL)
    (here / "app").mkdir()
    assert find_config(here) == here / "aiops.yml"
    with pytest.raises(ConfigError, match=r"aiops.yml: not found in .*app; run `aiops init`"):
        find_config(here / "app")


def test_another_name_can_be_looked_for(here):
    (here / "other.yml").write_text(FULL)
    assert find_config(here, "other.yml") == here / "other.yml"
