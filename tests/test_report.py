"""Parameters are checked, reports are built aside and moved into place whole, and pages need nothing from outside."""

import ast
import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from types import SimpleNamespace

import example_run
import nbformat
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from made_up import prior_draws
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from papermill.cli import NoDatesSafeLoader
from papermill.translators import PythonTranslator

from model import formatting
from model.answer import facts
from model.answer.forecast import Sources
from model.evidence.edits import Edits
from model.evidence.outlook import outlook
from model.files.problems import InputError
from model.paths import ROOT
from model.report import notebook, page, report, show, tables, words
from model.settings import params

DEFAULTS = {
    "as_of": "",
    "deadline": "",
    "question": "",
    "priors": "",
    "scenario": "",
    "signals": [],
    "occasions": [],
    "visit_windows": [],
    "only": False,
    "what_if": [],
    "out_dir": "",
    "random_seed": 0,
    "interactive": True,
}
HOSTILE = (
    '<img src=x onerror=alert(1)> & "quotes" [link](javascript:x) $1$ **b** $\\href{javascript:x}{y}$ \\(z\\)'
)


def names(**changes):
    return DEFAULTS | {"__annotations__": dict(report.PARAMETERS), "report": report} | changes


def made_up_run(**changes):
    loaded = params.load_params()
    ledger = example_run.cut()
    return SimpleNamespace(
        params=loaded,
        ledger=ledger,
        whole=ledger,
        forecast=example_run.forecast(**changes),
        outlook=outlook(ledger, example_run.AS_OF, example_run.DEADLINE, loaded),
        draws=prior_draws(),
    )


def hostile_run():
    forecast = example_run.forecast()
    ledger = example_run.cut()
    signals = tuple(
        replace(signal, description=HOSTILE, source=f"{HOSTILE} https://evil.example/?q=<b>&x")
        for signal in ledger.signals
    )
    named = tuple(replace(occasion, name=HOSTILE) for occasion in ledger.occasions)
    occasions = [
        row | {"name": HOSTILE, "last_word": {"id": "x", "date": "2025-07-01", "text": HOSTILE}}
        for row in forecast.occasions
    ]
    run = made_up_run(
        question=HOSTILE,
        occasions=occasions,
        contributions=[row | {"text": HOSTILE} for row in forecast.contributions],
        next_signals=[row | {"what": HOSTILE} for row in forecast.next_signals],
    )
    run.ledger = run.whole = replace(ledger, signals=signals, occasions=named)
    sides = [
        side.model_copy(update={"leader": HOSTILE, "country": HOSTILE}) for side in run.params.question.sides
    ]
    run.params = replace(
        run.params, question=run.params.question.model_copy(update={"sides": sides, "text": HOSTILE})
    )
    run.outlook = outlook(run.ledger, example_run.AS_OF, example_run.DEADLINE, run.params)
    return run


# Parameters


def test_the_parameters_of_a_notebook_are_taken_as_they_are():
    assert report.checked_parameters(names(as_of="2024-01-01")) == DEFAULTS | {"as_of": "2024-01-01"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("as_of", 20250711, "expected text; found 20250711"),
        ("random_seed", True, "expected a whole number; found True"),
        ("random_seed", "7", "expected a whole number; found '7'"),
        ("interactive", 1, "expected True or False; found 1"),
        ("signals", "a.csv", "expected a list of text; found 'a.csv'"),
        ("signals", [1], r"expected a list of text; found \[1\]"),
        ("deadline", None, "expected text; found None"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value, said):
    with pytest.raises(InputError, match=f"parameters: {name}: {said}"):
        report.checked_parameters(names(**{name: value}))


def test_a_name_that_papermill_injected_but_no_cell_declares_is_refused():
    cell = '# Parameters\nas_off = "2025-07-11"\nrandom_seed = 3\n'
    with pytest.raises(InputError, match=r'parameters: as_off: unknown parameter \(did you mean "as_of"\?\)'):
        report.checked_parameters(names(In=["", cell, "other = 3"], as_off="2025-07-11"))


def test_a_parameters_cell_that_lacks_a_name_is_refused():
    short = {name: kind for name, kind in report.PARAMETERS.items() if name != "scenario"}
    with pytest.raises(InputError, match="scenario: the parameters cell does not declare it"):
        report.checked_parameters(names(__annotations__=short))


def test_every_problem_of_the_parameters_is_told_at_once():
    with pytest.raises(InputError) as caught:
        report.checked_parameters(names(as_of=1, signals=2))
    assert len(caught.value.problems) == 2


def test_edits_are_told_in_words():
    edits = report.edits_of(["add leader_call:2", "set 2025-apec-gyeongju=announced", "remove 2025-01-01-x"])
    assert edits == Edits(("leader_call:2",), ("2025-apec-gyeongju=announced",), ("2025-01-01-x",))
    with pytest.raises(InputError, match="expected one of add, set, remove"):
        report.edits_of(["drop it"])


def test_the_plain_run_is_told_by_its_day_alone():
    told = report.notebook_parameters(params.load_params(), Sources(), Edits())
    assert told == {"as_of": "2025-07-11", "interactive": False}


def test_whatever_differs_from_the_params_files_is_told():
    asked = params.load_params(as_of="2024-03-01", deadline="2024-12-31", random_seed=5)
    sources = Sources(signals=(ROOT / "seeds" / "signals.csv",), only=True)
    told = report.notebook_parameters(asked, sources, Edits(add=("leader_call:2",)))
    assert told == {
        "as_of": "2024-03-01",
        "deadline": "2024-12-31",
        "random_seed": 5,
        "signals": ["seeds/signals.csv"],
        "only": True,
        "what_if": ["add leader_call:2"],
        "interactive": False,
    }


def test_settings_that_no_notebook_can_be_told_of_are_refused():
    with pytest.raises(InputError, match="put the change into a scenario"):
        report.notebook_parameters(params.load_params(draws=50), Sources(), Edits())


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.sampled_from(
                [
                    '"; import os #',
                    '\\"+exit()+\\"',
                    '"""',
                    "\n# Parameters\nexit()",
                    "{{ x }}",
                    "!!python/name:os.system",
                    "\U0001f600\u2028\x7f",
                ]
            ),
        )
    )
)
def test_parameters_reach_a_notebook_as_the_text_they_are(texts):
    told = {"question": "".join(texts), "signals": texts, "only": True}
    read = yaml.load(notebook.as_yaml(told), Loader=NoDatesSafeLoader)
    lines = ast.parse(PythonTranslator.codify(read)).body
    assert {line.targets[0].id: ast.literal_eval(line.value) for line in lines} == told


@pytest.mark.parametrize(
    "folder",
    [
        "../x",
        "/tmp/x",
        "seeds",
        ".",
        "",
        "notebooks/rendered",
        "notebooks/rendered/record",
        "notebooks/rendered/../../seeds",
        "notebooks/rendered/record/x",
    ],
)
def test_parameters_write_nowhere_but_where_runs_lie(folder, monkeypatch):
    written = []
    monkeypatch.setattr(report, "write_files", lambda run, folder: written.append(folder))
    monkeypatch.setattr("model.answer.forecast.run", lambda *_: None)
    if folder:
        with pytest.raises(
            InputError, match="out_dir: expected a folder of notebooks/rendered other than record"
        ):
            report.open_run(names(out_dir=folder))
    report.open_run(names(out_dir="notebooks/rendered/mine" if folder else ""))
    assert written == [report.RENDERED / "mine"] * bool(folder)


def test_only_the_plain_run_takes_the_plain_folder():
    plain = {"as_of": "2025-07-11", "interactive": False}
    assert report.folder_of(plain).name == "2025-07-11"
    assert report.folder_of(plain | {"scenario": "thaw"}).name == "2025-07-11-thaw"
    other = report.folder_of(plain | {"what_if": ["add leader_call:2"]}).name
    assert re.fullmatch(r"2025-07-11-[0-9a-f]{8}", other)
    assert other != report.folder_of(plain | {"what_if": ["add leader_call:3"]}).name
    assert report.folder_of(plain, run_name="mine") == report.RENDERED / "mine"


def test_an_unknown_notebook_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match='no such notebook .did you mean "2_forecast"'):
        notebook.sources(["2_forcast"])


# Files


def test_a_finished_report_takes_the_place_of_the_old_one(tmp_path):
    built, target = tmp_path / "built", tmp_path / "rendered" / "run"
    for text in ("old", "new"):
        built.mkdir(exist_ok=True)
        (built / "index.html").write_text(text)
        (built / text).write_text("")
        report.put_in_place(built, target)
    assert sorted(path.name for path in target.iterdir()) == ["index.html", "new"]
    assert (target / "index.html").read_text() == "new" and [
        path.name for path in target.parent.iterdir()
    ] == ["run"]


def test_the_place_is_also_taken_where_folders_cannot_be_exchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "exchange", lambda one, other: False)
    test_a_finished_report_takes_the_place_of_the_old_one(tmp_path)


def test_the_data_files_hold_the_forecast(tmp_path):
    run = made_up_run()
    report.write_files(run, tmp_path)
    assert json.loads((tmp_path / "forecast.json").read_text())["probability"] == 0.852
    with (tmp_path / "tables" / "contributions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [row["id"] for row in run.forecast.contributions]
    assert float(rows[2]["delta"]) == pytest.approx(run.forecast.contributions[2]["delta"])
    assert sorted(path.name for path in (tmp_path / "inputs").iterdir()) == [
        "occasions.csv",
        "priors.yaml",
        "question.yaml",
        "run.yaml",
        "signals.csv",
        "visit_windows.csv",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(text):
    assert page.csv_text([{"text": text, "delta": -0.5}]).split("\n", 1)[1].lstrip('"').startswith("'")
    assert page.csv_text([{"text": "x", "delta": -0.5}]).endswith("x,-0.5\n")


def executed():
    cells = [
        new_markdown_cell("# One\n\nWhat it says.", id="title"),
        new_code_cell(
            "x = 1", id="a1b2c3", metadata={"tags": ["injected-parameters"], "papermill": {"dur": 3}}
        ),
        new_code_cell(
            "1 < 2",
            id="sum",
            metadata={"tags": [], "execution": {"start": "now"}},
            execution_count=2,
            outputs=[
                new_output("stream", text=f"{ROOT}/seeds <b>"),
                new_output("execute_result", {"text/plain": "True <"}, execution_count=2),
            ],
        ),
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


def overview_page(run):
    pages = [page.Page("1_evidence.html", "1 Evidence", "Evidence", "What was public.")]
    overview = page.overview(run, ["curve.csv"], ROOT / "none")
    return page.frame(page.OVERVIEW, pages, page.footer(run), overview=overview)


def notebook_page(clean, run):
    here = page.page_of("1_evidence", clean)
    return page.frame(here, [here], page.footer(run), body=page.notebook_html(clean))


def check_page(text):
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
            assert re.fullmatch(r"#[\w-]+|[\w/-]+\.(html|json|csv)", attrs["href"])
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1
    return reader


def test_the_overview_stands_alone():
    reader = check_page(overview_page(made_up_run()))
    words = " ".join(" ".join(reader.words).split())
    for said in (
        "85%",
        "Very likely",
        "15 of 17",
        "74% – 93%",
        "to watch",
        "changed in a week",
        "How to cite",
    ):
        assert said in words


def test_the_overview_leads_with_who_comes_where():
    rows = re.findall(r"(?s)<tr>(.*?)</tr>", overview_page(made_up_run()).split("<svg")[0])
    cells = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"(?s)<t[hd].*?</t[hd]>", row)] for row in rows
    ]
    assert cells[0] == ["Occasion", "Trump", "Xi", "Both", "First", "Last word"]
    assert cells[1][:5] == ["Beijing WWII 80th anniversary parade, 3 Sep", "8%", "home", "8%", "4%"]
    assert cells[3][:5] == ["APEC Gyeongju, 31 Oct", "86%", "96%", "82%", "61%"]
    assert cells[3][5].startswith("11 July 2025: Trump seen toying with meeting at APEC")
    assert cells[5][:5] == ["A visit not yet public", "–", "–", "–", "13%"]


def test_the_overview_says_why_the_number_is_what_it_is():
    words = " ".join(" ".join(Reader(overview_page(made_up_run())).words).split())
    assert (
        "Statements about G20 Johannesburg lower the forecast most, by 2.1 points: the chance that Trump comes is 3%."
        in words
    )
    assert (
        "to come to only one occasion: APEC Gyeongju (82%), which accounts for 61 of the 85 points" in words
    )


def test_a_day_that_is_only_expected_is_not_stated():
    row = example_run.forecast().occasions[2]
    assert tables.dated(row) == "APEC Gyeongju, 31 Oct"
    assert (
        tables.dated(row | {"id": "2026-apec-expected", "name": "APEC 2026, no date yet"})
        == "APEC 2026, no date yet"
    )


def test_the_downside_is_watched_first_then_the_upside_then_pairs():
    words = " ".join(Reader(overview_page(made_up_run())).words)
    places = [
        words.index(text)
        for text in (
            "Trump stays away from APEC Gyeongju",
            "Meeting announced at APEC Gyeongju",
            "Trump stays away from APEC Gyeongju and UN week",
        )
    ]
    assert places == sorted(places)
    assert [row[0] for row in tables.next_rows(example_run.forecast()).rows] == [
        "down",
        "down",
        "up",
        "up",
        "pair",
    ]


def test_next_signals_that_change_the_forecast_alike_share_a_row():
    rows = [example_run.after("down", what, -0.01) for what in ("trade talks (-2)", "envoy meeting (-2)")]
    made = tables.next_rows(
        example_run.forecast(next_signals=[*rows, example_run.after("up", "leader call (+2)", 0.01)])
    )
    assert [row[-1] for row in made.rows] == [
        "One of: trade talks (-2), envoy meeting (-2)",
        "Leader call (+2)",
    ]


def test_one_signal_halves_the_forecast_only_where_one_does():
    plain = example_run.forecast()
    assert words.forecast.halving(plain).startswith(
        "No single signal would halve the forecast; at worst it would fall to 55%"
    )
    worse = replace(
        plain, next_signals=[plain.next_signals[0] | {"probability_after": 0.3}, *plain.next_signals[1:]]
    )
    assert words.forecast.halving(worse).startswith(
        "A single signal is enough to halve the forecast: it would fall to 30%"
    )


def test_occasions_that_lost_nothing_are_not_blamed():
    calm = [row for row in example_run.forecast().contributions if row["what"] != "coming"]
    assert (
        words.forecast.taken_away(made_up_run(contributions=calm))
        == "Statements about any one occasion lower the forecast by less than a point."
    )
    far = [row | {"both": 0.2 if row["both"] else None} for row in example_run.forecast().occasions]
    assert (
        words.forecast.left(example_run.forecast(occasions=far))
        == "There is no occasion to which both leaders are more likely than not to come."
    )
    unknown = [row for row in example_run.forecast().occasions if row["kind"] == "unknown"]
    assert (
        words.forecast.left(example_run.forecast(occasions=unknown))
        == words.forecast.taken_away(made_up_run(occasions=unknown))
        == ""
    )


def test_the_counts_stand_beside_the_parameters_they_teach():
    rows = {row[0]: row[1:] for row in tables.count_rows(made_up_run(fit_through="2025-01-20")).rows}
    assert rows["United States: came to summits"] == (44, 50, "88%", "comes_summit")
    assert rows["Promises broken, days at risk"] == (4, 836, "0.0048 a day", "breaks")
    nothing = example_run.forecast().counts | {"made_up": [0, 0], "visits": [0, 0.0]}
    rows = {row[0]: row[1:] for row in tables.count_rows(made_up_run(counts=nothing)).rows}
    assert rows["Visits put off that came within a year"][2] == rows["Visits, years of the record"][2] == "–"


README_TEXT = (
    "As of today: <!-- number -->1 %, x<!-- /number -->. [overview](notebooks/rendered/2025-07-11/index.html)\n"
    "<!-- who comes where -->old<!-- /who comes where -->\nThe rest.\n"
)


def test_the_readme_gets_number_and_table_of_the_run_that_it_links_to(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    loaded, made = params.load_params(), example_run.forecast()
    report.refresh_readme(made, loaded, report.RENDERED / "2025-07-11")
    assert not report.README.exists()
    report.README.write_text(README_TEXT)
    report.refresh_readme(made, loaded, report.RENDERED / "2025-07-12")
    assert report.README.read_text() == README_TEXT
    report.refresh_readme(made, loaded, report.RENDERED / "2025-07-11")
    text = report.README.read_text()
    assert "<!-- number -->85 %, very likely<!-- /number -->" in text and text.endswith("\nThe rest.\n")
    assert "| Occasion | Trump | Xi | Both | First |\n" in text and "old" not in text
    assert "| G20 Johannesburg, 22 Nov | 3% | 88% | 2% | 2% |\n" in text


def test_a_page_of_a_notebook_has_its_cells_as_anchors_and_hides_what_it_should():
    text = notebook_page(notebook.normalise(executed()), made_up_run())
    reader = check_page(text)
    assert {"title", "injected-parameters", "sum"} <= {attrs.get("id") for _, attrs in reader.tags}
    assert "secret" not in text and "True &lt;" in text and "&lt;b&gt;" in text
    assert sum(tag == "details" for tag, _ in reader.tags) == 2


def test_the_policy_of_a_page_allows_its_own_style_and_nothing_else():
    text = overview_page(made_up_run())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    css = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert page.content_policy([css], re.findall(r"<script>(.*?)</script>", text, re.DOTALL)) == policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script-src 'sha256-" in policy
    assert policy.count("'sha256-") == 2 and "unsafe" not in policy
    here = page.Page("1.html", "1", "One", "")
    assert "script-src &#39;none&#39;" in page.frame(here, [here], "", body=show.Html("<h1>x</h1>"))


def test_scripts_run_only_where_a_file_beside_the_templates_holds_them(tmp_path, monkeypatch):
    for template in [*page.TEMPLATES.glob("*.j2"), *page.TEMPLATES.glob("*.css")]:
        (tmp_path / template.name).write_bytes(template.read_bytes())
    (tmp_path / "explorer.js").write_text("let x = 1 < 2;")
    monkeypatch.setattr(page, "TEMPLATES", tmp_path)
    run, here = made_up_run(), page.Page("5_what_if.html", "5", "What if", "")
    body = show.Html('<h1>x</h1><div data-script="explorer.js"></div>')
    text = page.frame(here, [here], page.footer(run), body=body)
    assert "<script>let x = 1 < 2;</script>" in text and "script-src 'sha256-" in text.replace("&#39;", "'")
    assert "<script" not in page.frame(
        here, [here], page.footer(run), body=show.Html("<h1>x</h1><p>explorer.js</p>")
    )


def test_hostile_words_of_the_ledger_stay_words_everywhere():
    run = hostile_run()
    f = run.forecast
    shown = [
        tables.article_rows(run.ledger),
        tables.who_comes_where(f, facts.leaders(run)),
        tables.occasion_rows(f),
        tables.contribution_rows(f),
        tables.next_rows(f),
        tables.type_rows(run),
        tables.kind_rows(run),
    ]
    outputs = [show.table(table) for table in shown]
    outputs += [
        show.say(words.forecast.headline(run.forecast), words.forecast.where(run.forecast)),
        show.moves(tables.drivers(run.forecast)),
        show.bullets([words.forecast.headline(run.forecast)]),
    ]
    cells = [new_markdown_cell("# One", id="title")]
    cells += [
        new_code_cell("x", id=f"c{n}", outputs=[new_output("execute_result", {"text/html": output.markup})])
        for n, output in enumerate(outputs)
    ]
    for text in (overview_page(run), notebook_page(notebook.normalise(new_notebook(cells=cells)), run)):
        reader = check_page(text)
        assert not any(tag == "img" for tag, _ in reader.tags)
        assert HOSTILE.removeprefix("<img src=x ") in "".join(reader.words)
    assert all('<div class="mathjax_ignore">' in output._repr_html_() for output in outputs)


def test_addresses_become_links_only_where_they_are_web_addresses():
    cell = 'AP https://ap.example/x?a=1&b="2 and javascript:alert(1)'
    linked = 'AP <a href="https://ap.example/x?a=1&amp;b=" rel="noreferrer">ap.example</a>&quot;2 and javascript:alert'
    assert linked in show.table(formatting.Table(("Source",), [(cell,)], "x", linked=("Source",))).markup
    assert "<a " not in show.table(formatting.Table(("Source",), [(cell,)], "x")).markup


def test_the_track_record_is_told_once_it_is_no_news(tmp_path):
    scores = tmp_path / "scores.csv"
    assert "not been run" in page.track_record(scores, date(2025, 7, 11))
    scores.write_text(
        "score,model,forecasts,value,lower,upper\n"
        '"integrated Brier, weeks 1-26",full,8112,0.0670,0.0410,0.0950\n'
        '"integrated Brier, weeks 1-26",seasonal climatology,8112,0.1880,0.1500,0.2200\n'
    )
    assert re.search(
        r"8,112 forecasts .* was 0.067, between 0.041 and 0.095 .* scored 0.188",
        page.track_record(scores, date(2025, 7, 11)),
    )
    assert "still to come" in page.track_record(scores, date(2013, 7, 11))


def test_a_run_that_is_not_the_plain_one_says_so_on_its_pages():
    told = {
        "as_of": "2025-07-11",
        "scenario": "thaw",
        "deadline": "2026-03-31",
        "what_if": ["add leader_call:2"],
        "signals": ["a.csv", "b.csv"],
        "interactive": False,
    }
    assert page.notice(told) == (
        "This is not the plain run of the day. It has the scenario thaw, the deadline "
        "31 March 2026, more signals from a.csv and b.csv and a what-if: add leader_call:2."
    )
    assert page.notice({"as_of": "2025-07-11", "interactive": False}) == ""
    here = page.Page("1.html", "1", "One", "")
    text = page.frame(here, [here], "", notice=HOSTILE, body=show.Html("<h1>x</h1>"))
    assert 'class="notice"' in text and "<img" not in text


def test_formulas_become_mathml_and_code_stays():
    pytest.importorskip("latex2mathml")
    text = page.with_mathml("By $p < 1$ and `$x$` and $$\\sum_i x_i$$ for $5 or $6.")
    assert (
        text.count("<math") == 2 and "`$x$`" in text and 'display="block"' in text and "for $5 or $6." in text
    )


# Rendering


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A folder of two notebooks and a run that needs no model."""
    source = nbformat.read(ROOT / "notebooks" / "1_evidence.ipynb", as_version=4)
    head = [cell for cell in source.cells if cell.id in ("title", "parameters")]
    good, bad = (
        new_notebook(cells=[*head, new_code_cell(code, id=name)], metadata=source.metadata)
        for name, code in (
            ("day", "as_of"),
            ("broken", "print('so far')\nraise ValueError('first\\nlast words')"),
        )
    )
    for name, source in (("1_good", good), ("2_bad", bad)):
        nbformat.write(source, tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(notebook, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(notebook, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(notebook, "FAILED", tmp_path / "cache" / "failed")
    monkeypatch.setattr(report, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(report, "LOG", tmp_path / "log.csv")
    monkeypatch.setattr("model.answer.forecast.run", lambda *_: made_up_run())
    return tmp_path


def test_a_failing_notebook_is_named_kept_and_leaves_the_last_report_untouched(workshop):
    out = workshop / "out"
    asked = params.load_params()
    assert report.render(asked, names=["1_good"], out_dir=out) == out
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert report.is_current(asked, names=["1_good"], out_dir=out)
    with pytest.raises(notebook.RenderError, match="notebook 2_bad, cell broken: last words") as caught:
        report.render(asked, out_dir=out)
    assert caught.value.failures == (("2_bad", "broken", "last words"),)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert "so far" in (workshop / "cache" / "failed" / "2_bad.ipynb").read_text()
    assert not any((workshop / "cache" / "render").iterdir())


def test_a_report_is_current_until_something_it_rests_on_changes(workshop):
    out, asked = workshop / "out", params.load_params()
    report.render(asked, names=["1_good"], out_dir=out)
    assert report.is_current(asked, names=["1_good"], out_dir=out)
    assert not report.is_current(asked, out_dir=out)
    assert not report.is_current(params.load_params(as_of="2025-07-10"), names=["1_good"], out_dir=out)
    assert not report.is_current(asked, edits=Edits(add=("leader_call:2",)), names=["1_good"], out_dir=out)
    page_of_it = out / "index.html"
    text = page_of_it.read_text("utf-8")
    page_of_it.write_text(text + " ", "utf-8")
    assert not report.is_current(asked, names=["1_good"], out_dir=out)
    page_of_it.write_text(text, "utf-8")
    assert report.is_current(asked, names=["1_good"], out_dir=out)
    (workshop / "1_good.ipynb").write_text((workshop / "1_good.ipynb").read_text("utf-8") + "\n", "utf-8")
    assert not report.is_current(asked, names=["1_good"], out_dir=out)


def test_the_command_renders_only_what_is_not_current(workshop, monkeypatch, capsys):
    monkeypatch.setattr(report, "RENDERED", workshop / "rendered")
    (workshop / "2_bad.ipynb").unlink()
    asked = params.load_params()
    assert report.command(asked, Sources(), Edits()) == 0
    assert "85%" in (said := capsys.readouterr().out) and "2025-07-11/index.html was rendered" in said
    assert len((workshop / "log.csv").read_text().splitlines()) == 2
    monkeypatch.setattr(report, "render", None)
    assert report.command(asked, Sources(), Edits()) == 0
    assert "is up to date" in capsys.readouterr().out


def test_the_command_fails_where_a_notebook_does(workshop, monkeypatch):
    monkeypatch.setattr(report, "RENDERED", workshop / "rendered")
    with pytest.raises(notebook.RenderError, match="notebook 2_bad, cell broken"):
        report.command(params.load_params(), Sources(), Edits())
    assert not (workshop / "rendered").exists()


def test_asking_whether_a_report_is_current_needs_no_heavy_import():
    code = (
        "import sys; from model import params, report; report.is_current(params.load_params());"
        "print(*{'matplotlib', 'pymc', 'arviz', 'arviz_stats', 'nbconvert', 'nbformat', 'papermill'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_executed_notebook_that_was_cut_short_is_kept_and_the_fault_told(tmp_path, monkeypatch):
    monkeypatch.setattr(notebook, "FAILED", tmp_path / "failed")
    path = tmp_path / "1_evidence.ipynb"
    path.write_text('{"cells": [{"cell_ty')
    assert notebook.keep_failed(path, "Traceback\nOSError: No space left on device") == (
        "none",
        "OSError: No space left on device",
    )
    assert (tmp_path / "failed" / "1_evidence.ipynb").exists() and not path.exists()


def test_a_kernel_that_dies_before_its_first_cell_is_started_again(workshop, monkeypatch):
    starts, really = [], subprocess.run

    def run(command, **options):
        starts.append(command)
        if len(starts) == 1:
            return subprocess.CompletedProcess(command, 1, "", f"RuntimeError: {notebook.NEVER_STARTED}")
        return really(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    (workshop / "work").mkdir()
    made = notebook.execute(notebook.sources(["1_good"]), {"as_of": "2025-07-10"}, workshop / "work")
    assert list(made) == ["1_good"] and len(starts) == 2
