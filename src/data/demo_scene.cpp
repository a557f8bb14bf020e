#include "tvr/data/demo_scene.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

namespace tvr {
namespace {

constexpr int kCells = kDemoSide / kDemoCell;
constexpr int kObjectRows = kCells - 1;  // the bottom row is the sign's
constexpr int kSignMargin = 2;           // pixels
constexpr int kLooks = static_cast<int>(kDemoColours.size() * kDemoShapes.size());

int draw(Random& random, size_t count) {
  return static_cast<int>(random.integer(static_cast<int64_t>(count)));
}

// Pixels, both ends included.
int draw_between(Random& random, int low, int high) {
  return low + static_cast<int>(random.integer(high - low + 1));
}

struct Cell {
  int row, column;
};

// Which cells objects may still take.
class Grid {
 public:
  // A random free block; nothing if there is none.
  std::optional<Cell> reserve(Random& random, int rows, int columns) {
    std::vector<Cell> places;
    for (int row = 0; row + rows <= kObjectRows; ++row)
      for (int column = 0; column + columns <= kCells; ++column)
        if (is_free(row, column, rows, columns)) places.push_back({row, column});
    if (places.empty()) return std::nullopt;
    const Cell place = random.choice(places);
    for (int row = place.row; row < place.row + rows; ++row)
      std::fill_n(taken_[static_cast<size_t>(row)].begin() + place.column, columns, true);
    return place;
  }

 private:
  bool is_free(int top, int left, int rows, int columns) const {
    for (int row = top; row < top + rows; ++row)
      for (int column = left; column < left + columns; ++column)
        if (taken_[static_cast<size_t>(row)][static_cast<size_t>(column)]) return false;
    return true;
  }
  std::array<std::array<bool, kCells>, kObjectRows> taken_{};
};

// Puts an object into a free square block, jittered; false if there is none.
bool place_object(Grid& grid, Random& random, DemoObject& object, int cells, int jitter_low, int jitter_high) {
  const auto place = grid.reserve(random, cells, cells);
  if (!place) return false;
  object.x = kDemoSubpixels * (place->column * kDemoCell + draw_between(random, jitter_low, jitter_high));
  object.y = kDemoSubpixels * (place->row * kDemoCell + draw_between(random, jitter_low, jitter_high));
  return true;
}

bool place_actor(Grid& grid, Random& random, DemoScene& scene) {
  const bool horizontal = scene.direction == DemoDirection::kLeft || scene.direction == DemoDirection::kRight;
  const bool backwards = scene.direction == DemoDirection::kLeft || scene.direction == DemoDirection::kUp;
  const auto place = grid.reserve(random, horizontal ? 2 : 4, horizontal ? 4 : 2);
  if (!place) return false;
  const int slack = 4 * kDemoCell - static_cast<int>(DemoSize::kBig) - kDemoTravel;
  const int along = draw_between(random, 0, slack) + (backwards ? kDemoTravel : 0);
  const int across = draw_between(random, 0, 2);
  scene.actor.x = kDemoSubpixels * (place->column * kDemoCell + (horizontal ? along : across));
  scene.actor.y = kDemoSubpixels * (place->row * kDemoCell + (horizontal ? across : along));
  return true;
}

void draw_looks(Random& random, DemoScene& scene) {
  std::vector<int> looks(kLooks);
  for (int i = 0; i < kLooks; ++i) looks[static_cast<size_t>(i)] = i;
  random.shuffle(looks);
  size_t next = 0;
  const auto shapes = static_cast<int>(kDemoShapes.size());
  for (DemoObject* object :
       {&scene.actor, &scene.visitors[0], &scene.visitors[1], &scene.brief, &scene.tiny[0], &scene.tiny[1]}) {
    object->look = {looks[next] / shapes, looks[next] % shapes};
    ++next;
  }
}

void draw_nuisance(Random& random, DemoScene& scene) {
  scene.grey = draw_between(random, -8, 8);
  scene.sound_seed = random.bits();
}

std::optional<DemoScene> try_scene(Random& random) {
  DemoScene scene;
  Grid grid;
  scene.actor.size = DemoSize::kBig;
  scene.tiny[0].size = scene.tiny[1].size = DemoSize::kTiny;
  scene.direction = static_cast<DemoDirection>(draw(random, 4));
  if (!place_actor(grid, random, scene)) return std::nullopt;
  for (DemoObject* object : {&scene.visitors[0], &scene.visitors[1], &scene.brief})
    if (!place_object(grid, random, *object, 2, 2, 6)) return std::nullopt;
  for (DemoObject& object : scene.tiny)
    if (!place_object(grid, random, object, 1, 1, 3)) return std::nullopt;
  scene.brief_segment = draw(random, kDemoSegments);
  draw_looks(random, scene);
  scene.sign = draw(random, kDemoSigns.size());
  scene.sign_x = draw_between(random, kSignMargin, kDemoSide - kSignMargin - kDemoSignWidth);
  scene.background = draw(random, kDemoBackgrounds.size());
  scene.sound = draw(random, kDemoSounds.size());
  draw_nuisance(random, scene);
  return scene;
}

// Another index below `count` than `current`.
int draw_other(Random& random, size_t count, int current) {
  const int other = draw(random, count - 1);
  return other + (other >= current ? 1 : 0);
}

DemoDirection opposite(DemoDirection direction) {
  switch (direction) {
    case DemoDirection::kLeft:
      return DemoDirection::kRight;
    case DemoDirection::kRight:
      return DemoDirection::kLeft;
    case DemoDirection::kUp:
      return DemoDirection::kDown;
    default:
      return DemoDirection::kUp;
  }
}

void reverse_motion(DemoScene& scene) {
  constexpr int kPath = kDemoSubpixels * kDemoTravel;
  switch (scene.direction) {
    case DemoDirection::kLeft:
      scene.actor.x -= kPath;
      break;
    case DemoDirection::kRight:
      scene.actor.x += kPath;
      break;
    case DemoDirection::kUp:
      scene.actor.y -= kPath;
      break;
    case DemoDirection::kDown:
      scene.actor.y += kPath;
      break;
  }
  scene.direction = opposite(scene.direction);
}

}  // namespace

DemoScene draw_scene(Random& random) {
  while (true)
    if (auto scene = try_scene(random)) return *scene;
}

DemoLook change_look(const DemoScene& scene, const DemoLook& look, Random& random) {
  const auto occurs = [&](const DemoLook& candidate) {
    const auto shows = [&](const DemoObject& object) { return object.look == candidate; };
    return shows(scene.actor) || shows(scene.brief) ||
           std::any_of(scene.visitors.begin(), scene.visitors.end(), shows) ||
           std::any_of(scene.tiny.begin(), scene.tiny.end(), shows);
  };
  const bool colour = random.chance(0.5);
  DemoLook changed = look;
  do {  // at most 5 of the 36 looks are taken by others, so this ends
    changed = look;
    if (colour)
      changed.colour = draw_other(random, kDemoColours.size(), look.colour);
    else
      changed.shape = draw_other(random, kDemoShapes.size(), look.shape);
  } while (occurs(changed));
  return changed;
}

DemoScene draw_twin(const DemoScene& scene, DemoNeed need, Random& random) {
  DemoScene twin = scene;
  switch (need) {
    case DemoNeed::kGlobal:
      twin.actor.look = change_look(scene, scene.actor.look, random);
      break;
    case DemoNeed::kBrief:
      twin.brief.look = change_look(scene, scene.brief.look, random);
      break;
    case DemoNeed::kRegion:
      twin.tiny[0].look = change_look(scene, scene.tiny[0].look, random);
      break;
    case DemoNeed::kOrder:
      std::swap(twin.visitors[0], twin.visitors[1]);
      break;
    case DemoNeed::kMotion:
      reverse_motion(twin);
      break;
    case DemoNeed::kAudio:
      twin.sound = draw_other(random, kDemoSounds.size(), scene.sound);
      break;
    case DemoNeed::kText:
      twin.sign = draw_other(random, kDemoSigns.size(), scene.sign);
      break;
  }
  draw_nuisance(random, twin);
  return twin;
}

}  // namespace tvr
