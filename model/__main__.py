"""`python -m model` is `summit`."""

from .cli import main

raise SystemExit(main())
