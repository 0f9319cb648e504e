"""Sizes as people write them."""

import pytest

from analytics_lib.model.sizes import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("800 MB", 800_000_000), ("800mb", 800_000_000), (" 1.5 GB ", 1_500_000_000), ("1GiB", 2**30), ("64 KB", 64_000)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "800", "MB", "-1 GB", "0 MB", "1 PB", "a lot", "1e3 MB", "0.0001 KB"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="is no size; 800 MB and 4 GB are"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(800_000_000, "800 MB"), (1_500_000_000, "1.5 GB"), (2**30, "1.1 GB"), (64_000, "64 KB")]
)
def test_shown(size, text):
    assert show_size(size) == text
