#include "tvr/eval/significance.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace tvr {
namespace {

constexpr double kOutside = 0.025;                // on either side of a 95 % interval
constexpr double kNormal975 = 1.959963984540054;  // quantile of the normal distribution

void need(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

double as_double(int64_t count) {
  return static_cast<double>(count);
}

// Sums of differences to the first value: equal values then have exactly their value as mean and no deviation.
struct Moments {
  double mean = 0, variance = 0;  // variance of the sample; 0 for one value
};
Moments moments(const std::vector<double>& values) {
  need(!values.empty() && std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }),
       "a mean needs values that are finite");
  const auto count = static_cast<double>(values.size());
  double shift = 0;
  for (const double value : values) shift += (value - values.front()) / count;
  const double mean = values.front() + shift;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() > 1 ? squares / (count - 1) : 0};
}

double t_quantile_975(double degrees) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(degrees), kOutside));
}
double t_two_sided(double degrees, double t) {
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), std::abs(t)));
}

}  // namespace

double mcnemar_exact(int64_t b, int64_t c) {
  need(b >= 0 && c >= 0, "counts of pairs cannot be negative");
  if (b + c == 0) return 1;
  const boost::math::binomial pairs(as_double(b + c), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(pairs, as_double(std::min(b, c))));
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double highest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const double p = p_values[order[i]];
    need(p >= 0 && p <= 1, "a p-value lies between 0 and 1");
    highest = std::max(highest, std::min(1.0, static_cast<double>(order.size() - i) * p));
    adjusted[order[i]] = highest;
  }
  return adjusted;
}

MeanInterval mean_interval(const std::vector<double>& values) {
  const auto [mean, variance] = moments(values);
  MeanInterval result{static_cast<int64_t>(values.size()), mean, {}, {}};
  if (result.count < 2) return result;
  const double count = as_double(result.count), reach = t_quantile_975(count - 1) * std::sqrt(variance / count);
  result.deviation = std::sqrt(variance);
  result.ci95 = Interval{mean - reach, mean + reach};
  return result;
}

std::optional<WelchTest> welch(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const auto of_a = moments(a), of_b = moments(b);
  const auto count_a = static_cast<double>(a.size()), count_b = static_cast<double>(b.size());
  const double error_a = of_a.variance / count_a, error_b = of_b.variance / count_b, error = error_a + error_b;
  WelchTest test{of_a.mean - of_b.mean, 0, count_a + count_b - 2, 1, {}};
  if (error == 0) return test.difference == 0 ? std::optional(test) : std::nullopt;
  test.t = test.difference / std::sqrt(error);
  test.degrees = error * error / (error_a * error_a / (count_a - 1) + error_b * error_b / (count_b - 1));
  test.p = t_two_sided(test.degrees, test.t);
  const double reach = t_quantile_975(test.degrees) * std::sqrt(error);
  test.ci95 = {test.difference - reach, test.difference + reach};
  return test;
}

Interval wilson(int64_t hits, int64_t n) {
  need(n >= 1 && hits >= 0 && hits <= n, "a share needs 0 <= hits <= n and n >= 1");
  const double count = as_double(n), share = as_double(hits) / count, z2 = kNormal975 * kNormal975;
  const double middle = share + z2 / (2 * count);
  const double reach = kNormal975 * std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  const double scale = 100 / (1 + z2 / count);
  return {hits == 0 ? 0 : scale * (middle - reach), hits == n ? 100 : scale * (middle + reach)};
}

std::optional<double> standardised_mean(const std::vector<double>& differences) {
  if (differences.size() < 2) return std::nullopt;
  const auto [mean, variance] = moments(differences);
  if (variance == 0) return std::nullopt;
  return mean / std::sqrt(variance);
}

std::optional<OddsRatio> discordant_odds(int64_t b, int64_t c) {
  need(b >= 0 && c >= 0, "counts of pairs cannot be negative");
  if (b + c == 0) return std::nullopt;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const double wins = as_double(b), losses = as_double(c);
  const auto odds = [](double share) { return share / (1 - share); };
  OddsRatio result{c == 0 ? kInfinite : wins / losses, {0, kInfinite}};
  if (b > 0) result.ci95.low = odds(boost::math::ibeta_inv(wins, losses + 1, kOutside));
  if (c > 0) result.ci95.high = odds(boost::math::ibetac_inv(wins + 1, losses, kOutside));
  return result;
}

}  // namespace tvr
