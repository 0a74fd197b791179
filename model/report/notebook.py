"""Notebooks as files: found by name, executed by papermill in processes of their own, freed of all that varies."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.disk import name_of
from ..files.problems import Failure, Problem, nearest, raise_if_any
from ..paths import CACHE, FAILED, NOTEBOOKS, ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

STARTS_MAX = 3
NEVER_STARTED = "Kernel died before replying to kernel_info"


class RenderError(Failure):
    """Notebooks that failed: for each its name, the id of the cell and the last line of the error."""

    def __init__(self, failures: Sequence[tuple[str, str, str]], folder: Path):
        self.failures, self.folder = tuple(failures), folder
        lines = [f"notebook {name}, cell {cell}: {line}" for name, cell, line in failures]
        kept = f"The executed notebooks are kept in {name_of(folder)}; the last good report is untouched."
        super().__init__("\n".join([*lines, kept]))

    def __reduce__(self) -> tuple:
        return RenderError, (self.failures, self.folder)


def sources(names: Sequence[str] | None = None) -> list[Path]:
    """The notebook files of these names, or all, in order."""
    found = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    raise_if_any(
        [
            Problem("options", 0, 0, f"no such notebook{nearest(name, found)}", name)
            for name in names or ()
            if name not in found
        ]
    )
    return [path for name, path in found.items() if names is None or name in names]


def execute(files: Sequence[Path], injected: Mapping[str, Any], work: Path) -> dict[str, "NotebookNode"]:
    """The executed notebooks by name, normalised; each ran in a process of its own."""
    import nbformat
    from tqdm import tqdm

    environment = os.environ | {
        "JUPYTER_RUNTIME_DIR": str(CACHE / "jupyter" / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }

    def executed(source: Path) -> tuple[str, Path, str]:
        output = work / source.name
        command = [
            sys.executable,
            "-m",
            "papermill",
            str(source),
            str(output),
            "--parameters_yaml",
            as_yaml(injected),
            "--cwd",
            str(ROOT),
            "--no-progress-bar",
            "--kernel",
            "python3",
        ]
        # Kernels that start at the same time can choose the same free port; the one that loses dies before its first cell.
        for _ in range(STARTS_MAX):
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
            if done.returncode == 0 or NEVER_STARTED not in done.stderr:
                break
        fault = done.stderr.strip() or f"exit code {done.returncode}"
        return source.stem, output, fault if done.returncode else ""

    notebooks, failures = {}, []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, path, fault in tqdm(
            pool.map(executed, files), total=len(files), desc="notebooks", disable=None
        ):
            if fault:
                failures.append((name, *keep_failed(path, fault)))
            else:
                notebooks[name] = normalise(nbformat.read(path, as_version=4))
    if failures:
        raise RenderError(failures, FAILED)
    return notebooks


def as_yaml(values: Mapping[str, Any]) -> str:
    """The values as JSON that YAML reads as the same, whatever characters they hold."""
    return re.sub(r"[^ -~]", lambda other: f"\\U{ord(other[0]):08x}", json.dumps(values, ensure_ascii=False))


def keep_failed(path: Path, fault: str) -> tuple[str, str]:
    """The cell at which a notebook failed and the last line of its error; the file goes to `.cache/failed`."""
    import nbformat

    cell_id, line = "none", fault.splitlines()[-1]
    if path.exists():
        try:
            cells = nbformat.read(path, as_version=4).cells
        except ValueError:
            cells = []  # cut short: the disk is full
        for cell in cells:
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    cell_id, line = cell.id, f"{output.ename}: {output.evalue}".strip().splitlines()[-1]
        (FAILED).mkdir(parents=True, exist_ok=True)
        shutil.move(path, FAILED / path.name)
    return cell_id, line


def normalise(notebook: "NotebookNode") -> "NotebookNode":
    """The executed notebook without anything that differs from one render to the next: times, paths, random ids."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output["metadata"] = {}
            if "text" in output:
                output["text"] = output["text"].replace(str(ROOT), ".")
    return notebook
