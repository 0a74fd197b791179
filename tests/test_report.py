"""The report: parameters are checked, the build is swapped in atomically, pages load nothing."""

import ast
import csv
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import example_run
import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import prior_draws
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from papermill.translators import PythonTranslator

from model import formatting
from model.answer import forecast
from model.answer.forecast import Sources
from model.evidence.edits import Edits
from model.evidence.outlook import outlook
from model.files.csv_files import read_csv
from model.files.problems import InputError
from model.fit import posterior
from model.paths import RENDERED, ROOT
from model.report import build, figures, notebook, page, parameters, provenance, run_list, show, tables, words
from model.settings.params import load_params
from model.track_record.published import TrackRecord

DEFAULTS = {name: kind() for name, kind in parameters.PARAMETERS.items()} | {"interactive": True}
HOSTILE = (
    '<img src=x onerror=alert(1)> & "quotes" [link](javascript:x) $1$ **b** $\\href{javascript:x}{y}$ \\(z\\)'
)
PLAIN = {"as_of": "2025-07-11", "interactive": False}


def names(**changes):
    return DEFAULTS | {"__annotations__": dict(parameters.PARAMETERS), "build": build} | changes


def made_up_run(**changes):
    loaded, ledger = load_params(), example_run.cut()
    return SimpleNamespace(
        params=loaded,
        ledger=ledger,
        whole=ledger,
        forecast=example_run.forecast(**({"track_record": ""} | changes)),
        outlook=outlook(ledger, example_run.AS_OF, example_run.DEADLINE, loaded),
        record=None,
        draws=prior_draws(),
    )


def hostile_run():
    made, ledger = example_run.forecast(), example_run.cut()
    source = f"{HOSTILE} https://evil.example/?q=<b>&x"
    signals = tuple(replace(signal, description=HOSTILE, source=source) for signal in ledger.signals)
    last_word = {"id": "x", "date": "2025-07-01", "text": HOSTILE}
    run = made_up_run(
        question=HOSTILE,
        occasions=[row | {"name": HOSTILE, "last_word": last_word} for row in made.occasions],
        contributions=[row | {"text": HOSTILE} for row in made.contributions],
        next_signals=[row | {"what": HOSTILE} for row in made.next_signals],
    )
    occasions = tuple(replace(occasion, name=HOSTILE) for occasion in ledger.occasions)
    run.ledger = run.whole = replace(ledger, signals=signals, occasions=occasions)
    question = run.params.question
    sides = [side.model_copy(update={"leader": HOSTILE, "country": HOSTILE}) for side in question.sides]
    question = question.model_copy(update={"sides": sides, "text": HOSTILE})
    run.params = replace(run.params, question=question)
    run.outlook = outlook(run.ledger, example_run.AS_OF, example_run.DEADLINE, run.params)
    return run


# Parameters


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("as_of", 20250711, "expected text; found 20250711"),
        ("random_seed", True, "expected a whole number; found true"),
        ("random_seed", "7", "expected a whole number; found '7'"),
        ("interactive", 1, "expected True or False; found 1"),
        ("signals", "a.csv", "expected a list of text; found 'a.csv'"),
        ("signals", [1], r"expected a list of text; found \[1\]"),
        ("deadline", None, "expected text; found nothing"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value, found):
    with pytest.raises(InputError, match=f"parameters: {name}: {found}"):
        parameters.open_run(names(**{name: value}))


def test_unknown_and_missing_parameters_are_refused_all_at_once():
    cell = '# Parameters\nas_off = "2025-07-11"\nrandom_seed = 3\n'
    declared = {name: kind for name, kind in parameters.PARAMETERS.items() if name != "scenario"}
    with pytest.raises(InputError) as caught:
        parameters.open_run(names(In=["", cell, "other = 3"], as_off="x", __annotations__=declared))
    assert str(caught.value).splitlines() == [
        'parameters: as_off: unknown parameter (did you mean "as_of"?)',
        "parameters: scenario: the parameters cell does not declare it",
    ]


def test_edits_are_read_from_words():
    edits = parameters.edits_of(
        ["add leader_call:2", "set 2025-apec-gyeongju=announced", "remove 2025-01-01-x"]
    )
    assert edits == Edits(("leader_call:2",), ("2025-apec-gyeongju=announced",), ("2025-01-01-x",))
    with pytest.raises(InputError, match="expected one of add, set, remove"):
        parameters.edits_of(["drop it"])


def test_notebooks_are_told_what_differs_from_the_params_files():
    assert parameters.notebook_parameters(load_params(), Sources(), Edits()) == PLAIN
    asked = load_params(as_of="2024-03-01", deadline="2024-12-31", random_seed=5)
    sources = Sources(signals=(ROOT / "seeds" / "signals.csv",), only=True)
    assert parameters.notebook_parameters(asked, sources, Edits(add=("leader_call:2",))) == {
        "as_of": "2024-03-01",
        "deadline": "2024-12-31",
        "random_seed": 5,
        "signals": ["seeds/signals.csv"],
        "only": True,
        "what_if": ["add leader_call:2"],
        "interactive": False,
    }
    with pytest.raises(InputError, match="put the change into a scenario"):
        parameters.notebook_parameters(load_params(draws=50), Sources(), Edits())


TRICKS = [
    '"; import os #',
    '\\"+exit()+\\"',
    '"""',
    "\n# Parameters\nexit()",
    "{{ x }}",
    "\U0001f600\u2028\x7f",
]


@settings(max_examples=40)
@given(st.lists(st.one_of(st.text(), st.sampled_from(TRICKS))))
def test_parameters_reach_a_notebook_as_the_text_they_are(texts):
    injected = {"question": "".join(texts), "signals": texts, "only": True}
    lines = ast.parse(PythonTranslator.codify(injected)).body
    assert {line.targets[0].id: ast.literal_eval(line.value) for line in lines} == injected


FOLDERS = [
    "../x",
    "/tmp/x",
    "seeds",
    ".",
    *(f"notebooks/rendered{end}" for end in ("", "/record", "/../../seeds")),
]


@pytest.mark.parametrize("folder", [*FOLDERS, "notebooks/rendered/record/x"])
def test_parameters_write_nowhere_but_where_runs_lie(folder, monkeypatch):
    monkeypatch.setattr(build, "write_files", None)
    monkeypatch.setattr(build, "run_of", lambda *_: None)
    with pytest.raises(
        InputError, match="out_dir: expected a folder of notebooks/rendered other than record"
    ):
        parameters.open_run(names(out_dir=folder))


def test_files_are_written_where_the_parameters_say(monkeypatch):
    written = []
    monkeypatch.setattr(build, "write_files", lambda run, folder: written.append(folder))
    monkeypatch.setattr(build, "run_of", lambda *_: None)
    for folder in ("", "notebooks/rendered/mine"):
        parameters.open_run(names(out_dir=folder))
    assert written == [RENDERED / "mine"]


def test_files_are_those_of_the_callers_folder_or_of_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").touch()
    monkeypatch.setattr(build, "run_of", lambda params, sources, edits: [*params.files[:1], *sources.signals])
    found = parameters.open_run(
        names(question="params/question.yaml", signals=["mine.csv", "seeds/signals.csv"])
    )
    assert [path.resolve() for path in found] == [
        ROOT / "params/question.yaml",
        tmp_path / "mine.csv",
        ROOT / "seeds/signals.csv",
    ]


def test_only_the_plain_run_takes_the_plain_folder():
    def name(**more):
        return provenance.folder_of(PLAIN | more).name

    assert (name(), name(scenario="thaw")) == ("2025-07-11", "2025-07-11-thaw")
    other = name(what_if=["add leader_call:2"])
    assert re.fullmatch(r"2025-07-11-[0-9a-f]{8}", other) and other != name(what_if=["add leader_call:3"])
    assert provenance.folder_of(PLAIN, run_name="mine") == RENDERED / "mine"


def test_a_stored_run_is_loaded_while_its_inputs_and_its_content_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CACHE", tmp_path)
    monkeypatch.setattr(forecast, "run", lambda *_: "computed")
    asked = load_params(), Sources(), Edits()
    path = build.run_file(*asked)
    with build.stored("stored", path):
        assert build.run_of(*asked) == "stored"
        assert build.run_of(load_params(as_of="2025-07-10"), Sources(), Edits()) == "computed"
        assert build.run_of(load_params(), Sources(), Edits(add=("leader_call:2",))) == "computed"
        path.write_bytes(path.read_bytes()[:-1])
        assert build.run_of(*asked) == "computed"
    assert build.run_of(*asked) == "computed" and not path.exists()


# Files

TIDY = ("question", "as_of", "deadline", "day", "probability", "lower", "upper")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_finished_report_replaces_the_old_one(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(build, "exchange", lambda one, other: False)
    built, target = tmp_path / "built", tmp_path / "rendered" / "run"
    for text in ("old", "new"):
        built.mkdir(exist_ok=True)
        (built / "index.html").write_text(text)
        (built / text).write_text("")
        build.put_in_place(built, target)
    assert sorted(path.name for path in target.iterdir()) == ["index.html", "new"]
    assert (target / "index.html").read_text() == "new" and list(target.parent.iterdir()) == [target]


def test_the_data_files_hold_the_forecast(tmp_path):
    run = made_up_run()
    build.write_files(run, tmp_path)
    assert json.loads((tmp_path / "forecast.json").read_text())["probability"] == 0.852
    with (tmp_path / "tables" / "contributions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [row["id"] for row in run.forecast.contributions]
    assert float(rows[2]["delta"]) == pytest.approx(run.forecast.contributions[2]["delta"])
    curve, (first, *_, last) = run.forecast.curve, read_csv(tmp_path / "forecast.csv", TIDY)
    assert first["question"] == run.forecast.question and first["as_of"] == first["day"] == "2025-07-11"
    assert (last["deadline"], last["day"]) == ("2025-12-31", "2025-12-31")
    assert [float(last[name]) for name in TIDY[4:]] == pytest.approx([curve[-1][name] for name in TIDY[4:]])
    inputs = {path.stem for path in (tmp_path / "inputs").iterdir()}
    assert inputs == {"occasions", "priors", "question", "run", "signals", "visit_windows"}


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(text):
    assert page.csv_text([{"text": text, "delta": -0.5}]).split("\n", 1)[1].lstrip('"').startswith("'")
    assert page.csv_text([{"text": "x", "delta": -0.5}]).endswith("x,-0.5\n")


def executed(*outputs):
    injected = {"tags": ["injected-parameters"], "papermill": {"dur": 3}}
    outputs = outputs or (
        new_output("stream", text=f"{ROOT}/seeds <b>"),
        new_output("execute_result", {"text/plain": "True <"}, execution_count=2),
    )
    cells = [
        new_markdown_cell("# One\n\nWhat it says.", id="title"),
        new_code_cell("x = 1", id="a1b2c3", metadata=injected),
        new_code_cell("1 < 2", id="sum", metadata={"execution": {"start": "now"}}, outputs=list(outputs)),
        new_code_cell("secret = 1", id="hidden", metadata={"tags": ["remove-cell"]}),
    ]
    return new_notebook(cells=cells, metadata={"papermill": {"start_time": "now"}, "widgets": {}})


def test_a_normalised_notebook_holds_no_times_paths_or_random_ids():
    clean = notebook.normalise(executed())
    text = nbformat.writes(clean)
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert not re.search(r"papermill|now|a1b2c3|dur|widgets", text) and str(ROOT) not in text
    assert clean.cells[1].id == "injected-parameters"


# Pages


FORMS = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_", "image/png": "_repr_png_"}
"""The methods that IPython asks for the forms of an object; None stands for no such form."""


def outputs_of(*shown):
    """The shown objects as IPython puts them into a notebook."""
    made = []
    for each in shown:
        forms = {kind: getattr(each, name, lambda: None)() for kind, name in FORMS.items()}
        data = {
            kind: b64encode(form).decode() if isinstance(form, bytes) else form
            for kind, form in forms.items()
            if form is not None
        }
        made.append(new_output("execute_result", data | {"text/plain": repr(each)}, execution_count=1))
    return made


def test_a_notebook_shows_its_figures_and_tables_where_markup_is_dropped():
    """Viewers prefer HTML but drop SVG inside it, so a figure is a PNG and no HTML. A table has its text."""
    f = example_run.forecast()
    shown = [
        show.figure(figures.curve, f, alt="It rises in October."),
        show.table(tables.who_comes_where(f, example_run.NAMES)),
    ]
    clean = notebook.normalise(executed(*outputs_of(*shown)))
    text = notebook_page(clean, made_up_run())
    assert text.count("<svg") == 1 and "data:image" not in text and "It rises in October" in text
    check_page(text)
    figure, table = (output.data for output in notebook.without_svg(clean).cells[2].outputs)
    assert figure.keys() == {"image/png", "text/plain"} and figure["text/plain"] == "It rises in October."
    assert b64decode(figure["image/png"]).startswith(b"\x89PNG") and len(figure["image/png"]) < 40_000
    assert outputs_of(shown[0])[0].data["image/png"] == figure["image/png"]
    assert table.keys() == {"text/html", "text/plain"}
    rows = [row.split() for row in table["text/plain"].splitlines()]
    assert rows[1][:4] == ["Occasion", "Trump", "Xi", "Both"] and rows[-2][4:8] == ["3%", "88%", "2%", "2%"]


class Reader(HTMLParser):
    """Notes every tag, and whether tags are closed in order."""

    VOID = {"meta", "br", "hr", "img", "input", "link"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.words, self.unbalanced = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)


def check_page(text):
    """The page, read; well formed, with one title, and without anything that would load or run."""
    reader = Reader(text)
    assert not reader.unbalanced and not reader.open
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in reader.tags:
        assert tag != "script" or attrs in ({}, {"type": "application/json"})
        assert tag not in ("link", "iframe", "object", "embed", "form", "base")
        assert "style" not in attrs and not any(name.startswith("on") for name in attrs)
        assert not any(re.match(r"(https?:)?//", attrs.get(name) or "") for name in ("src", "srcset", "data"))
        if tag == "a" and not attrs["href"].startswith("https://"):
            assert re.fullmatch(r"#[\w-]+|[\w/-]+\.(html|json|csv|yaml|nc|svg)", attrs["href"])
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1
    return reader


FILES = ("forecast.json", "tables/curve.csv", "inputs/signals.csv", "posterior.nc", "headline.svg")


def overview_page(run):
    pages = [page.Page("1_evidence.html", "1 Evidence", "Evidence", "What was public.")]
    return page.frame(page.OVERVIEW, pages, page.footer(run), page.overview(run, pages, FILES))


def notebook_page(clean, run):
    here = page.page_of("1_evidence", clean)
    return page.frame(here, [here], page.footer(run), page.notebook_html(clean))


def words_of(text):
    return " ".join(" ".join(Reader(text).words).split())


@pytest.fixture(scope="module")
def overview():
    return overview_page(made_up_run())


def test_the_overview_needs_nothing_else_and_leads_with_who_comes_where(overview):
    check_page(overview)
    words = words_of(overview)
    for fact in (
        "85%",
        "Very likely",
        "15 of 17",
        "74% – 93%",
        "to watch",
        "changed in a week",
        "How to cite",
    ):
        assert fact in words
    rows = re.findall(r"(?s)<tr>(.*?)</tr>", overview.split("<svg")[0])
    cells = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"(?s)<t[hd].*?</t[hd]>", row)] for row in rows
    ]
    assert cells[1][:5] == ["Beijing WWII 80th anniversary parade, 3 Sep", "8%", "home", "8%", "4%"]
    assert cells[3][:5] == ["APEC Gyeongju, 31 Oct", "86%", "96%", "82%", "61%"]
    assert cells[5][:5] == ["A meeting not yet public", "–", "–", "–", "13%"]


def test_the_downside_is_watched_first_then_the_upside_then_pairs(overview):
    texts = [
        "Trump stays away from APEC Gyeongju",
        "Meeting announced at APEC Gyeongju",
        "Trump stays away from APEC Gyeongju and UN week",
    ]
    places = [words_of(overview).index(text) for text in texts]
    assert places == sorted(places)


def test_what_lowers_the_forecast_is_its_first_reason(overview):
    words = words_of(overview)
    texts = ["Trump posts that he cannot be expected", "Rubio says he will press Wang", "Trump seen toying"]
    places = [words.index(text, words.index("Why: the largest")) for text in texts]
    assert places == sorted(places)


def test_the_overview_links_its_files_and_says_what_the_fit_has_seen(overview):
    reader = check_page(overview)
    assert set(FILES) <= {attrs.get("href") for tag, attrs in reader.tags if tag == "a"}
    assert "seen outcomes known by 20 January 2025" in words_of(overview)


def test_ups_and_downs_that_cancel_are_told_in_place_of_nothing():
    rows = [row | {"delta": sign * 0.034} for row, sign in zip(example_run.CONTRIBUTIONS[:2], (1, -1))]
    made = example_run.forecast(contributions=rows, no_signals_probability=0.852)
    told = "ups and downs cancel: +3.4, −3.4 points"
    assert told in words.forecast.reconcile(made) and told in words.figures.contributions_title(made)
    assert (
        tables.contribution_rows(made, 0).rows[0][1]
        == f"2 smaller ones together, {told.removesuffix(' points')}"
    )
    plain = example_run.forecast()
    for text in (words.forecast.reconcile(plain), tables.contribution_rows(plain).rows[-1][1]):
        assert "cancel" not in text


def test_without_scripts_a_section_says_what_it_would_do(overview):
    """And where a run has no slider or no controls, a sentence stands in their place."""
    assert re.search(r'<noscript><p class="notice">The controls need scripts', overview)
    assert "No slider through the weeks here: " in overview
    run = made_up_run()
    run.outlook = outlook(run.ledger, example_run.DEADLINE, example_run.DEADLINE, run.params)
    last = overview_page(run)
    assert "No controls here: the deadline has come" in last and "<noscript" not in last


def test_next_signals_that_change_the_forecast_alike_share_a_row():
    rows = [example_run.after("down", what, -0.01) for what in ("trade talks (−2)", "envoy meeting (−2)")]
    rows.append(example_run.after("up", "leader call (+2)", 0.01))
    texts = [row[-1] for row in tables.next_rows(example_run.forecast(next_signals=rows)).rows]
    assert texts == ["One of: trade talks (−2), envoy meeting (−2)", "Leader call (+2)"]


def test_the_counts_stand_beside_the_parameters_they_teach():
    rows = {row[0]: row[1:] for row in tables.count_rows(made_up_run(fit_through="2025-01-20")).rows}
    assert rows["United States: came to summits"] == (44, 50, "88%", "comes_summit")
    assert rows["Promises broken, days at risk"] == (4, 836, "0.0048 a day", "breaks")
    nothing = example_run.forecast().counts | {"made_up": [0, 0], "visits": [0, 0.0]}
    rows = {row[0]: row[1:] for row in tables.count_rows(made_up_run(counts=nothing)).rows}
    names = ("Visits put off that came within a year", "Visits, years of the record")
    assert [rows[name][2] for name in names] == ["–", "–"]


def test_the_readme_gets_number_and_table_of_the_run_that_it_links_to(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "README", tmp_path / "README.md")
    loaded, made = load_params(), example_run.forecast()
    build.refresh_readme(made, loaded, RENDERED / "2025-07-11")
    assert not build.README.exists()
    build.README.write_text(
        "<!-- number -->1 %, x<!-- /number -->. [overview](notebooks/rendered/2025-07-11/index.html)\n"
        "<!-- who comes where -->old<!-- /who comes where -->\nThe rest.\n"
    )
    build.refresh_readme(made, loaded, RENDERED / "2025-07-12")
    assert "1 %, x" in build.README.read_text()
    build.refresh_readme(made, loaded, RENDERED / "2025-07-11")
    text = build.README.read_text()
    assert "<!-- number -->85 %, very likely<!-- /number -->" in text and text.endswith("\nThe rest.\n")
    assert "| G20 Johannesburg, 22 Nov | 3% | 88% | 2% | 2% |\n" in text and "old" not in text


def test_a_page_of_a_notebook_has_its_cells_as_anchors_and_hides_what_it_should():
    text = notebook_page(notebook.normalise(executed()), made_up_run())
    reader = check_page(text)
    assert {"title", "injected-parameters", "sum"} <= {attrs.get("id") for _, attrs in reader.tags}
    assert "secret" not in text and "True &lt;" in text and "&lt;b&gt;" in text
    assert sum(tag == "details" for tag, _ in reader.tags) == 2


def test_the_policy_of_a_page_allows_its_own_style_and_scripts_and_nothing_else(overview):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', overview)[1].replace("&#39;", "'")
    styles, scripts = (re.findall(rf"(?s)<{tag}>(.*?)</{tag}>", overview) for tag in ("style", "script"))
    assert page.content_policy(styles, scripts) == policy
    assert (
        policy.startswith("default-src 'none'") and policy.count("'sha256-") == 2 and "unsafe" not in policy
    )
    here = page.Page("1.html", "1", "One", "")
    plain = page.frame(here, [here], "", show.Html("<h1>x</h1><p>explorer.js</p>"), notice=HOSTILE)
    assert "script-src &#39;none&#39;" in plain and "<script" not in plain
    assert 'class="notice"' in plain and "<img" not in plain


def test_hostile_words_of_the_ledger_stay_words_everywhere():
    run = hostile_run()
    f = run.forecast
    made = [
        tables.article_rows(run.ledger),
        tables.who_comes_where(f, run.params.leaders),
        tables.occasion_rows(f),
        tables.contribution_rows(f),
        tables.next_rows(f),
        tables.type_rows(run),
        tables.kind_rows(run),
    ]
    shown = [*map(show.table, made), show.say(words.forecast.headline(f), words.forecast.where(f))]
    shown += [show.moves(tables.drivers(f)), show.bullets([words.forecast.headline(f)])]
    outputs = [new_output("execute_result", {"text/html": each.markup}) for each in shown]
    for text in (overview_page(run), notebook_page(notebook.normalise(executed(*outputs)), run)):
        reader = check_page(text)
        assert not any(tag == "img" for tag, _ in reader.tags)
        assert HOSTILE.removeprefix("<img src=x ") in "".join(reader.words)
    assert all('<div class="mathjax_ignore">' in each._repr_html_() for each in shown)


def test_addresses_become_links_only_where_they_are_web_addresses():
    cell = 'AP https://ap.example/x?a=1&b="2 and javascript:alert(1)'
    linked = show.table(formatting.Table(("Source",), [(cell,)], "x", linked=("Source",))).markup
    assert re.findall('<a href="([^"]*)', linked) == ["https://ap.example/x?a=1&amp;b="]
    assert "<a " not in show.table(formatting.Table(("Source",), [(cell,)], "x")).markup


def test_the_track_record_is_told_once_it_predates_the_run(tmp_path):
    made = example_run.forecast()
    assert "no track record of this pair" in page.track_record(TrackRecord.load(tmp_path), made)[0]
    (tmp_path / "scores.csv").write_text(
        "score,model,forecasts,value,lower,upper\n"
        '"integrated Brier, weeks 1-26",full,8112,0.0670,0.0410,0.0950\n'
        '"integrated Brier, weeks 1-26",seasonal climatology,8112,0.1880,0.1500,0.2200\n'
    )
    (tmp_path / "by_year.csv").write_text("year,model,brier\n2013,full,0.1\n2014,full,0.1\n")
    record = TrackRecord.load(tmp_path)
    told = page.track_record(record, made)
    assert len(told) == 1 and all(n in told[0] for n in ("8,112", "0.067", "0.041", "0.095", "0.188"))
    assert "still to come" in page.track_record(record, replace(made, as_of="2014-07-11"))[0]


def test_the_scores_that_fit_the_question_stand_beside_the_overall_one():
    """Those at the nearest horizon, and where the question ends with its year, those of such questions."""

    def score(name, model, value):
        return {"score": name, "model": model, "forecasts": 312, "value": value, "lower": 0.0, "upper": 0.5}

    names = ("integrated Brier, weeks 1-26", "Brier, 4 weeks", "Brier, 26 weeks", "question-like set, Brier")
    models = {"full": 0.01, "seasonal climatology": 0.02}
    rows = [
        score(name, model, value + n / 10) for n, name in enumerate(names) for model, value in models.items()
    ]
    record, made = TrackRecord(scores=rows), example_run.forecast()

    def fitting(last_day):
        return page.track_record(record, replace(made, last_day=last_day))[1]

    assert "25 weeks ahead" in fitting("2025-12-31") and "scored, 26 weeks" in fitting("2025-12-31")
    assert all(number in fitting("2025-12-31") for number in ("0.210", "0.220", "0.310", "0.320"))
    assert "scored, 4 weeks" in fitting("2025-08-01") and "0.110" in fitting("2025-08-01")
    assert "end of the year" not in fitting("2025-08-01") and "0.310" not in fitting("2025-08-01")


def test_a_run_that_is_not_the_plain_one_says_so_on_its_pages():
    more = {
        "scenario": "thaw",
        "deadline": "2026-03-31",
        "signals": ["a.csv", "b.csv"],
        "what_if": ["add x:2"],
    }
    notice = words.page.notice(PLAIN | more)
    for part in ("scenario thaw", "deadline 31 March 2026", "more signals from a.csv and b.csv", "add x:2"):
        assert part in notice
    assert words.page.notice(PLAIN) == ""


def test_formulas_become_mathml_and_code_stays():
    text = page.with_mathml("By $p < 1$ and `$x$` and $$\\sum_i x_i$$ for $5 or $6.")
    assert text.count("<math") == 2 and "`$x$`" in text and 'display="block"' in text
    assert "for $5 or $6." in text


# Rendering


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A folder of one notebook that works, and a run that needs no model; called, it adds one that fails."""
    source = nbformat.read(ROOT / "notebooks" / "1_evidence.ipynb", as_version=4)
    head = [cell for cell in source.cells if cell.id in ("title", "parameters")]

    def write(name, cell, code):
        made = new_notebook(cells=[*head, new_code_cell(code, id=cell)], metadata=source.metadata)
        nbformat.write(made, tmp_path / f"{name}.ipynb")

    write("1_good", "day", "as_of")
    monkeypatch.setattr(provenance, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(notebook, "FAILED", tmp_path / "failed")
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(build, "LOG", tmp_path / "log.csv")
    monkeypatch.setattr(provenance, "RENDERED", tmp_path / "rendered")
    monkeypatch.setattr(forecast, "run", lambda *_, **__: made_up_run())
    monkeypatch.setattr(posterior, "posterior_file", lambda *_, **__: tmp_path / "1_good.ipynb")
    return lambda: write("2_bad", "broken", "print('so far')\nraise ValueError('first\\nlast words')")


def test_a_report_is_rendered_once_and_again_when_something_it_rests_on_changes(workshop, tmp_path, capsys):
    asked, folder = load_params(), tmp_path / "rendered" / "2025-07-11"
    assert build.command(asked, Sources(), Edits()) == 0
    shown = capsys.readouterr().out
    assert "85%" in shown and "2025-07-11/index.html was rendered" in shown
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2
    assert "2025-07-11/index.html" in (tmp_path / "rendered" / "latest" / "index.html").read_text()
    assert build.command(asked, Sources(), Edits()) == 0
    assert "is up to date" in capsys.readouterr().out
    assert not provenance.current(load_params(as_of="2025-07-10"))
    assert not provenance.current(asked, edits=Edits(add=("leader_call:2",)))
    for path in (folder / "index.html", tmp_path / "1_good.ipynb"):
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert not provenance.current(asked)
        path.write_bytes(before)
        assert provenance.current(asked)

    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    workshop()
    assert not provenance.current(asked)
    with pytest.raises(notebook.RenderError, match="notebook 2_bad, cell broken: last words"):
        build.command(asked, Sources(), Edits())
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert "so far" in (tmp_path / "failed" / "2_bad.ipynb").read_text()
    left = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(name.endswith((".pickle", ".html")) for name in left)


def test_the_runs_are_listed_newest_first_and_latest_leads_to_the_newest_plain_one(tmp_path):
    def add(folder, **changes):
        (tmp_path / folder).mkdir(parents=True)
        text = forecast.to_json(example_run.forecast(**changes))
        for name, content in {"forecast.json": text, "index.html": "", "2_forecast.html": ""}.items():
            (tmp_path / folder / name).write_text(content)

    run_list.write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    add("2025-07-11", question=HOSTILE)
    add("2025-09-01-thaw", as_of="2025-09-01", scenario="thaw")
    add("2025-08-15", as_of="2025-08-15")
    met = {"answer": "yes", "date": "2025-10-30", "place": "Busan"}
    add("sweep-dates/2025-11-03", as_of="2025-11-03", resolved=met)
    add("record/2025-12-01", as_of="2025-12-01")
    (tmp_path / "sweep-dates" / "index.html").write_text("")
    (tmp_path / "2025-07-11" / "forecast.json").with_name("old").mkdir()
    (tmp_path / "torn").mkdir()
    for name, content in {"forecast.json": '{"as_of": ', "index.html": ""}.items():
        (tmp_path / "torn" / name).write_text(content)
    run_list.write(tmp_path)
    text = (tmp_path / "index.html").read_text()
    reader = check_page(text)
    links = [attrs["href"] for tag, attrs in reader.tags if tag == "a"][4:]
    days = ["sweep-dates/2025-11-03", "2025-09-01-thaw", "2025-08-15", "2025-07-11", "sweep-dates"]
    assert links == [f"{day}/index.html" for day in days]
    for part in ("resolved: yes", "85%, very likely", "thaw", "15 August 2025"):
        assert part in words_of(text)
    assert sorted(path.name for path in (tmp_path / "latest").iterdir()) == ["2_forecast.html", "index.html"]
    assert 'url=../2025-08-15/2_forecast.html"' in (tmp_path / "latest" / "2_forecast.html").read_text()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.html")}
    run_list.write(tmp_path)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.html")}


@pytest.mark.parametrize("name", ["latest", "index.html", "log.csv"])
def test_no_run_takes_the_name_of_what_lies_beside_the_runs(name):
    with pytest.raises(InputError, match="expected the name of a folder"):
        provenance.folder_of(PLAIN, run_name=name)


def test_asking_whether_a_report_is_current_needs_no_heavy_import():
    code = (
        "import sys; from model.settings.params import load_params; from model.report import provenance;"
        "provenance.current(load_params());"
        "heavy = {'matplotlib', 'pymc', 'arviz', 'nbformat', 'papermill'};"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
