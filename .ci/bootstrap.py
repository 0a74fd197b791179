"""Brings .venv in line with requirements.lock, or requirements-all.lock if asked for `all`, unless it is.

One set-up runs at a time. The stamp is written last, so that an interrupted set-up starts again.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV, CACHE = ROOT / ".venv", ROOT / ".cache"
STAMP = VENV / ".stamp"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
FORECAST, ALL = "requirements.lock", "requirements-all.lock"
SIZES = {FORECAST: "190 MB to download, about half a minute", ALL: "320 MB to download, about a minute"}
WANTED = ALL if "all" in sys.argv[1:] else FORECAST
PIP = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet"]


def stamp(version: str, lock: str) -> str:
    """What .venv is made from; the folder is part of it, since a venv holds absolute paths."""
    files = [ROOT / name for name in (lock, "pyproject.toml")]
    return "\n".join([version, str(ROOT), *(path.read_text("utf-8") for path in files)])


def is_current(*locks: str) -> bool:
    """Whether .venv is complete by one of the lock files and has the Python of PYTHON=, if that is set."""
    found = STAMP.read_text("utf-8") if STAMP.exists() else ""
    version = VERSION if os.environ.get("PYTHON") else found.partition("\n")[0]
    return (VENV / "bin" / "python").exists() and found in [stamp(version, lock) for lock in locks]


def set_up() -> None:
    """Install by hash, in a new .venv unless only extras are lacking; the project itself is editable."""
    print(f"Setting up .venv with Python {VERSION} (once: {SIZES[WANTED]}).", flush=True)
    new = [] if is_current(FORECAST) else [[sys._base_executable, "-m", "venv", VENV]]
    if new:
        shutil.rmtree(VENV, ignore_errors=True)
    settings = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in (
        *new,
        [*PIP, "--no-compile", "--only-binary", ":all:", "--require-hashes", "-r", WANTED],
        [*PIP, "--no-build-isolation", "--no-deps", "--editable", "."],
    ):
        if subprocess.run(command, cwd=ROOT, env=os.environ | settings).returncode:
            sys.exit("Setting up .venv failed, see above. Run the command again once that is fixed.")
    STAMP.write_text(stamp(VERSION, WANTED), "utf-8")


if not is_current(WANTED, ALL):
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "setup.lock", "w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this folder to end.", flush=True)
            fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_current(WANTED, ALL):
            set_up()
