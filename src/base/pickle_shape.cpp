#include "base/pickle_shape.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace tvr {
namespace {

constexpr double kManyVisits = 1 << 20;
constexpr double kVisitsPerReference = 4;
constexpr double kTextOfOneVisit = 16;  // bytes: readers copy texts

double visits_of_leaf(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return 1 + text->size() / kTextOfOneVisit;
  if (const auto* bytes = std::get_if<PickleBytes>(&value.value)) return 1 + bytes->bytes.size() / kTextOfOneVisit;
  return 1;
}

/// Goes once along every reference, children first, without recursion. Begins at a value that has children.
class Walk {
 public:
  std::optional<std::string> run(PickleRef root) {
    enter(root);
    while (!path_.empty()) {
      auto& step = path_.back();
      const PickleRef next = pickle_child(*step.value, step.next_child++);
      if (next == nullptr) {
        leave();
        continue;
      }
      ++references_;
      const auto known = known_.find(next);
      if (known == known_.end())
        enter(next);
      else if (known->second.is_open)
        return "it refers to itself.";
      else
        add(step, known->second);
    }
    const auto& whole = known_.at(root);
    if (whole.height > Pickle::kMaxDepth)
      return "it is nested more than " + std::to_string(Pickle::kMaxDepth) + " levels deep.";
    if (whole.visits > kManyVisits + kVisitsPerReference * references_)
      return "it refers to the same values so often that it could not be unfolded.";
    return std::nullopt;
  }

 private:
  struct Known {
    bool is_open = true;
    int height = 0;
    double visits = 1;
  };
  struct Step {
    PickleRef value;
    size_t next_child;
    int height;
    double visits;
  };

  void enter(PickleRef value) {
    if (pickle_child(*value, 0) == nullptr) {
      add(path_.back(), {false, 1, visits_of_leaf(*value)});
      return;
    }
    known_.emplace(value, Known{});
    path_.push_back({value, 0, 0, 1});
  }
  static void add(Step& step, const Known& below) {
    step.height = std::max(step.height, below.height + 1);
    step.visits += below.visits;
  }
  void leave() {
    const auto step = path_.back();
    path_.pop_back();
    known_[step.value] = {false, step.height, step.visits};
    if (!path_.empty()) add(path_.back(), known_[step.value]);
  }

  std::unordered_map<PickleRef, Known> known_;  // values that have children
  std::vector<Step> path_;
  double references_ = 0;
};

}  // namespace

PickleRef pickle_child(const PickleValue& value, size_t number) {
  const auto at = [&](const auto& items) { return number < items.size() ? items[number] : nullptr; };
  if (const auto* sequence = std::get_if<PickleSequence>(&value.value)) return at(sequence->items);
  if (const auto* persistent = std::get_if<PicklePersistent>(&value.value))
    return number == 0 ? persistent->id : nullptr;
  if (const auto* map = std::get_if<PickleMap>(&value.value)) {
    if (number / 2 >= map->items.size()) return nullptr;
    const auto& [key, content] = map->items[number / 2];
    return number % 2 == 0 ? key : content;
  }
  if (const auto* object = std::get_if<PickleObject>(&value.value)) {
    for (const PickleRef part : {object->function, object->arguments, object->keywords, object->state, object->items})
      if (part != nullptr && number-- == 0) return part;
  }
  return nullptr;
}

std::optional<std::string> shape_problem(PickleRef root) {
  return pickle_child(*root, 0) == nullptr ? std::nullopt : Walk().run(root);
}

}  // namespace tvr
