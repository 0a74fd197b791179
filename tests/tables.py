"""Bad input: what it is told, and tables of a line with the input, then indented lines with the messages."""

import pytest

from model.files.problems import InputError


def problems_of(call, *args, **kwargs):
    """The messages of the `InputError` that a call raises, one a problem."""
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    return [str(problem) for problem in caught.value.problems]


def cases(table):
    """The rows of a table: each line with the list of indented lines below it."""
    rows = []
    for line in table.strip().splitlines():
        if line.startswith("    "):
            rows[-1][1].append(line.strip())
        else:
            rows.append((line.strip().replace("\\n", "\n"), []))
    return rows


def says(message, expected):
    """Whether a message contains the pieces of `expected` in order; … matches any text."""
    at = 0
    for piece in expected.split("…"):
        at = message.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def assert_said(messages, expected):
    """Assert that each message matches its line of the table."""
    assert len(messages) == len(expected), messages
    for message, wanted in zip(messages, expected):
        assert says(message, wanted), f"{message!r} does not say {wanted!r}"
