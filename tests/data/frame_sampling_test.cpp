#include "tvr/data/frame_sampling.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <set>

namespace tvr {
namespace {
using testing::ElementsAreArray;
using Indices = std::vector<int64_t>;

VideoTimeline constant_rate(int64_t frames, double rate) {
  VideoTimeline video;
  video.frames = frames;
  for (int64_t i = 0; i < frames; ++i) video.times.push_back(static_cast<double>(i) / rate);
  video.frames_per_second = video.stated_frames_per_second = rate;
  return video;
}

FrameSampling rule(const std::string& name, int64_t count = 12) {
  FrameSampling sampling;
  sampling.rule = name;
  sampling.count = count;
  return sampling;
}

// Lists of reference/baselines.md section 7, taken there from the code bases' own selection code.
TEST(Clip4Clip, TakesTheFramesOfItsReader) {
  const auto frames = [](int64_t count, double rate) {
    return sample_frames(rule("clip4clip"), constant_rate(count, rate));
  };
  EXPECT_EQ(frames(300, 30000.0 / 1001), (Indices{0, 29, 58, 87, 116, 145, 174, 203, 232, 261, 290}));
  EXPECT_EQ(frames(450, 25), (Indices{0, 25, 75, 100, 150, 175, 225, 250, 300, 325, 375, 425}));
  EXPECT_EQ(frames(93, 3), (Indices{0, 6, 15, 24, 30, 39, 48, 57, 63, 72, 81, 90}));
  EXPECT_EQ(frames(30, 30), (Indices{0}));
  EXPECT_EQ(frames(1800, 30), (Indices{0, 150, 300, 480, 630, 780, 960, 1110, 1260, 1440, 1590, 1770}));
}

TEST(Clip4Clip, CountsSecondsOfTheWindowInclusively) {
  const auto frames = sample_frames(rule("clip4clip", 0), constant_rate(1800, 30), {0, 31});
  ASSERT_EQ(frames.size(), 32u);
  EXPECT_EQ((Indices{frames.end() - 3, frames.end()}), (Indices{870, 900, 930}));
  EXPECT_EQ(sample_frames(rule("clip4clip", 0), constant_rate(1800, 30), {58.5, 1000}), (Indices{1740, 1770}));
}

TEST(Clip4Clip, TakesSeveralFramesASecondAndHeadsAndTails) {
  auto sampling = rule("clip4clip", 4);
  sampling.fps = 2;
  sampling.selection = "head";
  EXPECT_EQ(sample_frames(sampling, constant_rate(90, 30)), (Indices{0, 15, 30, 45}));
  sampling.selection = "tail";
  EXPECT_EQ(sample_frames(sampling, constant_rate(90, 30)), (Indices{30, 45, 60, 75}));
}

TEST(Clip4Clip, SurvivesRatesBelowOneAndWindowsPastTheEnd) {
  EXPECT_EQ(sample_frames(rule("clip4clip", 0), constant_rate(3, 0.5)), (Indices{0, 1, 2}));
  EXPECT_EQ(sample_frames(rule("clip4clip", 0), constant_rate(90, 30), {100, 200}), (Indices{89}));
}

TEST(Drl, TakesEveryRoundedStride) {
  EXPECT_EQ(sample_frames(rule("drl"), constant_rate(300, 30000.0 / 1001)),
            (Indices{0, 30, 60, 90, 120, 150, 180, 210, 240, 270}));
  EXPECT_EQ(sample_frames(rule("drl"), constant_rate(900, 30000.0 / 1001)),
            (Indices{0, 60, 150, 210, 300, 390, 450, 540, 630, 690, 780, 870}));
}

TEST(XPool, TakesMiddlesOfTruncatedSegments) {
  const auto frames = [](int64_t count) { return sample_frames(rule("xpool"), constant_rate(count, 25)); };
  EXPECT_EQ(frames(300), (Indices{12, 37, 62, 87, 112, 137, 162, 187, 212, 237, 262, 287}));
  EXPECT_EQ(frames(451), (Indices{18, 55, 93, 130, 168, 205, 243, 281, 318, 356, 393, 431}));
  EXPECT_EQ(frames(10), (Indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9}));
}

TEST(Uniform, IncludesBothEnds) {
  EXPECT_EQ(sample_frames(rule("uniform"), constant_rate(300, 25)),
            (Indices{0, 27, 54, 81, 108, 135, 163, 190, 217, 244, 271, 299}));
}

TEST(Linspace, IsNumPysInDoubleArithmetic) {
  EXPECT_EQ(truncated_linspace(30, 12), (Indices{0, 2, 5, 8, 10, 13, 16, 19, 21, 24, 27, 30}));
  EXPECT_EQ(truncated_linspace(14, 12), (Indices{0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14}));
  int64_t differing = 0;  // from exact integers: the reference counts 51 lengths below 2000 for 64 frames
  for (int64_t n = 65; n < 2000; ++n) {
    const auto values = truncated_linspace(n - 1, 64);
    bool differs = false;
    for (int64_t i = 0; i < 64; ++i) differs = differs || values[static_cast<size_t>(i)] != i * (n - 1) / 63;
    differing += differs;
  }
  EXPECT_EQ(differing, 51);
}

TEST(Middle, TakesTheMiddleOfEachSegment) {
  const auto frames = [](int64_t all, int64_t count) {
    return sample_frames(rule("middle", count), constant_rate(all, 25));
  };
  EXPECT_EQ(frames(100, 4), (Indices{12, 37, 62, 87}));
  EXPECT_EQ(frames(12, 12), (Indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(frames(390, 1), (Indices{195}));
  EXPECT_EQ(frames(1, 3), (Indices{0, 0, 0}));
  EXPECT_EQ(frames(3, 5), (Indices{0, 0, 1, 2, 2}));
}

TEST(Fps, TakesWhatIsOnScreenAtEqualMoments) {
  VideoTimeline video;
  video.times = {0, 0.1, 0.9, 1.0, 2.5, 2.6};
  video.frames = 6;
  EXPECT_EQ(sample_frames(rule("fps"), video), (Indices{0, 3, 3}));
  auto sampling = rule("fps");
  sampling.fps = 2;
  EXPECT_EQ(sample_frames(sampling, video), (Indices{0, 1, 3, 3, 3, 4}));
  sampling.count = 3;
  EXPECT_EQ(sample_frames(sampling, video), (Indices{0, 3, 4}));
}

TEST(Fps, IsNotHeldUpByAGapOfYears) {
  VideoTimeline video;
  video.times = {0, 1, 1e9, 1e9 + 1};
  video.frames = 4;
  auto sampling = rule("fps", 3);
  sampling.fps = 1000;
  EXPECT_EQ(sample_frames(sampling, video), (Indices{0, 1, 3}));
  sampling.selection = "tail";
  EXPECT_EQ(sample_frames(sampling, video), (Indices{2, 2, 3}));
  sampling.count = 0;
  EXPECT_THROW(sample_frames(sampling, video), std::invalid_argument);
}

TEST(Random, DrawsInsideEachSegmentByTheKeyAlone) {
  const auto video = constant_rate(300, 25);
  std::set<Indices> distinct;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const auto frames = sample_frames(rule("random"), video, {}, {7, epoch, 3, 0});
    EXPECT_EQ(frames, sample_frames(rule("random"), video, {}, {7, epoch, 3, 0}));
    for (int64_t i = 0; i < 12; ++i) {
      EXPECT_GE(frames[static_cast<size_t>(i)], i * 25);
      EXPECT_LT(frames[static_cast<size_t>(i)], (i + 1) * 25);
    }
    distinct.insert(frames);
    distinct.insert(sample_frames(rule("random"), video, {}, {7, epoch, 3, 1}));
    distinct.insert(sample_frames(rule("random"), video, {}, {7, epoch, 4, 0}));
    distinct.insert(sample_frames(rule("random"), video, {}, {8, epoch, 3, 0}));
  }
  EXPECT_EQ(distinct.size(), 80u);
}

TEST(Window, KeepsEveryRuleInside) {
  const auto video = constant_rate(300, 25);
  for (const std::string name : {"middle", "xpool", "random", "uniform", "fps", "drl"})
    for (const TimeWindow window :
         {TimeWindow{2, 4}, TimeWindow{11.9, 50}, TimeWindow{20, 30}, TimeWindow{3.01, 3.02}}) {
      const auto frames = sample_frames(rule(name), video, window, {1, 2, 3, 0});
      ASSERT_FALSE(frames.empty()) << name;
      for (const int64_t frame : frames) {
        const double time = video.times[static_cast<size_t>(frame)];
        EXPECT_GE(time, std::min(window.start, video.times.back()) - 0.04001) << name << " " << window.start;
        EXPECT_LE(time, window.end + 1e-9) << name << " " << window.end;
      }
    }
}

TEST(EveryRule, GivesFramesOfTheVideoInOrder) {
  for (const auto& name : kFrameRules)
    for (int64_t frames = 1; frames < 40; ++frames)
      for (int64_t count = 1; count < 20; ++count) {
        const auto sampling = rule(name, count);
        const auto indices = sample_frames(sampling, constant_rate(frames, 4));
        ASSERT_GE(indices.size(), 1u);
        if (may_be_short(sampling))
          ASSERT_LE(static_cast<int64_t>(indices.size()), count) << name;
        else
          ASSERT_EQ(static_cast<int64_t>(indices.size()), count) << name;
        EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end())) << name << frames << " " << count;
        EXPECT_GE(indices.front(), 0);
        EXPECT_LT(indices.back(), frames);
      }
}

TEST(EveryRule, RefusesNonsense) {
  const auto video = constant_rate(10, 25);
  EXPECT_THROW(sample_frames(rule("best"), video), std::invalid_argument);
  EXPECT_THROW(sample_frames(rule("middle", 0), video), std::invalid_argument);
  EXPECT_THROW(sample_frames(rule("middle"), {}), std::invalid_argument);
  auto sampling = rule("fps");
  sampling.fps = 0;
  EXPECT_THROW(sample_frames(sampling, video), std::invalid_argument);
  sampling.fps = 1;
  sampling.selection = "middle";
  EXPECT_THROW(sample_frames(sampling, video), std::invalid_argument);
}

}  // namespace
}  // namespace tvr
