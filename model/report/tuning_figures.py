"""Figures of tuning and proof: the forecast under other beliefs, simulation-based calibration."""

import numpy as np
from matplotlib.figure import Figure

from ..answer.sensitivity import Sensitivity
from ..formatting import decimals, points
from ..track_record import sbc
from ..track_record.sbc import Simulation
from . import drawing as draw
from .drawing import DOWN, INK, MUTED, QUARTERS, QUIET, RULE, UP, WASH, WIDTH, WORDS


@draw.styled
def tornado(made: Sensitivity, number: int = 10) -> Figure:
    """The forecast with each prior at either edge: the widest bars; those that need a refit have none."""
    rows, step = made.bars[:number], 52
    shifts = [end.probability - made.probability for bar in rows for end in bar.safe]
    low, high = min([0.0, *shifts]), max([0.0, *shifts])
    scale = (WIDTH - 112) / max(high - low, 0.005)
    zero = 56 - low * scale
    change = points(rows[0].reach(made.probability)).lstrip("+") if rows and rows[0].safe else ""
    title = WORDS.tornado_title(rows[0].label if rows else "", change)
    figure, axes = draw.bare_panel(title, WORDS.tornado(made.probability), step * max(len(rows), 1))
    for index, bar in enumerate(rows):
        y, told = step * index + 9, f"{bar.label}, {bar.low.value:.2g}–{bar.high.value:.2g}"
        ks = [decimals(end.pareto_k, 1) if np.isfinite(end.pareto_k) else "–" for end in (bar.low, bar.high)]
        draw.row_head(axes, y, told, f"k {'/'.join(ks)}", draw.SMALL, **QUIET)
        axes.plot([zero, zero], [y + 9, y + 36], color=RULE, linewidth=1, zorder=0)
        for end, below in ((bar.low, 16), (bar.high, 29)):
            stop = zero + (end.probability - made.probability) * scale
            if end.safe:
                change = points(end.probability - made.probability)
                draw.change_bar(axes, y + below, zero, stop, change, filled=end is bar.high)
            else:
                draw.label(axes, zero, y + below, "refit needed", 6 if zero < WIDTH - 100 else -6, color=DOWN)
    return figure


@draw.styled
def ranks(simulations: list[Simulation], kept: int = sbc.KEPT) -> Figure:
    """How the true values rank among their posterior draws: their distribution less the uniform."""
    from scipy import stats

    done = [each.ranks for each in simulations if not each.failure]
    found = sbc.verdicts(simulations, kept)
    band = float(stats.kstwo.isf(found[0].bound, len(done))) if found else 1.0
    figure, axes = draw.panel(WORDS.ranks_title(found, len(done)), WORDS.ranks(), 230, (48, 22, 24))
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
