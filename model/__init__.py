"""Summit Forecast: how likely two leaders meet in person by a deadline, and why."""

import os
import sys
from pathlib import Path

# One BLAS thread and caches inside the checkout, set here before NumPy, Matplotlib or PyTensor is first imported.
_CACHE = Path(__file__).resolve().parent.parent / ".cache"
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("MPLCONFIGDIR", str(_CACHE / "matplotlib"))
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("IPYTHONDIR", str(_CACHE / "ipython"))
# Without fast maths a compiled function gives the same bits whether it was compiled now or taken from the cache.
_flags = os.environ.get("PYTENSOR_FLAGS", f'base_compiledir="{_CACHE / "pytensor"}"')
os.environ["PYTENSOR_FLAGS"] = _flags if "numba__fastmath" in _flags else f"{_flags},numba__fastmath=False"
for _name in ("CONFIG", "DATA", "RUNTIME"):
    os.environ.setdefault(f"JUPYTER_{_name}_DIR", str(_CACHE / "jupyter" / _name.lower()))
os.environ.setdefault("NUMBA_CACHE_DIR", str(_CACHE / "numba"))

# Modules compiled once stay compiled, in `.venv`: where that is switched off, every start takes a second longer.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
