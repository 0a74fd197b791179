"""The laws of a forecast hold for ledgers of every shape, however little they record."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import PAIR, SHAPES, SIDES, THIRD, asked, days_of, draws, fitted, ledgers, probability
from made_up import DAY, ledger, occasion
from test_schemas import faults

from model import chances
from model.answer import forecast
from model.evidence.edits import Edits, edited
from model.evidence.ledger import check_as_of, csv_of, load_ledger
from model.evidence.outlook import outlook
from model.evidence.record import record
from model.files.problems import InputError
from model.fit.likelihood import log_likelihood
from model.fit.predictive import prior_draws
from model.settings.question import Where
from model.track_record import log

FEW = settings(max_examples=4)
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Singapore", "Pacific/Auckland"])
every_shape = pytest.mark.parametrize("shape", SHAPES)


def made(whole, as_of, days=200, **changes):
    """The forecast of a ledger."""
    return forecast.forecast(asked(as_of, days, **changes), whole, fitted).forecast


def whole_and_day(data, shape, before=0):
    """A ledger and a day from so many days before its first row to a year after its last."""
    whole = data.draw(ledgers(shape))
    return whole, data.draw(days_of(whole, before))


def refuse(name):
    """Fail for a number of a JSON file that is not finite."""
    raise AssertionError(f"{name} in a forecast file")


@every_shape
@FEW
@given(data=st.data())
def test_every_generated_ledger_is_a_valid_one(shape, data):
    whole = data.draw(ledgers(shape))
    contents = {Path(f"{name}.csv").resolve(): text.encode() for name, text in csv_of(whole).items()}
    assert load_ledger(*([path] for path in contents), contents=contents, words=PAIR.vocabulary) == whole


@every_shape
@FEW
@given(data=st.data())
def test_every_forecast_is_a_probability_within_a_range_and_its_file_reads_back(shape, data):
    whole, as_of = whole_and_day(data, shape)
    answer = made(whole, as_of)
    assert answer.resolved is None and 0 < answer.probability <= 1
    assert 0 <= answer.interval["lower"] < answer.interval["upper"] <= 1
    text = forecast.to_json(answer)
    json.loads(text, parse_constant=refuse)
    assert forecast.to_json(forecast.from_json(text)) == text and faults(text) == []


@every_shape
@FEW
@given(data=st.data(), zone=ZONES)
def test_shares_of_the_first_meeting_add_up(shape, data, zone):
    answer = made(*whole_and_day(data, shape), time_zone=zone)
    total = sum(row["probability_first"] for row in answer.occasions)
    assert total == pytest.approx(answer.probability, abs=1e-9)
    assert answer.curve[-1]["probability"] == pytest.approx(answer.probability, abs=1e-9)


@every_shape
@FEW
@given(data=st.data(), days=st.tuples(st.integers(1, 400), st.integers(1, 400)), zone=ZONES)
def test_a_later_deadline_is_never_less_likely(shape, data, days, zone):
    whole, as_of = whole_and_day(data, shape)
    early, late = (probability(whole, as_of, n, time_zone=zone) for n in sorted(days))
    assert early <= late + 1e-12


@every_shape
@FEW
@given(data=st.data(), days=st.integers(0, 700))
def test_a_question_that_opened_before_a_meeting_is_resolved_and_no_other(shape, data, days):
    whole, as_of = whole_and_day(data, shape)
    opens = as_of - days * DAY
    met = sorted(o.met_date for o in whole.occasions if o.met and opens <= o.met_date <= as_of)
    answer = made(whole, as_of, opens=opens)
    assert bool(met) == bool(answer.resolved) and (answer.probability == 1) == bool(met)
    assert not met or answer.resolved["date"] == met[0].isoformat()
    assert faults(forecast.to_json(answer)) == []


@every_shape
@FEW
@given(data=st.data(), host=st.sampled_from([*SIDES, *THIRD]))
def test_a_meeting_in_one_country_is_never_likelier_than_one_anywhere(shape, data, host):
    whole, as_of = whole_and_day(data, shape)
    here = probability(whole, as_of, where=Where(host=host))
    assert 0 < here <= probability(whole, as_of) + 1e-12


@every_shape
@FEW
@given(data=st.data(), days=st.tuples(st.integers(1, 250), st.integers(1, 250)))
def test_an_earlier_exit_from_office_never_raises_the_forecast(shape, data, days):
    whole, as_of = whole_and_day(data, shape)
    first, second = PAIR.question.sides
    sides = [[first, second.model_copy(update={"leaves_office": as_of + n * DAY})] for n in sorted(days)]
    early, late = (probability(whole, as_of, sides=each) for each in sides)
    assert early <= late + 1e-12 and late <= probability(whole, as_of) + 1e-12


@every_shape
@FEW
@given(data=st.data(), days=st.tuples(st.integers(1, 199), st.integers(1, 199)))
def test_a_question_that_opens_later_is_never_likelier(shape, data, days):
    whole, as_of = whole_and_day(data, shape)
    early, late = (probability(whole, as_of, opens=as_of + n * DAY) for n in sorted(days))
    assert late <= early + 1e-12


@every_shape
@FEW
@given(data=st.data())
def test_rows_that_are_not_public_change_nothing(shape, data):
    whole, as_of = whole_and_day(data, shape)
    known, cut = (vars(made(each, as_of)) for each in (whole, whole.as_of(as_of)))
    for fields in (known, cut):  # which of the files' rows are old is a matter of the files
        fields["notes"] = [note for note in fields["notes"] if not note.startswith("The evidence ends")]
    assert known | {"rows_after_as_of": 0} == cut


@every_shape
@FEW
@given(data=st.data())
def test_an_occasion_that_is_refused_never_raises_the_forecast(shape, data):
    whole, as_of = whole_and_day(data, shape)
    params, before = asked(as_of), probability(whole, as_of)
    for name in [o.occasion_id for o in whole.as_of(as_of).occasions if o.met is None]:
        refused = edited(whole, Edits(set=(f"{name}=refused",)), params)
        assert probability(refused, as_of) <= before + 1e-12


@every_shape
@FEW
@given(data=st.data())
def test_a_record_of_any_size_has_a_likelihood_of_every_parameter(shape, data):
    whole, as_of = whole_and_day(data, shape)
    assert np.isfinite(log_likelihood(draws(), record(whole.as_of(as_of), PAIR))).all()


@every_shape
@FEW
@given(data=st.data())
def test_a_published_forecast_reads_back_from_the_log(shape, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    whole, as_of = whole_and_day(data, shape)
    answer = made(whole, as_of)
    assert log.publish(answer, path) and not log.publish(answer, path)
    assert log.read_log(path).entries == [log.entry(answer)]


@every_shape
@FEW
@given(data=st.data())
def test_a_day_before_the_first_row_is_refused_and_every_later_day_has_a_forecast(shape, data):
    whole, as_of = whole_and_day(data, shape, before=30)
    if as_of >= whole.first_day:
        check_as_of(whole, asked(as_of))
        assert date.fromisoformat(made(whole, as_of).as_of) == as_of
    else:
        with pytest.raises(InputError, match=f"begins on {whole.first_day}"):
            check_as_of(whole, asked(as_of))


def test_a_ledger_of_meetings_alone_claims_more_than_one_of_all_occasions():
    """The example of the guide `Your own pair` in seeds/README.md."""
    as_of, p = date(2025, 6, 1), prior_draws(PAIR, 50_000, 1)
    summit = {"type": "g20", "host": "XC"}
    met = [occasion(f"{y}-g20", date(y, 11, 15), met=True, **summit) for y in range(2019, 2025)]
    missed = [replace(o, met=False, met_date=None) for o in met]
    alone = [replace(o, attended="XA") for o in missed]
    ahead = occasion("2025-g20", date(2025, 11, 22), **summit)

    def chance(past):
        """The mean over prior draws, weighted by the likelihood of the past."""
        whole, params = ledger((), [*past, ahead]).as_of(as_of), asked(as_of)
        log_weight = log_likelihood(p, record(whole, params))
        made = chances.by_deadline(p, outlook(whole, as_of, params.question.deadline, params))
        return np.average(made, weights=np.exp(log_weight - log_weight.max()))

    pasts = [[], [*met[:3], *missed[3:]], met[:3], alone]
    assert [chance(past) for past in pasts] == pytest.approx([0.57, 0.55, 0.69, 0.19], abs=0.02)
