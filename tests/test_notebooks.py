"""Notebooks contain prose, calls and figures; rendering them gives the committed pages, without leaks."""

import ast
import json
import re
import sys

import nbformat
import pytest

from model.answer.forecast import Sources, read
from model.paths import RENDERED, ROOT
from model.report import build, needs, notebook, page, parameters, provenance
from model.settings.params import load_params

SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in SOURCES}
LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Lambda)
each = pytest.mark.parametrize("name", NOTEBOOKS)


def code_cells(name):
    return [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == "code"]


@each
def test_the_source_is_valid_and_holds_no_outputs(name):
    source = NOTEBOOKS[name]
    nbformat.validate(source)
    assert (source.nbformat, source.nbformat_minor) == (4, 5)
    assert source.metadata.kernelspec.name == "python3" and source.metadata.language_info == {
        "name": "python"
    }
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(name))


@each
def test_cells_are_named_by_words_and_tagged_by_what_they_are_or_need(name):
    cells = NOTEBOOKS[name].cells
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id) for cell in cells)
    known = {"parameters", "remove-cell"}
    known |= {f"{prefix}{need}" for prefix in (notebook.NEEDS, notebook.LACKS) for need in needs.NAMES}
    assert {tag for cell in cells for tag in cell.metadata.get("tags", [])} <= known
    assert all(set(cell.metadata) <= {"tags"} for cell in cells)


@each
def test_there_is_one_title_and_headings_open_their_cells(name):
    heads = [
        line
        for cell in NOTEBOOKS[name].cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if re.match("#+ ", line)
    ]
    assert sum(line.startswith("# ") for line in heads) == 1 and heads[0].startswith("# ")
    assert all(
        cell.source.startswith("#")
        for cell in NOTEBOOKS[name].cells
        if cell.cell_type == "markdown" and re.search("^#+ ", cell.source, re.MULTILINE)
    )


@each
def test_code_is_short_and_only_calls(name):
    for cell in code_cells(name):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        assert len(cell.source.splitlines()) <= 10
        assert all(len(line) <= 120 for line in cell.source.splitlines())
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, LOGIC), cell.id


def test_the_parameters_cell_is_the_same_everywhere_and_declares_what_the_report_knows():
    cells = [
        cell.source
        for name in NOTEBOOKS
        for cell in code_cells(name)
        if "parameters" in cell.metadata.get("tags", [])
    ]
    assert len(cells) == len(NOTEBOOKS) and len(set(cells)) == 1
    assert {line.target.id: line.annotation.id for line in ast.parse(cells[0]).body} == {
        name: kind.__name__ for name, kind in parameters.PARAMETERS.items()
    }
    assert all(line.count("  # ") == 1 for line in cells[0].splitlines())
    assert all(code_cells(name)[0].source == cells[0] for name in NOTEBOOKS)
    assert all("open_run(globals())" in code_cells(name)[1].source for name in NOTEBOOKS)


@each
def test_papermill_reads_every_parameter_with_its_type_and_help(name):
    import papermill

    read = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb"))
    types = {key: each["inferred_type_name"] for key, each in read.items()}
    assert types == {key: kind.__name__ for key, kind in parameters.PARAMETERS.items()}
    assert all(each["help"] for each in read.values())


@each
def test_prose_states_no_number_that_a_run_could_change(name):
    for cell in NOTEBOOKS[name].cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\d\s?%|\b0\.\d", cell.source), cell.id


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return build.render(load_params(), out_dir=tmp_path_factory.mktemp("rendered") / "run")


def test_every_notebook_runs_and_has_its_page(rendered):
    for name in NOTEBOOKS:
        assert (rendered / f"{name}.html").exists()
        for cell in nbformat.read(rendered / f"{name}.ipynb", as_version=4).cells:
            kinds = {output.output_type for output in cell.get("outputs", ())}
            assert not kinds & {"stream", "error"}, (name, cell.id)
    assert provenance.current(load_params(), out_dir=rendered)


def test_a_render_equals_the_committed_report_to_the_byte(rendered):
    committed = RENDERED / "2025-07-11"
    if (rendered / "forecast.json").read_bytes() != (committed / "forecast.json").read_bytes():
        pytest.skip("this machine samples another fit; test_readme compares the forecasts")
    both = [provenance.outputs_state(folder) for folder in (rendered, committed)]
    assert [name for name in both[0] | both[1] if both[0].get(name) != both[1].get(name)] == []


def test_nothing_shown_knows_more_than_the_as_of_day(rendered):
    asked = load_params()
    whole = read(asked, Sources())
    now = whole.as_of(asked.question.as_of)
    kept = {row.description for row in now.signals}
    later = [row.description for row in whole.signals if row.description not in kept]
    later += [row.event_id for row in whole.signals if row.public_date > asked.question.as_of]
    known = {row.occasion_id: row.note for row in now.occasions}
    later += [row.note for row in whole.occasions if row.note and not known.get(row.occasion_id)]
    later += [row.name for row in whole.occasions if row.occasion_id not in known]
    assert len(later) > 50
    shown = [
        path
        for path in rendered.rglob("*")
        if path.suffix != ".nc"
        and path.is_file()
        and path.parent.name != "inputs"
        and path.stem not in page.LOOKING_BACK
    ]
    text = "".join(path.read_text("utf-8") for path in shown)
    assert [words for words in later if words in text] == []


def test_plain_papermill_refuses_an_unknown_parameter(tmp_path):
    import papermill

    source = nbformat.read(SOURCES[0], as_version=4)
    source.cells = [cell for cell in source.cells if cell.id in ("parameters", "open")]
    nbformat.write(source, tmp_path / "in.ipynb")
    paths, unknown = (tmp_path / "in.ipynb", tmp_path / "out.ipynb"), {"as_off": "2025-07-11"}
    with pytest.raises(papermill.PapermillExecutionError, match='unknown parameter .did you mean "as_of"'):
        papermill.execute_notebook(*paths, unknown, progress_bar=False, cwd=ROOT)


def test_the_kernel_is_the_running_python_whatever_kernels_are_registered(tmp_path, monkeypatch):
    spec = {"argv": ["false"], "display_name": "Python 3", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    asked = nbformat.v4.new_code_cell("import sys; sys.executable", id="asked")
    cells = [NOTEBOOKS["1_evidence"].cells[1], asked]
    source = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOKS["1_evidence"].metadata)
    nbformat.write(source, tmp_path / "in.ipynb")
    done = notebook.execute([tmp_path / "in.ipynb"], {}, {})["in"]
    assert done.cells[-1].outputs[0].data["text/plain"].strip("'") == sys.executable
