"""The `summit` command: runs the package `model` beside this file, not another one of that name."""

import sys
from pathlib import Path


def main() -> int:
    """Run the command line, see `model.cli`, and return its exit code."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from model.cli import process

    return process()
