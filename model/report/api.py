"""The page `model/API.md`: the names of `from model import ...`, from their signatures and docstrings.

`python -m model.report.api` writes it.
"""

import inspect
import re

import model

from ..files.disk import write_atomic
from ..paths import PACKAGE

PAGE = PACKAGE / "API.md"
HEAD = """# The public names

```python
from model import {names}
```

Everything else may change from one version to the next. `python -m model.report.api` writes this page.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([HEAD.format(names=", ".join(model.__all__)), *map(section, model.__all__)])


def section(name: str) -> str:
    """The part of the page about one name: how it is called, its docstring, and its properties."""
    thing = getattr(model, name)
    parts = [f"## `{name}`", f"```python\n{called(name, thing)}\n```", *described(thing)]
    for key, value in vars(thing).items() if inspect.isclass(thing) else ():
        if isinstance(value, property):
            parts.append(f"`.{key}`: {inspect.getdoc(value)}")
    return "\n\n".join(parts) + "\n"


def called(name: str, thing: object) -> str:
    """The name with its parameters, one a line."""
    parameters = list(inspect.signature(thing).parameters.values())
    parts = list(map(str, parameters))
    by_name = [index for index, each in enumerate(parameters) if each.kind == each.KEYWORD_ONLY]
    if by_name:
        parts.insert(by_name[0], "*")
    text = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"
    return re.sub(r"\b(?:\w+\.)+(?=[A-Z])|'", "", text)


def described(thing: object) -> list[str]:
    """The docstring: its first paragraph as prose, the rest as it stands."""
    first, _, rest = (inspect.getdoc(thing) or "").partition("\n\n")
    return [first.replace("\n", " "), *([f"```text\n{rest}\n```"] if rest else [])]


if __name__ == "__main__":
    write_atomic(PAGE, page())
