"""What the track-record page says: its sentences (`templates/words/record.j2`) and its tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..formatting import Table, day, decimals, percent, points, short_day, upper_first
from ..track_record.backtest import FULL
from ..track_record.tables import BRIER, CLIMATOLOGY, Row, TrackRecord
from .words import Sentences

if TYPE_CHECKING:
    from ..answer.forecast import Forecast
    from ..evidence.ledger import Ledger

words = Sentences("record")


def table_of(
    rows: Iterable[Row], columns: str, caption: str, written: Mapping[str, Callable[[Any], str]] = {}
) -> Table:
    """A table of rows; `columns` lists the fields, and each head is its field with spaces and an upper-case letter."""
    names = columns.split(", ")
    heads = {name: upper_first(name.replace("_", " ")) for name in names}
    cells = [tuple(row[name] for name in names) for row in rows]
    return Table(tuple(heads.values()), cells, caption, {heads[name]: form for name, form in written.items()})


def four_decimals(value: float | str) -> str:
    """A score with four decimals; text stays as it is."""
    return value if isinstance(value, str) else decimals(value, 4)


def change(value: float, digits: int = 4) -> str:
    """A difference of scores with its sign."""
    return decimals(value, digits, sign=True)


def change_with_interval(row: Row, field: str, digits: int = 4) -> str:
    """A difference of scores with the interval that stands beside it in the row."""
    stem = field.removesuffix("_gain")
    value, low, high = (change(row[name], digits) for name in (field, f"{stem}_lower", f"{stem}_upper"))
    return f"{value} ({low} to {high})"


# Scores


def score_rows(record: TrackRecord, name: str = BRIER) -> Table:
    """One score of every model with its interval and paired differences."""
    rows = [
        row
        | {"90%": f"{decimals(row['lower'])} – {decimals(row['upper'])}"}
        | {field: change_with_interval(row, field, 3) for field in ("minus_climatology", "minus_calendar")}
        for row in record.scores
        if row["score"] == name
    ]
    return table_of(
        rows,
        "model, value, 90%, minus_climatology, minus_calendar",
        f"{upper_first(name)}; lower is better. Differences are paired, and below zero the row's model is "
        "better; intervals hold 90% of resamples of whole years",
    )


def own_scores(record: TrackRecord) -> Table:
    """Every score of the published model, beside that of climatology."""
    rival = {row["score"]: decimals(row["value"]) for row in record.scores if row["model"] == CLIMATOLOGY}
    rows = [
        row
        | {"90%": f"{decimals(row['lower'])} – {decimals(row['upper'])}"}
        | {"climatology": rival.get(row["score"], "–")}
        for row in record.scores
        if row["model"] == FULL.name
    ]
    caption = "Every score of the published model"
    return table_of(rows, "score, forecasts, value, 90%, climatology", caption, {"value": decimals})


def gain_rows(record: TrackRecord) -> Table:
    """What the full model gains over each other one, in both scores."""
    rows = [
        row
        | {"instead": row["model"], "years with a gain": row["share_positive"]}
        | {"without 2020–21": row["without_2020_21"]}
        | {name: change_with_interval(row, f"{name}_gain") for name in ("brier", "log_score")}
        for row in record.gains
    ]
    halves = ("first_half", "second_half", "without 2020–21")
    return table_of(
        rows,
        f"instead, brier, log_score, years with a gain, {', '.join(halves)}, steady",
        "What the published model gains over itself without a part, and over its rivals; above zero it is "
        "better. Intervals hold 90% of resamples of whole years; the halves are gains in log score",
        {"years with a gain": percent} | dict.fromkeys(halves, change),
    )


def additions(record: TrackRecord, ledger: "Ledger") -> str:
    """The scores with and without the rows of the search that was no fair test."""
    return words.additions(record, sum(signal.search == "losses" for signal in ledger.signals))


def drift_rows(record: TrackRecord) -> Table:
    """Whether weekly forecasts drift."""

    def written(row: Row, field: str) -> str:
        is_ratio = "movement" in row["what"]
        return decimals(row[field], 2) if is_ratio else f"{change(100 * row[field], 2)} points"

    rows = [
        row
        | {"of weekly forecasts": upper_first(row["what"]), "value": written(row, "value")}
        | {"90%": f"{written(row, 'lower')} to {written(row, 'upper')}"}
        for row in record.drift
    ]
    return table_of(
        rows,
        "of weekly forecasts, value, 90%, weeks",
        "Every Monday, a meeting by the end of the year, up to the meeting or the end; intervals hold 90% "
        "of resamples of whole years",
    )


def decomposition_rows(record: TrackRecord) -> Table:
    """The Brier score of each model split into miscalibration, discrimination and uncertainty."""
    parts = ("brier", "miscalibration", "discrimination", "uncertainty")
    caption = (
        "Brier = miscalibration − discrimination + uncertainty; a good model has little of the first and much "
        "of the second"
    )
    written = dict.fromkeys(parts, four_decimals)
    return table_of(record.decomposition, f"model, {', '.join(parts)}", caption, written)


# Misses


def miss_rows(record: TrackRecord) -> Table:
    """The worst years, the worst forecast of each, and what happened instead."""
    rows = [
        row
        | {"year": str(row["year"]), "what happened": row["what"], "said": percent(row["probability"])}
        | {"for": f"{short_day(row['as_of'])} – {short_day(row['deadline'])} {row['deadline'][:4]}"}
        for row in record.misses
    ]
    caption = "The worst years and the forecast in each that was furthest off"
    return table_of(rows, "year, what happened, said, for, brier", caption, {"brier": decimals})


def if_wrong(record: TrackRecord, forecast: "Forecast", number: int = 4) -> list[str]:
    """How earlier forecasts of the same leaning went wrong, from misses that were public by the forecast's date."""
    rows = record.misses_of(too_high=forecast.probability >= 0.5, through=forecast.as_of)
    return [words.miss(row) for row in rows[:number]] or [words.no_miss()]


# The replay of 2025


def event_rows(record: TrackRecord) -> Table:
    """The largest weekly moves of the replay and what explains them."""
    rows = [
        week
        | {"week to": short_day(week["as_of"]), "what explains most of it": words.explanation(week)}
        | {"alone": points(week["effect"]) if week["id"] else "–", "forecast": week["probability"]}
        for week in record.largest_moves()
    ]
    return table_of(
        rows,
        "week to, what explains most of it, move, alone, forecast",
        "The largest weekly moves; alone: the forecast with this event minus the one without it, in points",
        {"forecast": percent, "move": points},
    )


def check_rows(record: TrackRecord) -> Table:
    """The checks of the replay."""

    def found(row: Row) -> str:
        return f"{points(row['value'])} points" if row["unit"] == "points" else percent(row["value"])

    verdict = {"yes": "holds", "no": "fails"}
    rows = [
        {"verdict": verdict[row["holds"]], "what must hold": row["check"], "found": found(row)}
        for row in record.replay_checks
    ]
    return table_of(
        rows,
        "verdict, what must hold, found",
        "Checks of the status logic; the model was not tuned to them. The first was written for 26 May and "
        "failed there, since a word of 21 May that he may come counts; it is now asked of 19 May, when only "
        "words of absence were public",
    )


def reference_rows(record: TrackRecord) -> Table:
    """Forecasts of others beside ours of the same day and question."""
    rows = [
        row
        | {"day": short_day(row["date"]), "source": row["source"].split(",")[0]}
        | {"meeting by": day(row["deadline"], year=False)}
        for row in record.references
    ]
    return table_of(
        rows,
        "day, theirs, ours, brier_theirs, brier_ours, source, meeting by",
        "Forecasts that others published in 2025, beside ours of the same day and deadline",
        {"theirs": percent, "ours": percent},
    )


# Variants


def variant_rows(record: TrackRecord) -> Table:
    """Every variant tried, with both scores."""
    stages = {row["stage"][0].upper(): row["stage"] for row in record.variants}
    rows = [
        row
        | {"no.": f"{row['stage'][0].upper()}{row['number']}"}
        | {"brier": row["brier"] or "–", "log": row["log_score"] or "–"}
        for row in record.variants
    ]
    return table_of(
        rows,
        "no., variant, brier, log, kept, why",
        "Variants tried, with the integrated Brier score and the log score on the monthly origins of 1999 to "
        f"2024; {', '.join(f'{letter}: {stage}' for letter, stage in stages.items())}",
        {"brier": four_decimals, "log": four_decimals},
    )
