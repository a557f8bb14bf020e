// HCMI's aggregation layers (reconstruction): the worked numbers of hcmi.md b.5.
#include "tvr/model/aggregation.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "conformance/random_features.h"
#include "model/seeded_weights.h"
#include "tvr/model/density_peaks.h"

namespace tvr {
namespace {

using test::seeded;
constexpr int64_t kDim = 4, kHeads = 2;

void expect_near(const torch::Tensor& values, const std::vector<double>& expected, double tolerance = 1e-6) {
  const auto golden = torch::tensor(expected, torch::kDouble);
  ASSERT_EQ(values.numel(), golden.numel());
  EXPECT_LT((values.to(torch::kDouble).flatten() - golden).abs().max().item<double>(), tolerance) << values;
}

std::shared_ptr<Aggregation> layer(const std::string& type, int64_t outputs, bool filled) {
  AggregationConfig config{type, kDim, kHeads, outputs, true};
  auto made = make_aggregation(config, 1, "agg.");
  const torch::NoGradGuard no_grad;
  for (auto& item : made->named_parameters()) {
    if (!filled) break;
    const auto name = "agg." + item.key();
    const auto shape = item.value().sizes();
    const auto inputs = static_cast<double>(item.value().numel() / shape[0]);
    const auto values = seeded(name, shape, shape.size() > 1 ? std::sqrt(3 / inputs) : 0.1);
    item.value().copy_(shape.size() == 1 && name.ends_with(".weight") ? values + 1.0f : values);
  }
  made->to(torch::kDouble);
  return made;
}

AggregationInput worked_input() {
  auto mask = torch::ones({1, 6}, torch::kBool);
  mask[0][5] = false;
  return {(seeded("hcmi.x", {1, 6, kDim}) * 2).to(torch::kDouble), mask};
}

const std::vector<double> kSegments{-1.686770, -1.435484, 0.507312, -1.208308,
                                    -0.031661, -0.443769, 1.130443, 0.009891};

TEST(Aggregation, TheWorkedParametersAreTheReferences) {
  const auto parameters = layer("query_attn", 2, true)->named_parameters();
  expect_near(parameters["attn.in_proj_weight"].flatten().slice(0, 0, 4), {-0.064675, -0.419737, -0.803931, -0.252698});
  expect_near(parameters["queries"].flatten().slice(0, 0, 4), {-0.004392, -0.255503, -0.856418, -0.186087});
  expect_near(parameters["ln_1.weight"], {0.914480, 0.976555, 1.034167, 0.931143});
}

TEST(Aggregation, UntrainedGivesTheMeansOfSegments) {
  for (const auto* type : {"query_attn", "assign_softmax_clusters"}) {
    expect_near(layer(type, 2, false)->forward(worked_input()).tokens, kSegments);
    expect_near(layer(type, 1, false)->forward(worked_input()).tokens, {-0.693705, -0.840455, 0.881191, -0.477388});
  }
}

TEST(Aggregation, QueriesAttendToTokens) {
  const auto made = layer("query_attn", 2, true)->forward(worked_input());
  expect_near(
      made.related[0].slice(0, 0, 5),
      {-1.723678, -1.128135, -0.123009, -0.253712, -1.800004, -0.839272, 2.877606, -3.255364, -1.986137, -0.192232,
       2.600605,  -1.037450, 0.247995,  2.743386,  1.910898,  -1.635810, 1.538352, -0.228522, 1.344501,  -0.888399});
  expect_near(made.shares[0][0], {0.109352, 0.150580, 0.108026, 0.192579, 0.439464, 0, 0.086105, 0.190846, 0.144319,
                                  0.332539, 0.246192, 0});
  expect_near(made.shares[0][1], {0.247786, 0.172704, 0.185036, 0.195317, 0.199156, 0, 0.220834, 0.161175, 0.141595,
                                  0.059607, 0.416789, 0});
  expect_near(made.clusters, {-1.897680, -1.716994, 1.199220, -0.788138, -0.339014, -0.708554, 1.876503, 0.338205});
  expect_near(made.tokens, {-3.785187, -0.305262, 0.038414, -0.526791, -1.730177, 0.442732, 0.996092, 0.527069});
}

TEST(Aggregation, OneQueryMakesOneToken) {
  const auto made = layer("query_attn", 1, true)->forward(worked_input());
  expect_near(made.shares[0][0], {0.109352, 0.150580, 0.108026, 0.192579, 0.439464, 0});
  expect_near(made.tokens, {-2.472729, 0.143499, 0.595428, 0.158120});
}

TEST(Aggregation, TokensAreSharedOutAmongClusters) {
  const auto made = layer("assign_softmax_clusters", 2, true)->forward(worked_input());
  expect_near(made.shares[0][0], {0.234139, 0.176067, 0.170044, 0.142293, 0.277456, 0, 0.177988, 0.215431, 0.219315,
                                  0.237208, 0.150058, 0});
  expect_near(made.shares[0][1], {0.194131, 0.189575, 0.209210, 0.292031, 0.115053, 0, 0.205987, 0.210636, 0.190604,
                                  0.106107, 0.286665, 0});
  expect_near(made.tokens, {-3.687206, -0.399282, -0.126504, -0.464211, -1.502186, 0.353623, 0.952689, 0.667512});
}

TEST(Aggregation, AnOutputMayHaveABaseOfItsOwn) {
  auto input = worked_input();
  input.base = torch::tensor({{1.0, 2.0, 3.0, 4.0}}, torch::kDouble);
  expect_near(layer("query_attn", 1, false)->forward(input).tokens, {1, 2, 3, 4});
}

TEST(Aggregation, PositionsAreReadAndNotAdded) {
  auto input = worked_input();
  input.positions = seeded("positions", {6, kDim}).to(torch::kDouble);
  expect_near(layer("query_attn", 2, false)->forward(input).tokens, kSegments);
  const auto filled = layer("query_attn", 2, true);
  EXPECT_FALSE(filled->forward(input).tokens.allclose(filled->forward(worked_input()).tokens, 1e-3, 1e-3));
}

TEST(SegmentMeans, FewerTokensThanSegmentsAreRepeatedInOrder) {
  const auto tokens = torch::arange(6).view({1, 6, 1}).to(torch::kDouble);
  const auto of = [&](int64_t real, int64_t segments) {
    return segment_means(tokens, torch::arange(6).unsqueeze(0).lt(real), segments);
  };
  expect_near(of(2, 4), {0, 0, 0, 1});
  expect_near(of(3, 8), {0, 0, 0, 0, 1, 1, 1, 2});
  expect_near(of(5, 2), {0.5, 3});
  expect_near(of(1, 3), {0, 0, 0});
  expect_near(of(0, 2), {0, 0});
}

// ---- DPC-KNN

const auto kPoints =
    torch::tensor({{{0.0, 0.0}, {0.2, 0.0}, {0.0, 0.4}, {2.0, 2.0}, {2.2, 2.0}, {2.0, 2.6}}}, torch::kDouble);

TEST(DensityPeaks, AreThoseOfTheWorkedExample) {
  const auto mask = torch::ones({1, 6}, torch::kBool);
  const auto peaks = find_density_peaks(kPoints, mask, 2, 3);
  expect_near(peaks.density, {0.967216, 0.960789, 0.941765, 0.935507, 0.929291, 0.881027});
  expect_near(peaks.separation, {2.319483, 0.141421, 0.282843, 1.811077, 0.141421, 0.424264});
  EXPECT_TRUE(peaks.centres.equal(torch::tensor({{0, 3}})));
  EXPECT_TRUE(peaks.group.equal(torch::tensor({{0, 0, 0, 1, 1, 1}})));
  const auto merged = [&](const torch::Tensor& scores) { return merge_groups(kPoints, mask, scores, peaks.group, 2); };
  expect_near(merged(torch::zeros({1, 6}, torch::kDouble)), {0.066667, 0.133333, 2.066667, 2.200000});
  expect_near(merged(torch::tensor({{0.0, 0.5, -0.5, 0.0, 1.0, 0.0}}, torch::kDouble)),
              {0.101296, 0.074529, 2.115223, 2.127165});
}

TEST(DensityPeaks, PaddingIsInNoGroupAndIsNoCentre) {
  const auto padded = torch::cat({torch::full({1, 2, 2}, 0.1, torch::kDouble), kPoints}, 1);
  auto mask = torch::ones({1, 8}, torch::kBool);
  mask.slice(1, 0, 2).fill_(false);
  const auto peaks = find_density_peaks(padded, mask, 2, 3);
  EXPECT_TRUE(peaks.centres.equal(torch::tensor({{2, 5}})));
  expect_near(merge_groups(padded, mask, torch::zeros({1, 8}, torch::kDouble), peaks.group, 2),
              {0.066667, 0.133333, 2.066667, 2.200000});
}

TEST(DensityPeaks, CopiesOfAFrameAreOnePeak) {
  auto points = kPoints.clone();
  points[0][1] = points[0][0];
  const auto peaks = find_density_peaks(points, torch::ones({1, 6}, torch::kBool), 2, 3);
  EXPECT_TRUE(peaks.group.equal(torch::tensor({{0, 0, 0, 1, 1, 1}})) ||
              peaks.group.equal(torch::tensor({{1, 1, 1, 0, 0, 0}})))
      << peaks.group;
}

TEST(DensityPeaks, FewerTokensThanGroupsAreEachTheirOwn) {
  auto mask = torch::zeros({2, 6}, torch::kBool);
  mask[0].slice(0, 0, 2).fill_(true);  // the second row has none
  const auto points = kPoints.expand({2, -1, -1});
  const auto peaks = find_density_peaks(points, mask, 4, 3);
  const auto merged = merge_groups(points, mask, torch::zeros({2, 6}, torch::kDouble), peaks.group, 4);
  EXPECT_TRUE(merged[0].slice(0, 2).eq(0).all().item<bool>());
  EXPECT_TRUE(merged[1].eq(0).all().item<bool>());
  EXPECT_NE(peaks.group[0][0].item<int64_t>(), peaks.group[0][1].item<int64_t>());
}

TEST(DensityAggregation, UntrainedGivesMeansOfNormalisedTokens) {
  const auto input = worked_input();
  const auto made = layer("dpc_knn", 2, false)->forward(input);
  const auto normed = torch::layer_norm(input.tokens, {kDim});
  const auto peaks = find_density_peaks(normed, input.mask, 2, 3);
  const auto means = merge_groups(normed, input.mask, torch::zeros({1, 6}, torch::kDouble), peaks.group, 2);
  EXPECT_TRUE(made.tokens.allclose(means, 1e-12, 1e-12));
}

TEST(DensityAggregation, MarksGroupsThatHaveNothing) {
  auto input = worked_input();
  input.mask.slice(1, 1).fill_(false);
  const auto made = layer("dpc_knn", 3, true)->forward(input);
  EXPECT_TRUE(made.mask.equal(torch::tensor({{true, false, false}})));
  EXPECT_TRUE(made.tokens.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace tvr
