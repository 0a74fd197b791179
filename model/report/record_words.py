"""What the track-record page says: its sentences (`templates/words/record.j2`) and its tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..formatting import Table, day, decimals, percent, points, short_day, upper_first
from ..track_record.backtest import FULL
from ..track_record.tables import BRIER, CLIMATOLOGY, Row, Rows, TrackRecord
from .words import record as words

if TYPE_CHECKING:
    from ..answer.forecast import Forecast
    from ..evidence.ledger import Ledger

Columns = Mapping[str, str | Callable[[Row], Any]]


def table_of(
    rows: Rows, caption: str, columns: Columns, written: Mapping[str, Callable[[Any], str]] | None = None
) -> Table:
    """A table with one line a row; each column holds a field of the row or a function of it."""
    cells = [
        tuple(column(row) if callable(column) else row[column] for column in columns.values()) for row in rows
    ]
    return Table(tuple(columns), cells, caption, written or {})


def change(value: float, digits: int = 4) -> str:
    """A difference of scores with its sign."""
    return decimals(value, digits, sign=True)


def change_with_interval(row: Row, value: str, lower: str, upper: str, digits: int = 4) -> str:
    """The difference in the field `value` with its interval."""
    return f"{change(row[value], digits)} ({change(row[lower], digits)} to {change(row[upper], digits)})"


# Scores


def score_rows(record: TrackRecord, name: str = BRIER) -> Table:
    """One score of every model with its interval and paired differences."""

    def minus(rival: str) -> Callable[[Row], str]:
        field = f"minus_{rival}"
        return lambda row: change_with_interval(row, field, f"{field}_lower", f"{field}_upper", 3)

    return table_of(
        [row for row in record.scores if row["score"] == name],
        f"{upper_first(name)}; lower is better. Differences are paired, and below zero the row's model is "
        "better; intervals hold 90% of resamples of whole years",
        {
            "Model": "model",
            "Value": "value",
            "90%": lambda row: f"{row['lower']:.3f} – {row['upper']:.3f}",
            "Minus climatology": minus("climatology"),
            "Minus calendar": minus("calendar"),
        },
    )


def own_scores(record: TrackRecord) -> Table:
    """Every score of the published model, beside that of climatology."""
    climatology = {row["score"]: row["value"] for row in record.scores if row["model"] == CLIMATOLOGY}

    def rival(row: Row) -> str:
        return decimals(climatology[row["score"]]) if row["score"] in climatology else "–"

    return table_of(
        [row for row in record.scores if row["model"] == FULL.name],
        "Every score of the published model",
        {
            "Score": "score",
            "Forecasts": "forecasts",
            "Value": "value",
            "90%": lambda row: f"{decimals(row['lower'])} – {decimals(row['upper'])}",
            "Climatology": rival,
        },
        {"Value": decimals},
    )


def gain_rows(record: TrackRecord) -> Table:
    """What the full model gains over each other one, in both scores."""

    def gain(score: str) -> Callable[[Row], str]:
        return lambda row: change_with_interval(
            row, *(f"{score}_{end}" for end in ("gain", "lower", "upper"))
        )

    halves = {"First half": "first_half", "Second half": "second_half", "Without 2020–21": "without_2020_21"}
    return table_of(
        record.gains,
        "What the published model gains over itself without a part, and over its rivals; above zero it is "
        "better. Intervals hold 90% of resamples of whole years; the halves are gains in log score",
        {
            "Instead": "model",
            "Brier": gain("brier"),
            "Log score": gain("log_score"),
            "Years with a gain": "share_positive",
            **halves,
            "Steady": "steady",
        },
        {"Years with a gain": percent} | dict.fromkeys(halves, change),
    )


def additions(record: TrackRecord, ledger: "Ledger") -> str:
    """The scores with and without the rows of the search that was no fair test."""
    return words.additions(record, sum(signal.search == "losses" for signal in ledger.signals))


def drift_rows(record: TrackRecord) -> Table:
    """Whether weekly forecasts drift."""

    def written(row: Row, field: str) -> str:
        if "movement" in row["what"]:
            return decimals(row[field], 2)
        return f"{change(100 * row[field], 2)} points"

    return table_of(
        record.drift,
        "Every Monday, a meeting by the end of the year, up to the meeting or the end; intervals hold 90% "
        "of resamples of whole years",
        {
            "Of weekly forecasts": lambda row: upper_first(row["what"]),
            "Value": lambda row: written(row, "value"),
            "90%": lambda row: f"{written(row, 'lower')} to {written(row, 'upper')}",
            "Weeks": "weeks",
        },
    )


def decomposition_rows(record: TrackRecord) -> Table:
    """The Brier score of each model split into miscalibration, discrimination and uncertainty."""
    parts = {name: name.lower() for name in ("Brier", "Miscalibration", "Discrimination", "Uncertainty")}
    return table_of(
        record.decomposition,
        "Brier = miscalibration − discrimination + uncertainty; a good model has "
        "little of the first and much of the second",
        {"Model": "model", **parts},
        dict.fromkeys(parts, "{:.4f}".format),
    )


# Misses


def miss_rows(record: TrackRecord) -> Table:
    """The worst years, the worst forecast of each, and what happened instead."""
    return table_of(
        record.misses,
        "The worst years and the forecast in each that was furthest off",
        {
            "Year": lambda row: str(row["year"]),
            "What happened": "what",
            "Said": lambda row: percent(row["probability"]),
            "For": lambda row: (
                f"{short_day(row['as_of'])} – {short_day(row['deadline'])} {row['deadline'][:4]}"
            ),
            "Brier": "brier",
        },
        {"Brier": "{:.3f}".format},
    )


def if_wrong(record: TrackRecord, forecast: "Forecast", number: int = 4) -> list[str]:
    """How earlier forecasts of the same leaning went wrong, from misses that were public by the forecast's date."""
    rows = record.misses_of(too_high=forecast.probability >= 0.5, through=forecast.as_of)
    return [words.miss(row) for row in rows[:number]] or [words.no_miss()]


# The replay of 2025


def event_rows(record: TrackRecord) -> Table:
    """The largest weekly moves of the replay and what explains them."""
    return table_of(
        record.largest_moves(),
        "The largest weekly moves; alone: the forecast with this event minus the one without it, in points",
        {
            "Week to": lambda row: short_day(row["as_of"]),
            "What explains most of it": words.explanation,
            "Move": "move",
            "Alone": lambda row: points(row["effect"]) if row["id"] else "–",
            "Forecast": "probability",
        },
        {"Forecast": percent, "Move": points},
    )


def check_rows(record: TrackRecord) -> Table:
    """The checks of the replay."""

    def value(row: Row) -> str:
        return f"{points(row['value'])} points" if row["unit"] == "points" else percent(row["value"])

    return table_of(
        record.replay_checks,
        "Checks of the status logic; the model was not tuned to "
        "them. The first was written for 26 May and failed there, since a word of 21 May that he may come counts; "
        "it is now asked of 19 May, when only words of absence were public",
        {
            "Verdict": lambda row: "holds" if row["holds"] == "yes" else "fails",
            "What must hold": "check",
            "Found": value,
        },
    )


def reference_rows(record: TrackRecord) -> Table:
    """Forecasts of others beside ours of the same day and question."""
    return table_of(
        record.references,
        "Forecasts that others published in 2025, beside ours of the same day and deadline",
        {
            "Day": lambda row: short_day(row["date"]),
            "Theirs": "theirs",
            "Ours": "ours",
            "Brier theirs": "brier_theirs",
            "Brier ours": "brier_ours",
            "Source": lambda row: row["source"].split(",")[0],
            "Meeting by": lambda row: day(row["deadline"], year=False),
        },
        {"Theirs": percent, "Ours": percent},
    )


def variant_rows(record: TrackRecord) -> Table:
    """Every variant tried, with both scores."""
    stages = {row["stage"][0].upper(): row["stage"] for row in record.variants}

    def score(cell: float | str) -> str:
        return cell if isinstance(cell, str) else f"{cell:.4f}"

    return table_of(
        record.variants,
        "Variants tried, with the integrated Brier score and the log score on the monthly origins of 1999 to "
        f"2024; {', '.join(f'{letter}: {stage}' for letter, stage in stages.items())}",
        {
            "No.": lambda row: f"{row['stage'][0].upper()}{row['number']}",
            "Variant": "variant",
            "Brier": lambda row: row["brier"] or "–",
            "Log": lambda row: row["log_score"] or "–",
            "Kept": "kept",
            "Why": "why",
        },
        {"Brier": score, "Log": score},
    )
