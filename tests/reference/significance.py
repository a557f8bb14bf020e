"""Writes tests/eval/significance_golden.h: tests and intervals by SciPy and statsmodels.

    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0        (in an environment of its own)
    python3 tests/reference/significance.py | clang-format > tests/eval/significance_golden.h

The resampling goldens compare two systems on seeded ranks, which the header holds. Their p-values are those of all swaps
for the small set, and of RESAMPLES random ones for the large set; both sets are resampled query by query.
"""
import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

RESAMPLES = 200_000
PAIRS = [(9, 1), (15, 5), (21, 9), (33, 17), (41, 24), (50, 30), (61, 39), (75, 51), (88, 62), (115, 85), (87, 39),
         (19, 34), (7, 12), (10, 2), (20, 10), (30, 20), (6, 0), (0, 4), (5, 5), (1, 0), (1500, 1400)]
FAMILIES = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.02, 0.02, 0.02], [1e-6, 0.06, 0.0004, 0.06, 1.0]]
SAMPLES = [[48.0, 46.5, 47.25], [45.1, 45.9, 44.8, 46.0, 45.3], [52.8, 52.7], [30.0, 50.0, 40.0, 41.0]]
SHARES = [(480, 1000), (460, 1000), (0, 20), (20, 20), (1, 3), (13000, 27763)]
METRICS = ["R@1", "R@5", "R@10", "MdR", "MnR", "RSum", "GM", "MRR"]


def metric(name, ranks):
    """A metric of 1-based ranks, over the last axis."""
    def recall(k):
        return 100 * np.mean(ranks <= k, axis=-1)
    if name == "MdR":
        return np.median(ranks, axis=-1)
    if name == "MnR":
        return np.mean(ranks, axis=-1)
    if name == "MRR":
        return 100 * np.mean(1 / ranks, axis=-1)
    if name == "RSum":
        return recall(1) + recall(5) + recall(10)
    if name == "GM":
        return np.cbrt(recall(1) * recall(5) * recall(10))
    return recall(int(name[2:]))


def two_systems(seed, queries, shift):
    """Ranks within 40; the second system moves many of the first one's towards the top."""
    rng = np.random.default_rng(seed)
    first = np.minimum(rng.geometric(0.22, queries) ** 2, 40)
    second = np.clip(np.round(first * rng.choice([0.3, 1, 1, 1.6], queries, p=shift)), 1, 40)
    return first.astype(float), second


def number(value):
    return "kInfinite" if np.isinf(value) else repr(float(value))


def row(*values):
    return "{" + ", ".join(value if isinstance(value, str) else number(value) for value in values) + "}"


def table(declaration, rows):
    print(f"inline const std::vector<{declaration}{{{', '.join(rows)}}};")


def odds_interval(b, c):
    low, high = proportion_confint(b, b + c, alpha=0.05, method="beta")
    low, high = (0 if b == 0 else low), (1 if c == 0 else high)
    return low / (1 - low), np.inf if high == 1 else high / (1 - high)


def print_counts():
    print("/// Discordant pairs, exact McNemar p, and the interval of b / c.")
    print("struct PairsGolden { int64_t b, c; double p, low, high; };")
    table("PairsGolden> kPairs", [row(str(b), str(c), mcnemar([[0, b], [c, 0]], exact=True).pvalue, *odds_interval(b, c))
                                  for b, c in PAIRS])
    print("/// Interval of a share, percent.")
    print("struct ShareGolden { int64_t hits, n; double low, high; };")
    table("ShareGolden> kShares", [row(str(hits), str(n), *(100 * np.array(proportion_confint(hits, n, method="wilson"))))
                                   for hits, n in SHARES])


def print_holm():
    print("/// p-values and what Holm's method makes of them.")
    print("struct HolmGolden { std::vector<double> raw, adjusted; };")
    table("HolmGolden> kHolm", [row(row(*p), row(*multipletests(p, method="holm")[1])) for p in FAMILIES])


def print_means():
    print("struct MeanGolden { std::vector<double> values; double mean, deviation, low, high; };")
    table("MeanGolden> kMeans", [row(row(*v), np.mean(v), np.std(v, ddof=1), *DescrStatsW(v).tconfint_mean()) for v in SAMPLES])
    print("/// Welch's test of two of kMeans.")
    print("struct WelchGolden { size_t a, b; double t, degrees, p, low, high; };")
    rows = []
    for a, b in [(0, 1), (1, 2), (2, 3), (3, 0)]:
        test = stats.ttest_ind(SAMPLES[a], SAMPLES[b], equal_var=False)
        interval = CompareMeans(DescrStatsW(SAMPLES[a]), DescrStatsW(SAMPLES[b])).tconfint_diff(usevar="unequal")
        rows.append(row(str(a), str(b), test.statistic, test.df, test.pvalue, *interval))
    table("WelchGolden> kWelch", rows)


def compare(name, baseline, system, rng):
    """Difference, its percentile bootstrap interval and permutation p of one metric."""
    def difference(a, b, axis=-1):
        return metric(name, np.moveaxis(b, axis, -1)) - metric(name, np.moveaxis(a, axis, -1))
    interval = stats.bootstrap((baseline, system), difference, paired=True, vectorized=True, n_resamples=RESAMPLES,
                               batch=5000, method="percentile", rng=rng).confidence_interval
    exact = 2 ** len(baseline) <= RESAMPLES
    p = stats.permutation_test((baseline, system), lambda a, b, axis=-1: np.round(np.abs(difference(a, b, axis)), 9),
                               permutation_type="samples", vectorized=True, batch=5000, alternative="greater",
                               n_resamples=np.inf if exact else RESAMPLES, rng=rng).pvalue
    return row(f'"{name}"', difference(baseline, system), *interval, p)


def print_comparisons():
    print("/// Difference (system minus baseline), its bootstrap interval and the p of the permutation test.")
    print("struct DifferenceGolden { std::string metric; double difference, low, high, p; };")
    print("struct ComparisonGolden { std::vector<double> baseline_ranks, system_ranks; std::vector<DifferenceGolden> metrics; };")
    rows = []
    for seed, queries, shift in [(1, 14, [0.5, 0.2, 0.2, 0.1]), (2, 120, [0.3, 0.2, 0.2, 0.3])]:
        baseline, system = two_systems(seed, queries, shift)
        rng = np.random.default_rng(seed)
        metrics = [compare(name, baseline, system, rng) for name in METRICS]
        rows.append(row(row(*baseline), row(*system), row(*metrics)))
    table("ComparisonGolden> kComparisons", rows)


print(f"""#pragma once
// Generated by tests/reference/significance.py: tests and intervals by SciPy and statsmodels.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tvr::test {{

inline constexpr double kInfinite = std::numeric_limits<double>::infinity();
inline constexpr double kReferenceDraws = {RESAMPLES};  ///< of kComparisons; those of the small set are all swaps
""")
print_counts()
print_holm()
print_means()
print_comparisons()
print("\n}  // namespace tvr::test")
