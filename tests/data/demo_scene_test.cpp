#include "tvr/data/demo_scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "tvr/data/demo_draw.h"

namespace tvr {
namespace {

constexpr int kScenes = 300;

DemoScene scene(uint64_t index) {
  Random random(5, "test scene", 0, index);
  return draw_scene(random);
}

DemoScene twin(const DemoScene& original, DemoNeed need, uint64_t index) {
  Random random(5, "test twin", 0, index);
  return draw_twin(original, need, random);
}

std::vector<DemoObject> objects(const DemoScene& scene) {
  return {scene.actor, scene.visitors[0], scene.visitors[1], scene.brief, scene.tiny[0], scene.tiny[1]};
}

std::vector<Image> frames(const DemoScene& scene) {
  std::vector<Image> result;
  for (int frame = 0; frame < kDemoFrames; ++frame) result.push_back(draw_still(still_at(scene, frame)));
  return result;
}

// The 16x16 cells an object touches over the whole video.
std::set<std::pair<int, int>> cells(const DemoScene& scene, bool actor_only, const DemoObject& object) {
  std::set<std::pair<int, int>> result;
  for (int frame = 0; frame < kDemoFrames; ++frame) {
    const DemoObject shown = actor_only ? still_at(scene, frame).objects.back() : object;
    const int side = static_cast<int>(shown.size);
    for (int y = shown.y / kDemoSubpixels; y <= (shown.y - 1) / kDemoSubpixels + side; ++y)
      for (int x = shown.x / kDemoSubpixels; x <= (shown.x - 1) / kDemoSubpixels + side; ++x)
        if (y * kDemoSubpixels < shown.y + side * kDemoSubpixels &&
            x * kDemoSubpixels < shown.x + side * kDemoSubpixels)
          result.insert({y / kDemoCell, x / kDemoCell});
  }
  return result;
}

// For each pixel and channel, its values over time in rising order.
std::vector<std::vector<uint8_t>> values_over_time(const DemoScene& scene) {
  const auto images = frames(scene);
  std::vector<std::vector<uint8_t>> values(images[0].pixels.size());
  for (size_t i = 0; i < values.size(); ++i) {
    for (const auto& image : images) values[i].push_back(image.pixels[i]);
    std::sort(values[i].begin(), values[i].end());
  }
  return values;
}

TEST(DemoScene, ObjectsHaveDistinctLooks) {
  for (uint64_t i = 0; i < kScenes; ++i) {
    std::set<std::pair<int, int>> looks;
    for (const auto& object : objects(scene(i))) looks.insert({object.look.colour, object.look.shape});
    EXPECT_EQ(looks.size(), 6u);
  }
}

TEST(DemoScene, ObjectsNeverShareACellAndLeaveTheBottomRowToTheSign) {
  for (uint64_t i = 0; i < kScenes; ++i) {
    const DemoScene drawn = scene(i);
    auto taken = cells(drawn, true, drawn.actor);
    size_t count = taken.size();
    for (const auto& object : objects(drawn)) {
      if (object == drawn.actor) continue;
      const auto own = cells(drawn, false, object);
      count += own.size();
      taken.insert(own.begin(), own.end());
    }
    EXPECT_EQ(taken.size(), count) << "scene " << i;
    for (const auto& [row, column] : taken) EXPECT_TRUE(row >= 0 && row < 5 && column >= 0 && column < 6);
  }
}

TEST(DemoScene, EveryValueOfEveryAspectOccurs) {
  std::set<int> backgrounds, sounds, signs, directions, segments, colours, shapes;
  for (uint64_t i = 0; i < kScenes; ++i) {
    const DemoScene drawn = scene(i);
    backgrounds.insert(drawn.background);
    sounds.insert(drawn.sound);
    signs.insert(drawn.sign);
    directions.insert(static_cast<int>(drawn.direction));
    segments.insert(drawn.brief_segment);
    colours.insert(drawn.actor.look.colour);
    shapes.insert(drawn.actor.look.shape);
  }
  EXPECT_EQ(backgrounds.size(), kDemoBackgrounds.size());
  EXPECT_EQ(sounds.size(), kDemoSounds.size());
  EXPECT_EQ(signs.size(), kDemoSigns.size());
  EXPECT_EQ(directions.size(), 4u);
  EXPECT_EQ(segments.size(), 8u);
  EXPECT_EQ(colours.size(), kDemoColours.size());
  EXPECT_EQ(shapes.size(), kDemoShapes.size());
}

class DemoTwin : public testing::TestWithParam<int> {
 protected:
  DemoNeed need() const { return static_cast<DemoNeed>(GetParam()); }
};

TEST_P(DemoTwin, DiffersInItsAspectAloneApartFromNuisance) {
  for (uint64_t i = 0; i < kScenes; ++i) {
    const DemoScene original = scene(i);
    DemoScene changed = twin(original, need(), i);
    EXPECT_NE(changed.sound_seed, original.sound_seed);
    EXPECT_LE(std::abs(changed.grey), 8);
    changed.sound_seed = original.sound_seed;
    changed.grey = original.grey;
    EXPECT_NE(changed, original);
    switch (need()) {
      case DemoNeed::kGlobal:
        changed.actor.look = original.actor.look;
        break;
      case DemoNeed::kBrief:
        changed.brief.look = original.brief.look;
        break;
      case DemoNeed::kRegion:
        changed.tiny[0].look = original.tiny[0].look;
        break;
      case DemoNeed::kOrder:
        std::swap(changed.visitors[0], changed.visitors[1]);
        break;
      case DemoNeed::kMotion:
        EXPECT_NE(changed.direction, original.direction);
        changed.direction = original.direction;
        changed.actor.x = original.actor.x;
        changed.actor.y = original.actor.y;
        break;
      case DemoNeed::kAudio:
        changed.sound = original.sound;
        break;
      case DemoNeed::kText:
        changed.sign = original.sign;
        break;
    }
    EXPECT_EQ(changed, original) << "scene " << i;
  }
}

TEST_P(DemoTwin, LooksStayDistinct) {
  for (uint64_t i = 0; i < kScenes; ++i) {
    std::set<std::pair<int, int>> looks;
    for (const auto& object : objects(twin(scene(i), need(), i))) looks.insert({object.look.colour, object.look.shape});
    EXPECT_EQ(looks.size(), 6u);
  }
}

INSTANTIATE_TEST_SUITE_P(Needs, DemoTwin, testing::Range(0, 7), [](const auto& parameter) {
  return std::string(kDemoNeeds[static_cast<size_t>(parameter.param)]);
});

// A head that pools over time must not tell these twins apart: every pixel shows the same values, at other times.
TEST(DemoTwinFrames, OrderAndMotionShowTheSameValuesAtOtherTimes) {
  for (const DemoNeed need : {DemoNeed::kOrder, DemoNeed::kMotion}) {
    for (uint64_t i = 0; i < 20; ++i) {
      const DemoScene original = scene(i);
      DemoScene changed = twin(original, need, i);
      changed.grey = original.grey;
      EXPECT_EQ(values_over_time(changed), values_over_time(original)) << "scene " << i;
      EXPECT_NE(frames(changed)[1].pixels, frames(original)[1].pixels);
    }
  }
}

TEST(DemoTwinFrames, AudioTwinsLookAlikeAndSoundDifferent) {
  const DemoScene original = scene(1);
  DemoScene changed = twin(original, DemoNeed::kAudio, 1);
  changed.grey = original.grey;
  EXPECT_EQ(frames(changed)[7].pixels, frames(original)[7].pixels);
  EXPECT_NE(draw_sound(changed), draw_sound(original));
}

}  // namespace
}  // namespace tvr
