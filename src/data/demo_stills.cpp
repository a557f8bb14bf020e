#include "tvr/data/demo_stills.h"

#include <algorithm>
#include <stdexcept>

#include "tvr/base/random.h"
#include "tvr/data/demo_captions.h"
#include "tvr/data/demo_draw.h"

namespace tvr {
namespace {

// What a stage of the curriculum shows and says.
struct Stage {
  int objects;  // 0: whole scenes
  bool hard;    // hard pairs, signs, captions of part of the picture
};

Stage stage_at(double progress) {
  if (progress < 0.15) return {1, false};
  if (progress < 0.30) return {2, true};
  if (progress < 0.50) return {3, true};
  return {0, true};
}

// A caption in the making: what to name and in which wordings, so that the two pictures of a hard pair get captions
// that differ in the chosen object alone.
struct Wording {
  std::vector<size_t> order;     // of the clauses; an index into the picture's objects, or their number: the background
  std::vector<double> wordings;  // for each object
  std::string background;
};

std::string write_caption(const DemoStill& still, const Wording& wording) {
  std::string text;
  for (const size_t clause : wording.order) {
    if (!text.empty()) text += " , ";
    text += clause < still.objects.size() ? object_text(still.objects[clause], wording.wordings[clause])
                                          : wording.background;
  }
  return text;
}

Wording draw_wording(const DemoScene& scene, const DemoStill& still, size_t chosen, bool hard, Random& random) {
  Wording wording{{chosen}, {}, clause_text(DemoClause::kBackground, scene, random)};
  for (size_t i = 0; i < still.objects.size(); ++i) wording.wordings.push_back(random.uniform());
  if (hard) {
    std::vector<size_t> others;
    for (size_t i = 0; i < still.objects.size(); ++i)
      if (i != chosen) others.push_back(i);
    random.shuffle(others);
    others.resize(std::min(others.size(), static_cast<size_t>(random.integer(3))));
    wording.order.insert(wording.order.end(), others.begin(), others.end());
  }
  if (!hard || random.chance(0.3)) wording.order.push_back(still.objects.size());
  random.shuffle(wording.order);
  return wording;
}

void keep_some(DemoStill& still, int count, Random& random) {
  random.shuffle(still.objects);
  still.objects.resize(static_cast<size_t>(count));
}

// One picture, or the two of a hard pair where there is room for them.
void add_sample(StillBatch& batch, const Stage& stage, int64_t count, Random& random) {
  const DemoScene scene = draw_scene(random);
  DemoStill still = still_at(scene, static_cast<int>(random.integer(kDemoFrames)));
  if (stage.objects > 0) keep_some(still, stage.objects, random);
  if (!stage.hard) still.sign = -1;
  const auto chosen = static_cast<size_t>(random.integer(static_cast<int64_t>(still.objects.size())));
  const Wording wording = draw_wording(scene, still, chosen, stage.hard, random);
  const bool pair = stage.hard && random.chance(0.6);
  batch.images.push_back(draw_still(still));
  batch.captions.push_back(write_caption(still, wording));
  if (!pair || static_cast<int64_t>(batch.images.size()) == count) return;
  DemoLook& look = still.objects[chosen].look;
  look = change_look(scene, look, random);
  still.grey = static_cast<int>(random.integer(17)) - 8;
  batch.images.push_back(draw_still(still));
  batch.captions.push_back(write_caption(still, wording));
}

}  // namespace

StillBatch draw_stills(uint64_t seed, int64_t step, int64_t count, double progress) {
  if (step < 0 || count < 1 || !(progress >= 0 && progress <= 1))
    throw std::logic_error("draw_stills: arguments out of range");
  StillBatch batch;
  const Stage stage = stage_at(progress);
  Random random(seed, "demo stills", static_cast<uint64_t>(step));
  while (static_cast<int64_t>(batch.images.size()) < count) add_sample(batch, stage, count, random);
  return batch;
}

}  // namespace tvr
