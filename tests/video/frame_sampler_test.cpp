#include "tvr/video/frame_sampler.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

using Indices = std::vector<int64_t>;

TEST(MiddleOfSegments, TakesTheMiddleOfEachSegment) {
  EXPECT_EQ(middle_of_segments(100, 4), (Indices{12, 37, 62, 87}));
  EXPECT_EQ(middle_of_segments(12, 12), (Indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(middle_of_segments(390, 1), (Indices{195}));
  EXPECT_EQ(middle_of_segments(75, 3), (Indices{12, 37, 62}));
}

TEST(MiddleOfSegments, RepeatsFramesOfShortVideos) {
  EXPECT_EQ(middle_of_segments(1, 3), (Indices{0, 0, 0}));
  EXPECT_EQ(middle_of_segments(3, 5), (Indices{0, 0, 1, 2, 2}));
}

TEST(MiddleOfSegments, StaysInsideTheVideo) {
  for (int64_t frames = 1; frames < 40; ++frames)
    for (int64_t count = 1; count < 40; ++count) {
      const auto indices = middle_of_segments(frames, count);
      ASSERT_EQ(static_cast<int64_t>(indices.size()), count);
      for (size_t i = 0; i < indices.size(); ++i) {
        EXPECT_GE(indices[i], i == 0 ? 0 : indices[i - 1]);
        EXPECT_LT(indices[i], frames);
      }
    }
}

TEST(MiddleOfSegments, RefusesNoFramesAndNoSegments) {
  EXPECT_THROW(middle_of_segments(0, 1), std::invalid_argument);
  EXPECT_THROW(middle_of_segments(1, 0), std::invalid_argument);
}

}  // namespace
}  // namespace tvr
