"""Checks of Tables 1 to 5: averages, descriptive statistics, inflation factors."""

from collections.abc import Callable, Iterator

import numpy as np

from spatial_coagg.paper.finding import Finding, cells, printed

YEARS = tuple(str(year) for year in range(2004, 2020))
CITIES = 281
HALF_UNIT = 0.005


def national_average() -> Iterator[Finding]:
    """Ask which share of eastern cities the national average needs."""
    bounds = {year: _eastern_share(year) for year in YEARS}
    lowest = max(bounds, key=lambda year: bounds[year][0])
    highest = min(bounds, key=lambda year: bounds[year][1])
    least, most = bounds[lowest][0], bounds[highest][1]
    yield Finding(
        "Table 1",
        "cannot be right" if least > most else "holds",
        "no fixed set of cities has these national and regional averages",
        f"the national average is a mean of the regional ones, so the share of eastern "
        f"cities must be at least {least:.3f} in {lowest} but at most {most:.3f} in "
        f"{highest} (all figures within rounding)",
    )


def _eastern_share(year: str) -> tuple[float, float]:
    nation, east = printed(1, year, "national"), printed(1, year, "east")
    others = [printed(1, year, "central"), printed(1, year, "west")]
    low = (nation - HALF_UNIT - max(others) - HALF_UNIT) / (
        east + HALF_UNIT - max(others) - HALF_UNIT
    )
    high = (nation + HALF_UNIT - min(others) + HALF_UNIT) / (
        east - HALF_UNIT - min(others) + HALF_UNIT
    )
    return low, high


def central_trend() -> Iterator[Finding]:
    """Count the rises and falls of the central average."""
    central = np.array([printed(1, year, "central") for year in YEARS])
    steps = np.round(np.diff(central), 2)
    falls, flat, rises = (steps < 0).sum(), (steps == 0).sum(), (steps > 0).sum()
    yield Finding(
        "Table 1",
        "cannot be right",
        'the text says synergy in central China "increased year by year"; it did not',
        f"{falls} falls, {flat} years without change and {rises} rises; "
        f"{central[0]} in 2004, {central[-1]} in 2019",
    )


def mean_of_theta() -> Iterator[Finding]:
    """Compare the mean of theta in Table 4 with the national averages of Table 1."""
    overall = np.mean([printed(1, year, "national") for year in YEARS])
    mean, count = printed(4, "theta", "mean"), printed(4, "theta", "n")
    missing = CITIES * len(YEARS) - count
    reach = missing / count * (printed(4, "theta", "max") - printed(4, "theta", "min"))
    yield Finding(
        "Tables 1 and 4",
        "cannot be right" if abs(overall - mean) > reach + HALF_UNIT else "holds",
        "the mean of theta differs between the two tables",
        f"the national column averages {overall:.3f}, Table 4 prints {mean}; the "
        f"{missing:.0f} missing values can move a mean by {reach:.4f} at most",
    )


def counts_of_rows() -> Iterator[Finding]:
    """Compare the numbers of observations with cities times years."""
    whole = CITIES * len(YEARS)
    cr, theta = printed(4, "cr", "n"), printed(4, "theta", "n")
    first, dynamic = printed(6, "observations", "1"), printed(7, "observations", "1")
    yield Finding(
        "Tables 4, 6 and 7",
        "needs an explanation",
        "the counts fit a panel of 280 cities, not of 281",
        f"281 x 16 = {whole}; printed: theta {theta:.0f}, CR {cr:.0f} = 280 x 16, "
        f"regressions {first:.0f}; one lag costs {first:.0f} - {dynamic:.0f} = "
        f"{first - dynamic:.0f} rows and leaves {dynamic:.0f} where 281 x 15 = "
        f"{CITIES * 15}",
    )
    yield Finding(
        "Tables 4 and 6",
        "needs an explanation",
        "CR has a minimum of zero, whose logarithm does not exist",
        f"{cr:.0f} values of CR, {first:.0f} rows in the regression: {cr - first:.0f} "
        f"rows are lost without a word",
    )
    mean, spread = printed(4, "cr", "mean"), printed(4, "cr", "sd")
    yield Finding(
        "Table 4",
        "needs an explanation",
        "CR has the moments of a percentile score, not of an amount",
        f"mean {mean}, sd {spread}, range 0 to 100; evenly spread scores have mean 50 "
        f"and sd {100 / np.sqrt(12):.2f}",
    )


def misprinted_counts() -> Iterator[Finding]:
    """Find means printed in the column of counts."""
    for name in ("gdp", "ind"):
        count, mean = printed(4, name, "n"), printed(4, name, "mean")
        yield Finding(
            "Table 4",
            "cannot be right",
            f"{name}: the column of counts holds the mean",
            f"printed count {count:g}, mean {mean:g}; the other controls have "
            f"{printed(4, 'sci', 'n'):.0f}",
        )


def outliers() -> Iterator[Finding]:
    """Measure the largest values in standard deviations."""
    for name, remark in (("fin", ""), ("gov", "spending above all of GDP; ")):
        mean, spread = printed(4, name, "mean"), printed(4, name, "sd")
        largest, count = printed(4, name, "max"), printed(4, name, "n")
        distance = (largest - mean) / spread
        share = (largest - mean) ** 2 / ((count - 1) * spread**2)
        yield Finding(
            "Table 4",
            "needs an explanation",
            f"{name}: the maximum {largest:g} looks like an error of entry",
            f"{remark}({largest:g} - {mean:g}) / {spread:g} = {distance:.1f} standard "
            f"deviations; this one value makes {share:.0%} of the variance",
        )


def units_of_gdp() -> Iterator[Finding]:
    """Ask in which unit GDP entered the regression."""
    at_means = printed(6, "constant", "1", "estimate")
    for name in ("theta", "sci", "gov", "fin", "gdp", "ind"):
        slope = printed(6, f"ln({name})", "1", "estimate")
        at_means += slope * _mean_of_log(name)
    slope = printed(6, "ln(gdp)", "1", "estimate")
    rescaled = at_means + slope * np.log(1e4)
    yield Finding(
        "Tables 4 and 6",
        "cannot be right",
        "GDP entered the regression in another unit than Table 4 prints",
        f"constant + sum of slope x mean of ln x = {at_means:.2f} with Table 4's unit "
        f"(10^8 yuan), far below any ln CR; {rescaled:.2f} with 10^4 yuan (means of "
        f"logarithms by the lognormal rule; ln 100 = {np.log(100):.2f})",
    )


def _mean_of_log(name: str) -> float:
    mean, spread = printed(4, name, "mean"), printed(4, name, "sd")
    return float(np.log(mean) - 0.5 * np.log1p((spread / mean) ** 2))


def inflation_factors() -> Iterator[Finding]:
    """Compare each VIF with its reciprocal, and their mean."""
    names = [row for row, *_ in cells(5) if row != "mean"]
    exact = {name: 1 / printed(5, name, "1/vif") for name in dict.fromkeys(names)}
    worst = max(abs(exact[name] - printed(5, name, "vif")) for name in exact)
    mean = float(np.mean(list(exact.values())))
    agree = worst <= HALF_UNIT and abs(mean - printed(5, "mean", "vif")) <= HALF_UNIT
    yield Finding(
        "Table 5",
        "holds" if agree else "cannot be right",
        "the inflation factors agree with their reciprocals and their mean",
        f"largest difference {worst:.4f}; mean {mean:.4f}, printed "
        f"{printed(5, 'mean', 'vif')}",
    )


LEVEL_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    national_average,
    central_trend,
    mean_of_theta,
    counts_of_rows,
    misprinted_counts,
    outliers,
    units_of_gdp,
    inflation_factors,
)
