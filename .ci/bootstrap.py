"""Brings .venv in line with requirements.lock; does nothing if it already is.

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
PIP = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet"]


def stamp(version: str) -> str:
    """What .venv is made from; the folder is part of it, since a venv holds absolute paths."""
    files = [ROOT / name for name in ("requirements.lock", "pyproject.toml")]
    return "\n".join([version, str(ROOT), *(path.read_text("utf-8") for path in files)])


def is_current() -> bool:
    """Whether .venv is complete and has the Python version that PYTHON= asks for, if it is set."""
    found = STAMP.read_text("utf-8") if STAMP.exists() else ""
    version = VERSION if os.environ.get("PYTHON") else found.partition("\n")[0]
    return (VENV / "bin" / "python").exists() and found == stamp(version)


def set_up() -> None:
    """Recreate .venv and install by hash; the project itself is editable, without build isolation."""
    print(f"Setting up .venv with Python {VERSION} (once: 230 MB to download, about a minute).", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    settings = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in (
        [sys._base_executable, "-m", "venv", VENV],
        [*PIP, "--no-compile", "--only-binary", ":all:", "--require-hashes", "-r", "requirements.lock"],
        [*PIP, "--no-build-isolation", "--no-deps", "--editable", "."],
    ):
        if subprocess.run(command, cwd=ROOT, env=os.environ | settings).returncode:
            sys.exit("Setting up .venv failed, see above. Run the command again once that is fixed.")
    STAMP.write_text(stamp(VERSION), "utf-8")


if not is_current():
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "setup.lock", "w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this folder to end.", flush=True)
            fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_current():
            set_up()
