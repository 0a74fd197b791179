"""The distributions that priors may use: ranges, support, SciPy form, and arguments from two quantiles."""

from math import ceil, exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


Dist = Literal["Beta", "Normal", "LogNormal", "HalfNormal", "Gamma", "Exponential", "Uniform"]


class Family(NamedTuple):
    """A distribution: the open range of each argument by its PyMC name, and its support."""

    args: dict[str, tuple[float, float]]
    support: tuple[float, float]


class Quantile(NamedTuple):
    """The value below which a draw lies with a probability."""

    probability: float
    value: float


_ANY, _POSITIVE, _LOG = (-1e9, 1e9), (0.0, 1e9), (-100.0, 100.0)
FAMILIES: dict[Dist, Family] = {
    "Beta": Family({"alpha": _POSITIVE, "beta": _POSITIVE}, (0.0, 1.0)),
    "Normal": Family({"mu": _ANY, "sigma": _POSITIVE}, _ANY),
    "LogNormal": Family({"mu": _LOG, "sigma": (0.0, 100.0)}, _POSITIVE),
    "HalfNormal": Family({"sigma": _POSITIVE}, _POSITIVE),
    "Gamma": Family({"alpha": _POSITIVE, "beta": _POSITIVE}, _POSITIVE),
    "Exponential": Family({"scale": _POSITIVE}, _POSITIVE),
    "Uniform": Family({"lower": _ANY, "upper": _ANY}, _ANY),
}
LOG_ALPHA = (-5.0, 15.0)
"""Where the logarithm of the first argument of a Beta or Gamma is sought."""


def frozen(dist: Dist, a: dict[str, float], shift: float) -> "rv_frozen":
    """The SciPy form of a distribution with the arguments `a`, shifted upwards by `shift`."""
    from scipy import stats

    match dist:
        case "Beta":
            return stats.beta(a["alpha"], a["beta"], loc=shift)
        case "Normal":
            return stats.norm(a["mu"] + shift, a["sigma"])
        case "LogNormal":
            return stats.lognorm(a["sigma"], scale=exp(a["mu"]), loc=shift)
        case "HalfNormal":
            return stats.halfnorm(scale=a["sigma"], loc=shift)
        case "Gamma":
            return stats.gamma(a["alpha"], scale=1 / a["beta"], loc=shift)
        case "Exponential":
            return stats.expon(scale=a["scale"], loc=shift)
        case "Uniform":
            return stats.uniform(a["lower"] + shift, a["upper"] - a["lower"])


def solved(dist: Dist, low: Quantile, high: Quantile) -> dict[str, float]:
    """The two arguments of the distribution that has both quantiles; ValueError if none of the family has."""
    if dist == "Uniform":
        width = (high.value - low.value) / (high.probability - low.probability)
        return {
            "lower": low.value - low.probability * width,
            "upper": low.value + (1 - low.probability) * width,
        }
    if dist in ("Beta", "Gamma"):
        return _alpha_and_beta(dist, low, high)
    x_low, x_high = (log(each.value) if dist == "LogNormal" else each.value for each in (low, high))
    z_low, z_high = (NormalDist().inv_cdf(each.probability) for each in (low, high))
    sigma = (x_high - x_low) / (z_high - z_low)
    return {"mu": x_low - sigma * z_low, "sigma": sigma}


def _alpha_and_beta(dist: str, low: Quantile, high: Quantile) -> dict[str, float]:
    """The arguments of a Beta or a Gamma from two quantiles.

    For each alpha, one beta gives the low quantile. Along these pairs the mass concentrates as alpha grows,
    so that the probability below the high value rises with alpha, and one alpha gives the high quantile.
    """
    from scipy import optimize, special

    if dist == "Beta":

        def beta_for(alpha: float) -> float:
            return special.btdtrib(alpha, low.probability, low.value)

        def below_high(alpha: float) -> float:
            return special.betainc(alpha, beta_for(alpha), high.value)
    else:

        def beta_for(alpha: float) -> float:
            return special.gammaincinv(alpha, low.probability) / low.value

        def below_high(alpha: float) -> float:
            return special.gammainc(alpha, beta_for(alpha) * high.value)

    def excess(log_alpha: float) -> float:
        return below_high(exp(log_alpha)) - high.probability

    if not excess(LOG_ALPHA[0]) < 0 < excess(LOG_ALPHA[1]):
        raise ValueError(
            f"no {dist} has the quantiles {' and '.join(f'{p:g}: {x:g}' for p, x in (low, high))}"
        )
    # Cut to twelve decimals, so that the last bits of a root finder do not change the draws of a fit.
    log_alpha = ceil(optimize.brentq(excess, *LOG_ALPHA, xtol=1e-15) * 1e12) / 1e12
    return {"alpha": exp(log_alpha), "beta": float(beta_for(exp(log_alpha)))}
