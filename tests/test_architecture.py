"""Imports go one way, the heavy ones only where something is fitted or drawn, and nobody reads the clock."""

import ast
import subprocess
import sys

import pytest

from model.paths import ROOT

CORE = (
    "files",
    "params",
    "ledger",
    "seasons",
    "tone",
    "words",
    "record",
    "outlook",
    "attendance",
    "chances",
    "summit",
    "likelihood",
    "fits",
    "explain",
    "forecast",
)
"""What answers, from the ground up: each imports only from those before it."""
MODEL = {"summit", "fits"}
"""The PyMC model and what samples it: no other module may import PyMC."""

MODULES = sorted(path.stem for path in (ROOT / "model").glob("*.py") if path.stem != "__init__")
TREES = {name: ast.parse((ROOT / "model" / f"{name}.py").read_text()) for name in MODULES}
HEAVY = {
    "pymc",
    "pytensor",
    "nutpie",
    "arviz",
    "arviz_stats",
    "xarray",
    "pandas",
    "matplotlib",
    "scipy.stats",
    "papermill",
    "nbconvert",
    "distributed",
}


def imports(tree):
    """What a module imports: names of the package, and full names of others; also inside functions."""
    ours, others = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            ours |= {node.module} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            others |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            others |= {alias.name for alias in node.names}
    return ours - {"__file__"}, others


def at_top(tree):
    """What a module imports as soon as it is imported."""
    return imports(
        ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    )


def roots(names):
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", CORE)
def test_what_answers_imports_only_from_below(name):
    assert imports(TREES[name])[0] <= set(CORE[: CORE.index(name)])


def test_no_path_of_imports_leads_back():
    below = {name: imports(TREES[name])[0] for name in MODULES}
    while free := {name for name, needed in below.items() if not needed & below.keys()}:
        below = {name: needed for name, needed in below.items() if name not in free}
    assert not below


def test_the_command_line_is_on_top():
    assert [name for name in MODULES if "cli" in imports(TREES[name])[0]] == ["__main__"]


def test_nothing_is_imported_from_the_package_by_its_full_name():
    assert not [name for name in MODULES if "model" in roots(imports(TREES[name])[1])]


def test_only_the_model_and_what_samples_it_import_pymc():
    users = {name for name in MODULES if roots(imports(TREES[name])[1]) & {"pymc", "pytensor", "nutpie"}}
    assert users == MODEL


def test_the_formula_knows_nothing_of_the_model_nor_the_model_of_the_formula():
    def reached(name):
        ours = imports(TREES[name])[0]
        return ours.union(*map(reached, ours))

    assert not reached("chances") & MODEL and not reached("summit") & {"chances", "attendance", "outlook"}


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_are_imported_only_when_needed(name):
    """Modules that draw may import Matplotlib at once; what fits, tables and renders is imported in the functions that do."""
    top = at_top(TREES[name])[1]
    assert not (roots(top) | top) & (HEAVY - (set() if name in (*CORE, "cli") else {"matplotlib"}))


@pytest.mark.parametrize("name", MODULES)
def test_nobody_asks_the_clock_or_a_global_random_seed(name):
    """`time.perf_counter` measures how long something took and decides nothing."""
    forbidden = {
        "now",
        "today",
        "utcnow",
        "fromtimestamp",
        "localtime",
        "gmtime",
        "time_ns",
        "ctime",
        "strftime",
    }
    found = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if (
                node.attr in forbidden - {"strftime"}
                or (owner, node.attr) == ("time", "time")
                or owner == "random"
            ):
                found.append(ast.unparse(node))
            if owner in ("np.random", "numpy.random") and node.attr not in (
                "default_rng",
                "Generator",
                "SeedSequence",
            ):
                found.append(ast.unparse(node))
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("default_rng")
            and not (node.args or node.keywords)
        ):
            found.append(ast.unparse(node))
    assert not found
    assert "random" not in roots(imports(TREES[name])[1])


def test_an_answer_from_the_stored_fit_needs_numpy_only(default_run):
    code = (
        "import sys; from model.cli import main; code = main(['forecast']); "
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    exit_code, *loaded = made.stderr.split()
    assert exit_code == "0" and "From the stored fit" in made.stdout and "numpy" in loaded
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize("module", ["summit", "fits", "forecast", "cli"])
def test_importing_a_module_is_light(module):
    code = f"import sys; import model.{module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert not (HEAVY | {"scipy"}) & set(loaded.split())
