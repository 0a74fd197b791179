"""Summit Forecast: how likely two leaders meet in person by a deadline, and why.

`load_params` reads `params/`, `Sources` names the ledger files, `Edits` what-if changes, and `run` makes a
forecast of them; `API.md` describes these names:

>>> from model import load_params, run
>>> made = run(load_params(as_of="2025-07-11"))
>>> made.forecast.probability   # the headline; made.forecast has every field of forecast.json
>>> made.model                  # the PyMC model
>>> made.posterior              # an ArviZ DataTree; every az.plot_* works on it
"""

import os
import sys
from importlib import import_module
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_CACHE = _ROOT / ".cache"
_PUBLIC = {
    "load_params": ".settings.params",
    "Sources": ".answer.forecast",
    "Edits": ".evidence.edits",
    "run": ".answer.forecast",
    "Run": ".answer.forecast",
}
__all__ = list(_PUBLIC)

# A copied `.venv` still points at the checkout that it was made in, and would run the package there.
_stamp = Path(sys.prefix, ".stamp")
if _stamp.exists():
    _home = Path(_stamp.read_text("utf-8").split("\n", 2)[1], ".venv")
    if not (_home.exists() and _home.samefile(sys.prefix)):
        raise ImportError(
            f"{sys.prefix} was made for another folder ({_home.parent}); `make` sets it up anew"
        )

# One BLAS thread, and caches inside the checkout: what NumPy, Matplotlib and PyTensor read on import.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("MPLCONFIGDIR", str(_CACHE / "matplotlib"))
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("IPYTHONDIR", str(_CACHE / "ipython"))
# Without fast maths a compiled function gives the same bits whether it is compiled now or cached.
_flags = os.environ.get("PYTENSOR_FLAGS", f'base_compiledir="{_CACHE / "pytensor"}"')
os.environ["PYTENSOR_FLAGS"] = _flags if "numba__fastmath" in _flags else f"{_flags},numba__fastmath=False"
for _name in ("CONFIG", "DATA", "RUNTIME"):
    os.environ.setdefault(f"JUPYTER_{_name}_DIR", str(_CACHE / "jupyter" / _name.lower()))
os.environ.setdefault("NUMBA_CACHE_DIR", str(_CACHE / "numba"))
# The first level of optimisation compiles a tenth faster than the third, to the same bits.
os.environ.setdefault("NUMBA_OPT", "1")
# Otherwise Pydantic looks for plugins in the metadata of every installed package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Kernels and workers started from here import this package, whatever else is called `model` on their path.
_path = os.environ.get("PYTHONPATH", "")
if _path.partition(os.pathsep)[0] != str(_ROOT):
    os.environ["PYTHONPATH"] = str(_ROOT) + (os.pathsep + _path if _path else "")

# Compiled modules stay in `.venv`: without them every start takes a second longer.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def __getattr__(name: str):
    """Import a public name when it is first used, so that `import model` stays light."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
