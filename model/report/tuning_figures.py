"""The plots of tuning and proof: the forecast under other beliefs, and the ranks of simulation-based calibration."""

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..formatting import count, percent, points, upper_first
from ..track_record import sbc
from ..track_record.sbc import Simulation
from .figures import DOWN, INK, MUTED, RULE, SMALL, STYLE, UP, WASH, WIDE, bare, fitted, panel, text_width

if TYPE_CHECKING:
    from ..answer.sensitivity import Sensitivity


def tornado(made: "Sensitivity", width: int = WIDE, number: int = 10) -> Figure:
    """What the forecast would be with each prior at either edge: the widest bars, those that need a refit marked."""
    rows = made.bars[:number]
    shifts = [end.probability - made.probability for bar in rows for end in bar.safe]
    low, high = min([0.0, *shifts]), max([0.0, *shifts])
    scale, step = (width - 104) / max(high - low, 0.005), 52

    def place(shift: float) -> float:
        return 52 + (shift - low) * scale

    first = rows[0] if rows else None
    title = (
        f"{upper_first(first.label)} matters most: moved to its edges, the forecast changes by "
        f"{points(first.reach(made.probability)).lstrip('+')} points"
        if first and first.safe
        else "No prior can be moved to its edges without a refit"
    )
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            title,
            step * max(len(rows), 1) + 6,
            width,
            "Change of the forecast in points with a prior's "
            f"median at its 5% point (open) and at its 95% point (filled), from {percent(made.probability)}",
            bottom=4,
        )
        bare(axes)
        axes.plot([place(0)] * 2, [0, step * len(rows) + 6], color=RULE, linewidth=1, zorder=0)
        for index, bar in enumerate(rows):
            y = step * index
            told = " / ".join(
                f"{end.pareto_k:.1f}" if np.isfinite(end.pareto_k) else "–" for end in (bar.low, bar.high)
            )
            told = f"k {told}"
            axes.text(width, y + 9, told, va="center", ha="right", size=SMALL, color=MUTED)
            text = f"{bar.label}, {bar.low.value:.2g} to {bar.high.value:.2g}"
            axes.text(0, y + 9, fitted(text, width - 12 - text_width(told, SMALL)), va="center")
            for place_of, end, filled in ((y + 26, bar.low, False), (y + 39, bar.high, True)):
                shift = end.probability - made.probability
                if not end.safe:
                    axes.text(
                        place(0) + (6 if place(0) < width - 100 else -6),
                        place_of,
                        "refit needed",
                        va="center",
                        ha="left" if place(0) < width - 100 else "right",
                        size=9,
                        color=DOWN,
                    )
                    continue
                color, right = UP if shift >= 0 else DOWN, shift >= 0
                axes.barh(
                    place_of,
                    place(shift) - place(0),
                    9,
                    left=place(0),
                    linewidth=1.1,
                    edgecolor=color,
                    color=color if filled else "white",
                )
                axes.text(
                    place(shift) + (6 if right else -6),
                    place_of,
                    points(shift),
                    va="center",
                    size=9,
                    ha="left" if right else "right",
                    color=color,
                )
    return figure


def ranks(simulations: list[Simulation], width: int = WIDE, kept: int = sbc.KEPT) -> Figure:
    """How the true values rank among their posterior draws: every quantity's distribution less the uniform one."""
    from scipy import stats

    done = [each.ranks for each in simulations if not each.failure]
    found = sbc.verdicts(simulations, kept)
    outside = [each.name for each in found if not each.inside]
    band = float(stats.kstwo.isf(found[0].bound, len(done))) if found else 1.0
    title = (
        "Nothing is proved yet: 0 simulations"
        if not found
        else f"All {count(len(found), 'quantity', 'quantities')} are calibrated in {len(done):,} simulations"
        if not outside
        else f"{len(outside)} of {count(len(found), 'quantity', 'quantities')} are not calibrated in {len(done):,} "
        "simulations"
    )
    grid = np.linspace(0, 1, kept + 2)
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            title,
            230,
            width,
            "Share of simulations in which the true value ranks at most so among its "
            "posterior draws, less the share expected, in points. Shaded: where a sound sampler stays; "
            "thick: the headline. This proves the sampler, not the model.",
            left=48,
            right=22,
            bottom=24,
        )
        axes.axhspan(-band, band, color=WASH, linewidth=0, zorder=0)
        reach = band
        for verdict in found:
            counts = np.bincount([each[verdict.name] for each in done], minlength=kept + 1)
            curve = np.concatenate([[0], np.cumsum(counts)]) / len(done) - grid
            reach = max(reach, float(np.abs(curve).max()))
            last = verdict.name == sbc.HEADLINE
            color = DOWN if not verdict.inside else INK if last else UP
            axes.plot(
                grid,
                curve,
                color=color,
                linewidth=2.2 if last or not verdict.inside else 0.7,
                alpha=1 if last or not verdict.inside else 0.35,
                zorder=3 if last else 2,
            )
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set(xlim=(0, 1), ylim=(-1.1 * reach, 1.1 * reach))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_yticks(
            [-band, 0, band] if found else [], [points(-band), "0", points(band)] if found else []
        )
    return figure
