"""`python -m model` is `summit`."""

from .cli import process

raise SystemExit(process())
