"""Figures of tuning and proof: the forecast under other beliefs, and the ranks of simulation-based calibration."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..formatting import count, percent, points, upper_first
from ..track_record import sbc
from ..track_record.sbc import Simulation
from .drawing import (
    DOWN,
    INK,
    MUTED,
    QUARTERS,
    QUIET,
    RULE,
    UP,
    WASH,
    WIDE,
    bare,
    label,
    panel,
    row_head,
    styled,
)
from .tuning_prose import named

if TYPE_CHECKING:
    from ..answer.sensitivity import Sensitivity


@styled
def tornado(made: "Sensitivity", width: int = WIDE, number: int = 10) -> Figure:
    """What the forecast would be with each prior at either edge: the widest bars, those that need a refit marked."""
    rows, step = made.bars[:number], 52
    shifts = [end.probability - made.probability for bar in rows for end in bar.safe]
    low, high = min([0.0, *shifts]), max([0.0, *shifts])
    scale = (width - 104) / max(high - low, 0.005)
    zero = 52 - low * scale
    figure, axes = panel(
        _tornado_title(made),
        step * max(len(rows), 1) + 6,
        width,
        "Change of the forecast in points with a prior's "
        f"median at its 5% point (open) and at its 95% point (filled), from {percent(made.probability)}",
    )
    bare(axes)
    axes.plot([zero, zero], [0, step * len(rows) + 6], color=RULE, linewidth=1, zorder=0)
    for index, bar in enumerate(rows):
        y = step * index + 9
        ks = [f"{end.pareto_k:.1f}" if np.isfinite(end.pareto_k) else "–" for end in (bar.low, bar.high)]
        text = f"{named(bar.name)}, {bar.low.value:.2g} to {bar.high.value:.2g}"
        row_head(axes, y, text, f"k {' / '.join(ks)}", **QUIET)
        for end, below, fill in ((bar.low, 17, False), (bar.high, 30, True)):
            shift = end.probability - made.probability
            if end.safe:
                _shift_bar(axes, zero, y + below, shift, scale, fill)
            else:
                side = {"dx": 6, "ha": "left"} if zero < width - 100 else {"dx": -6, "ha": "right"}
                label(axes, zero, y + below, "refit needed", **side, size=9, color=DOWN)
    return figure


def _tornado_title(made: "Sensitivity") -> str:
    first = made.bars[0] if made.bars else None
    if not (first and first.safe):
        return "No prior can be moved to its edges without a refit"
    change = points(first.reach(made.probability)).lstrip("+")
    return (
        f"{upper_first(named(first.name))} matters most: moved to its edges, the forecast changes by "
        f"{change} points"
    )


def _shift_bar(axes: Axes, zero: float, y: float, shift: float, scale: float, filled: bool) -> None:
    """A bar from zero to the shift with its size in points beside it."""
    color, side = (UP, {"dx": 6, "ha": "left"}) if shift >= 0 else (DOWN, {"dx": -6, "ha": "right"})
    fill = color if filled else "white"
    axes.barh(y, shift * scale, 9, left=zero, linewidth=1.1, edgecolor=color, color=fill)
    label(axes, zero + shift * scale, y, points(shift), **side, size=9, color=color)


@styled
def ranks(simulations: list[Simulation], width: int = WIDE, kept: int = sbc.KEPT) -> Figure:
    """How the true values rank among their posterior draws: every quantity's distribution less the uniform one."""
    from scipy import stats

    done = [each.ranks for each in simulations if not each.failure]
    found = sbc.verdicts(simulations, kept)
    band = float(stats.kstwo.isf(found[0].bound, len(done))) if found else 1.0
    figure, axes = panel(
        _ranks_title(found, len(done)),
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
    grid, reach = np.linspace(0, 1, kept + 2), band
    for verdict in found:
        counts = np.bincount([each[verdict.name] for each in done], minlength=kept + 1)
        curve = np.concatenate([[0], np.cumsum(counts)]) / len(done) - grid
        reach = max(reach, float(np.abs(curve).max()))
        headline = verdict.name == sbc.HEADLINE
        color = DOWN if not verdict.inside else INK if headline else UP
        weight = {"linewidth": 2.2} if headline or not verdict.inside else {"linewidth": 0.7, "alpha": 0.35}
        axes.plot(grid, curve, color=color, zorder=3 if headline else 2, **weight)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set(xlim=(0, 1), ylim=(-1.1 * reach, 1.1 * reach))
    axes.set_xticks(QUARTERS, [f"{tick:.0%}" for tick in QUARTERS])
    axes.set_yticks([-band, 0, band] if found else [], [points(-band), "0", points(band)] if found else [])
    return figure


def _ranks_title(found: list[sbc.Verdict], simulations: int) -> str:
    outside = sum(not each.inside for each in found)
    quantities = count(len(found), "quantity", "quantities")
    if not found:
        return "Nothing is proved yet: 0 simulations"
    if outside:
        return f"{outside} of {quantities} are not calibrated in {simulations:,} simulations"
    return f"All {quantities} are calibrated in {simulations:,} simulations"
