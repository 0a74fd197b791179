"""What the track-record page says: its sentences (`templates/words/record.j2`) and its tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..answer.forecast import Forecast
from ..formatting import Table, day, decimals, percent, points, short_day, upper_first
from ..track_record.losses import PANDEMIC
from ..track_record.published import BRIER, CLIMATOLOGY, Row, TrackRecord
from ..track_record.structures import FULL
from .audit_words import replay_check, what_happened
from .words import record as words


def table_of(
    rows: Iterable[Row], columns: str, caption: str, written: Mapping[str, Callable[[Any], str]] = {}
) -> Table:
    """A table of rows.

    `columns` lists the fields, as `field=Head` where the head is not the field itself; `written` says how the
    cells of a field are written.
    """
    pairs = [column.partition("=") for column in columns.split(", ")]
    heads = {field: head or upper_first(field.replace("_", " ")) for field, _, head in pairs}
    cells = [tuple(row[field] for field in heads) for row in rows]
    formats = {heads[field]: write for field, write in written.items()}
    return Table(tuple(heads.values()), cells, caption, formats)


def change(value: float, digits: int = 4) -> str:
    """A difference of scores with its sign."""
    return decimals(value, digits, sign=True)


def change_with_interval(row: Row, field: str, digits: int = 4) -> str:
    """A difference of scores with the interval that stands beside it in the row."""
    stem = field.removesuffix("_gain")
    value, low, high = (change(row[name], digits) for name in (field, f"{stem}_lower", f"{stem}_upper"))
    return f"{value} ({low}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high})"


def interval_of(row: Row, write: Callable[[float], str]) -> str:
    """The interval of a row."""
    return f"{write(row['lower'])} – {write(row['upper'])}"


# Scores


def score_rows(record: TrackRecord, name: str = BRIER) -> Table:
    """One score of every model with its interval and paired differences."""
    rivals = ("minus_climatology", "minus_calendar")
    rows = [
        row
        | {"90%": interval_of(row, decimals)}
        | {rival: change_with_interval(row, rival, 3) for rival in rivals}
        for row in record.scores
        if row["score"] == name
    ]
    return table_of(
        rows,
        "model, value, 90%, minus_climatology, minus_calendar",
        f"{upper_first(name)}; lower is better. Differences are paired; below zero the model of the row is "
        "better. Intervals hold 90% of resamples of whole years",
    )


def own_scores(record: TrackRecord) -> Table:
    """Every score of the published model, beside that of climatology."""
    rival = {row["score"]: decimals(row["value"]) for row in record.scores if row["model"] == CLIMATOLOGY}
    rows = [
        row | {"90%": interval_of(row, decimals), "climatology": rival.get(row["score"], "–")}
        for row in record.scores
        if row["model"] == FULL.name
    ]
    caption = "Every score of the published model"
    return table_of(rows, "score, forecasts, value, 90%, climatology", caption, {"value": decimals})


def gain_rows(record: TrackRecord) -> Table:
    """What the full model gains over each other one, in both scores."""
    rows = [
        row | {name: change_with_interval(row, f"{name}_gain") for name in ("brier", "log_score")}
        for row in record.gains
    ]
    halves = ["first_half", "second_half"]
    columns = "model=Instead, brier, log_score, share_positive=Years gained, first_half, second_half"
    if set(PANDEMIC) & set(record.years()):
        halves.append("without_2020_21")
        columns += ", without_2020_21=Without 2020/21"
    return table_of(
        rows,
        f"{columns}, steady",
        "What the published model gains over itself without a part, and over its rivals; above zero it is "
        "better. Intervals hold 90% of resamples of whole years; the halves are gains in log score",
        {"share_positive": percent} | dict.fromkeys(halves, change),
    )


def drift_rows(record: TrackRecord) -> Table:
    """Whether weekly forecasts drift."""

    def written(row: Row, field: str) -> str:
        is_ratio = "movement" in row["what"]
        return decimals(row[field], 2) if is_ratio else f"{change(100 * row[field], 2)} points"

    rows = [
        row | {"value": written(row, "value"), "90%": f"{written(row, 'lower')} to {written(row, 'upper')}"}
        for row in record.drift
    ]
    return table_of(
        rows,
        "what=Of weekly forecasts, value, 90%, weeks",
        "Each Monday's forecast of a meeting by the end of the year, until the meeting or the end. Intervals "
        "hold 90% of resamples of whole years",
        {"what": upper_first},
    )


def decomposition_rows(record: TrackRecord) -> Table:
    """The Brier score of each model split into miscalibration, discrimination and uncertainty."""
    return table_of(
        record.decomposition,
        "model, brier, miscalibration, discrimination, uncertainty",
        "Brier = miscalibration − discrimination + uncertainty; a good model has little of the first and "
        "much of the second",
        dict.fromkeys(("brier", "miscalibration", "discrimination", "uncertainty"), "{:.4f}".format),
    )


# Misses


def miss_rows(record: TrackRecord) -> Table:
    """The worst years, the worst forecast of each, and what happened instead."""
    return table_of(
        [row | {"what": what_happened(row, record.miss_events)} for row in record.misses],
        "year, what=What happened, probability=Forecast, as_of=On, deadline=By, brier",
        "The worst years and the forecast in each that was furthest off",
        {"year": str, "probability": percent, "as_of": day, "deadline": day},
    )


def if_wrong(record: TrackRecord, forecast: Forecast, number: int = 4) -> list[str]:
    """How earlier forecasts of the same leaning went wrong, from misses known on its day."""
    rows = record.misses_of(too_high=forecast.probability >= 0.5, through=forecast.as_of)
    return [words.miss(row, what_happened(row, record.miss_events)) for row in rows[:number]] or [
        words.no_miss()
    ]


# The replay of 2025


def event_rows(record: TrackRecord) -> Table:
    """The largest weekly moves of the replay and what explains them."""
    return table_of(
        record.largest_moves(),
        "as_of=Week to, text=What explains most of it, move, effect=Alone, probability=Forecast",
        "The largest weekly moves, in points. Alone: the forecast with this event minus the one without it",
        {
            "as_of": short_day,
            "text": words.explanation,
            "move": points,
            "effect": points,
            "probability": percent,
        },
    )


def check_rows(record: TrackRecord) -> Table:
    """The checks of the replay."""

    def found(row: Row) -> str:
        return f"{points(row['value'])} points" if row["unit"] == "points" else percent(row["value"])

    return table_of(
        [row | {"found": found(row), "check": replay_check(row)} for row in record.replay_checks],
        "holds=Verdict, check=What must hold, found",
        "Checks of the logic of statuses; the model was not tuned to them. The first check was written for "
        "26 May and failed, because a word of 21 May that he may come counts; it now asks about 19 May, when "
        "only words of absence were public",
        {"holds": {"yes": "holds", "no": "fails"}.__getitem__},
    )


def reference_rows(record: TrackRecord) -> Table:
    """Forecasts of others beside ours of the same day and question."""
    return table_of(
        record.references,
        "date=Day, theirs, ours, brier_theirs, brier_ours, forecaster=Source, deadline=Meeting by",
        "Forecasts that others published in 2025, beside the model's for the same day and deadline",
        {"date": short_day, "theirs": percent, "ours": percent, "deadline": day},
    )


def variant_rows(record: TrackRecord) -> Table:
    """Every variant tried, with both scores."""

    def score(value: float | str) -> str:
        return decimals(value, 4) if isinstance(value, float) else "–"

    return table_of(
        record.variants,
        "number=No., stage, variant, brier, log_score, kept, why",
        "Variants tried, with both scores on the monthly origins of 1999 to 2024",
        {"brier": score, "log_score": score},
    )
