"""Notebooks as files: executed in kernels of the running Python, stripped of what varies."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, NamedTuple

import nbformat
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from papermill.translators import PythonTranslator
from tqdm import tqdm

from ..files.disk import name_of, write_atomic
from ..files.problems import Failure
from ..paths import FAILED, ROOT
from .needs import OPEN, SEEDS
from .words import record as words

NEEDS, LACKS = "needs-", "lacks-"
"""Beginnings of the tags of cells that only some runs show, see `is_kept`."""

RESET = "get_ipython().reset()"
"""Clears the namespace of a kernel and restarts its cell count."""


class FailedNotebook(NamedTuple):
    """A notebook that failed: its name, the id of the cell and the last line of the error."""

    notebook: str
    cell: str
    error: str


class RenderError(Failure):
    """Notebooks that failed; `folder` keeps them as executed."""

    def __init__(self, failures: Sequence[FailedNotebook], folder: Path):
        self.failures, self.folder = tuple(failures), folder
        lines = [f"notebook {name}, cell {cell}: {error}" for name, cell, error in failures]
        kept = f"The executed notebooks are kept in {name_of(folder)}; the last good report is untouched."
        super().__init__("\n".join([*lines, kept]))

    def __reduce__(self) -> tuple:
        return RenderError, (self.failures, self.folder)


def execute(
    files: Sequence[Path],
    parameters: Mapping[str, Any],
    published: Mapping[str, Any],
    unmet: Collection[str] = (),
) -> dict[str, NotebookNode]:
    """The executed notebooks by name, normalised; each runs in a namespace of its own.

    They run with `parameters` and are kept with those `published`. Cells with a need that is `unmet` are
    dropped before.

    Raises
    ------
    RenderError
        Where notebooks fail; all of them are run first.
    """
    notebooks = {
        path.stem: parameterize_notebook(load_notebook_node(str(path)), dict(parameters)) for path in files
    }
    for notebook in notebooks.values():
        notebook.cells = shown_cells(notebook.cells, unmet)
    if failures := asyncio.run(_run_all(notebooks)):
        raise RenderError(failures, FAILED)
    source = PythonTranslator.codify(dict(published), comment="Parameters")
    return {name: normalise(notebook, source) for name, notebook in notebooks.items()}


def is_kept(cell: NotebookNode, unmet: Collection[str]) -> bool:
    """Whether a page has this cell.

    A cell tagged `needs-x` is shown where the need x is met, one tagged `lacks-x` where it is unmet.
    """
    return not _tagged(cell, NEEDS) & set(unmet) and _tagged(cell, LACKS) <= set(unmet)


def shown_cells(cells: Sequence[NotebookNode], unmet: Collection[str]) -> list[NotebookNode]:
    """The cells that a page has; a section without its table keeps its heading, and a sentence says why.

    Where a pair has no scores at all, or a cell of its own speaks of the missing table, there is no such
    sentence.
    """
    told = {need for cell in cells for need in _tagged(cell, LACKS)} | {OPEN, SEEDS}
    shown = []
    for cell in cells:
        lacking = sorted(_tagged(cell, NEEDS) & set(unmet))
        if is_kept(cell, unmet):
            shown.append(cell)
        elif cell.source.startswith("##") and not told & set(lacking) and "scores" not in unmet:
            heading, tables = cell.source.partition("\n")[0], [need.replace("-", "_") for need in lacking]
            shown.append(new_markdown_cell(f"{heading}\n\n{words.no_table(tables)}", id=cell.id))
    return shown


def _tagged(cell: NotebookNode, prefix: str) -> set[str]:
    """What the tags of a cell with this prefix name."""
    tags = cell.metadata.get("tags", [])
    return {tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)}


class RunningPython(AsyncKernelManager):
    """Starts the running Python as a kernel, whatever kernels are registered."""

    kernel_spec = KernelSpec(argv=make_ipkernel_cmd(), display_name="Python 3", language="python")


async def _run_all(notebooks: Mapping[str, NotebookNode]) -> list[FailedNotebook]:
    """The failures of notebooks that run in place, longest first, in as many kernels as processors."""
    waiting = iter(sorted(notebooks.items(), key=lambda item: -len(item[1].cells)))
    kernels = min(os.cpu_count() or 1, len(notebooks))
    with tqdm(total=len(notebooks), desc="notebooks", disable=None) as bar:
        failed = await asyncio.gather(*(_run_each(waiting, bar.update) for _ in range(kernels)))
    return sorted(failure for failures in failed for failure in failures)


async def _run_each(
    waiting: Iterator[tuple[str, NotebookNode]], done: Callable[[], object]
) -> list[FailedNotebook]:
    """The failures of the notebooks taken from those waiting, one after another; a failure ends a kernel."""
    failures = []
    while failure := await _run_until_failure(waiting, done):
        failures.append(failure)
    return failures


async def _run_until_failure(
    waiting: Iterator[tuple[str, NotebookNode]], done: Callable[[], object]
) -> FailedNotebook | None:
    """The failure of the first of the waiting notebooks that fails in one kernel, if any does.

    Each starts with an empty namespace. They share the kernel because its start and imports take as long as
    most notebooks. The executed file of a failed one is kept under `.cache/failed`.
    """
    talk = None
    with tempfile.TemporaryDirectory() as folder:
        # It talks over files: kernels that start at the same time could choose the same free port.
        manager = RunningPython(connection_file=str(Path(folder) / "kernel.json"), transport="ipc")
        try:
            for name, notebook in waiting:
                client = NotebookClient(notebook, km=manager)
                client.kc = talk
                try:
                    await _run(client)
                except (CellExecutionError, RuntimeError) as error:
                    return _failure(name, notebook, error)
                finally:
                    talk = client.kc
                    done()
        finally:
            if talk is not None:
                talk.stop_channels()
            await manager.shutdown_kernel(now=True)
    return None


async def _run(client: NotebookClient) -> None:
    """Run the cells of a client's notebook in an empty namespace; its first notebook starts the kernel."""
    client.reset_execution_trackers()
    if client.kc is None:
        environment = os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        await client.async_start_new_kernel(cwd=str(ROOT), env=environment, stderr=DEVNULL)
        await client.async_start_new_kernel_client()
    await client.async_wait_for_reply(client.kc.execute(RESET, silent=True))
    for index, cell in enumerate(client.nb.cells):
        await client.async_execute_cell(cell, index)


def _failure(name: str, notebook: NotebookNode, error: Exception) -> FailedNotebook:
    """Where and why a notebook failed, with its executed file kept."""
    write_atomic(FAILED / f"{name}.ipynb", nbformat.writes(notebook) + "\n")
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                last = f"{output.ename}: {output.evalue}".strip().splitlines()[-1]
                return FailedNotebook(name, cell.id, last)
    return FailedNotebook(name, "none", str(error).strip().splitlines()[-1])


def normalise(notebook: NotebookNode, parameters: str | None = None) -> NotebookNode:
    """The executed notebook without anything that differs between renders: times, paths, random ids.

    `parameters` replaces the source of the cell that sets the parameters of the run.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
            cell.source = cell.source if parameters is None else parameters
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output["metadata"] = {}
            if "text" in output:
                output["text"] = output["text"].replace(str(ROOT), ".")
    return notebook


def without_svg(notebook: NotebookNode) -> NotebookNode:
    """The notebook, changed in place, with its figures only as PNG: every viewer shows these."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/svg+xml", None)
    return notebook
