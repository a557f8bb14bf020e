#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tvr/eval/metrics.h"

namespace tvr {

// Tests and intervals of plain numbers. Every p is two-sided, every interval a two-sided 95 % one. Negative counts, no
// values where some are needed, and values that are not finite are a std::logic_error.

/// Exact McNemar test of pairs in which only the one (`b` pairs) or only the other (`c`) succeeds:
/// min(1, 2 P(X <= min(b, c))) for X ~ Binomial(b + c, 1/2). 1 if there are no such pairs.
double mcnemar_exact(int64_t b, int64_t c);

/// Holm's step-down adjustment of the p-values of several tests, in the given order: calling significant what is below
/// 0.05 afterwards makes any false call among all of them no likelier than 5 %.
std::vector<double> holm(const std::vector<double>& p_values);

/// Mean of independent values and how sure it is.
struct MeanInterval {
  int64_t count = 0;
  double mean = 0;
  std::optional<double> deviation;  ///< of the sample (divided by count - 1); none for one value
  std::optional<Interval> ci95;     ///< Student's t; none for one value
};
/// At least one value.
MeanInterval mean_interval(const std::vector<double>& values);

/// Comparison of two means whose variances may differ.
struct WelchTest {
  double difference = 0;  ///< mean of a minus mean of b
  double t = 0, degrees = 0, p = 1;
  Interval ci95;  ///< of the difference
};
/// None unless both have two values or more. Where neither varies there is nothing to judge a difference by: p = 1 for
/// equal means, none for unequal ones.
std::optional<WelchTest> welch(const std::vector<double>& a, const std::vector<double>& b);

/// Interval of a share in percent (Wilson's score interval). n >= 1, 0 <= hits <= n.
Interval wilson(int64_t hits, int64_t n);

/// Mean of paired differences over their standard deviation. None for fewer than two or without spread.
std::optional<double> standardised_mean(const std::vector<double>& differences);

/// b / c of discordant pairs; infinite for c = 0.
struct OddsRatio {
  double ratio = 1;
  Interval ci95;  ///< exact (Clopper-Pearson of b among b + c); its high end is infinite for c = 0
};
/// None for b = c = 0.
std::optional<OddsRatio> discordant_odds(int64_t b, int64_t c);

}  // namespace tvr
