#include "tvr/data/demo_captions.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

namespace tvr {
namespace {

using Templates = std::vector<std::string>;

// "$1" and "$2" stand for what the clause names. A left-to-right text tower sees only what precedes a word, so each
// order template says "first", "before" or "at the start" before at least one noun.
const Templates kActor{"a big $1", "a large $1"};
const Templates kTiny{"a tiny $1", "a small $1", "there is a tiny $1"};
const Templates kOrder{"first a $1 then a $2", "a $1 before a $2", "at the start a $1 and later a $2"};
const Templates kBrief{"a $1 flashes", "for a moment a $1", "a $1 appears briefly"};
const Templates kSign{"the sign says $1", "with the word $1", "text reads $1"};
const Templates kMidStill{"a $1", "the $1"};
const Templates kSubject{"it ", "the big one "};
const std::vector<Templates> kMotion{{"moves left", "slides to the left"},
                                     {"moves right", "slides to the right"},
                                     {"moves up", "rises"},
                                     {"moves down", "falls"}};
const std::vector<Templates> kBackground{{"at night", "in the dark"},
                                         {"on snow", "in a snowy place"},
                                         {"on sand", "in the desert"},
                                         {"on grass", "in a meadow"},
                                         {"at dusk", "in the evening"}};
const std::vector<Templates> kSound{{"with a low hum", "a deep hum is heard"}, {"with a beep", "something beeps"},
                                    {"with a whistle", "a whistle is heard"},  {"with a siren", "a siren is heard"},
                                    {"with rain noise", "rain is heard"},      {"with clicks", "something clicks"}};

template <class Array>
std::string name(const Array& names, int index) {
  return std::string(names.at(static_cast<size_t>(index)));
}

std::string phrase(const DemoObject& object) {
  return name(kDemoColours, object.look.colour) + " " + name(kDemoShapes, object.look.shape);
}

std::string fill(std::string text, const std::string& first, const std::string& second = "") {
  for (const auto& [mark, value] : {std::pair<std::string, std::string>{"$1", first}, {"$2", second}})
    if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), value);
  return text;
}

const std::string& pick(const std::vector<Templates>& groups, int group, Random& random) {
  return random.choice(groups.at(static_cast<size_t>(group)));
}

std::vector<DemoClause> shuffled_clauses(Random& random) {
  std::vector<DemoClause> clauses;
  for (int i = 0; i < kDemoClauses; ++i) clauses.push_back(static_cast<DemoClause>(i));
  random.shuffle(clauses);
  return clauses;
}

DemoCaption write_caption(std::vector<DemoClause> clauses, const DemoScene& scene, Random& random) {
  DemoCaption caption{"", std::move(clauses)};
  for (const DemoClause clause : caption.clauses) {
    if (!caption.text.empty()) caption.text += " , ";
    caption.text += clause_text(clause, scene, random);
  }
  return caption;
}

bool contains(const std::vector<DemoClause>& clauses, DemoClause clause) {
  return std::find(clauses.begin(), clauses.end(), clause) != clauses.end();
}

// Whether some other scene satisfies all clauses written about scenes[scene].
bool is_ambiguous(const std::vector<DemoClause>& clauses, const std::vector<DemoScene>& scenes, int64_t scene) {
  const auto& described = scenes[static_cast<size_t>(scene)];
  for (int64_t other = 0; other < static_cast<int64_t>(scenes.size()); ++other) {
    if (other == scene) continue;
    const auto holds = [&](DemoClause clause) {
      return clause_holds(clause, described, scenes[static_cast<size_t>(other)]);
    };
    if (std::all_of(clauses.begin(), clauses.end(), holds)) return true;
  }
  return false;
}

}  // namespace

DemoClause clause_of(DemoNeed need) {
  switch (need) {
    case DemoNeed::kGlobal:
      return DemoClause::kActor;
    case DemoNeed::kBrief:
      return DemoClause::kBrief;
    case DemoNeed::kRegion:
      return DemoClause::kTiny;
    case DemoNeed::kOrder:
      return DemoClause::kOrder;
    case DemoNeed::kMotion:
      return DemoClause::kMotion;
    case DemoNeed::kAudio:
      return DemoClause::kSound;
    default:
      return DemoClause::kSign;
  }
}

bool clause_holds(DemoClause clause, const DemoScene& scene, const DemoScene& other) {
  const auto has_tiny = [&](const DemoObject& object) {
    return other.tiny[0].look == object.look || other.tiny[1].look == object.look;
  };
  switch (clause) {
    case DemoClause::kActor:
      return other.actor.look == scene.actor.look;
    case DemoClause::kMotion:
      return other.direction == scene.direction;
    case DemoClause::kBackground:
      return other.background == scene.background;
    case DemoClause::kTiny:
      return has_tiny(scene.tiny[0]);
    case DemoClause::kSecondTiny:
      return has_tiny(scene.tiny[1]);
    case DemoClause::kOrder:
      return other.visitors[0].look == scene.visitors[0].look && other.visitors[1].look == scene.visitors[1].look;
    case DemoClause::kBrief:
      return other.brief.look == scene.brief.look;
    case DemoClause::kSound:
      return other.sound == scene.sound;
    default:
      return other.sign == scene.sign;
  }
}

std::string clause_text(DemoClause clause, const DemoScene& scene, Random& random) {
  switch (clause) {
    case DemoClause::kActor:
      return fill(random.choice(kActor), phrase(scene.actor));
    case DemoClause::kMotion: {
      const std::string subject = random.choice(kSubject);
      return subject + pick(kMotion, static_cast<int>(scene.direction), random);
    }
    case DemoClause::kBackground:
      return pick(kBackground, scene.background, random);
    case DemoClause::kTiny:
      return fill(random.choice(kTiny), phrase(scene.tiny[0]));
    case DemoClause::kSecondTiny:
      return fill(random.choice(kTiny), phrase(scene.tiny[1]));
    case DemoClause::kOrder:
      return fill(random.choice(kOrder), phrase(scene.visitors[0]), phrase(scene.visitors[1]));
    case DemoClause::kBrief:
      return fill(random.choice(kBrief), phrase(scene.brief));
    case DemoClause::kSound:
      return pick(kSound, scene.sound, random);
    default:
      return fill(random.choice(kSign), name(kDemoSigns, scene.sign));
  }
}

std::string object_text(const DemoObject& object, double wording) {
  const Templates& templates = object.size == DemoSize::kBig    ? kActor
                               : object.size == DemoSize::kTiny ? kTiny
                                                                : kMidStill;
  return fill(templates[static_cast<size_t>(wording * static_cast<double>(templates.size()))], phrase(object));
}

DemoCaption draw_training_caption(const DemoScene& scene, DemoNeed need, Random& random) {
  auto clauses = shuffled_clauses(random);
  clauses.resize(static_cast<size_t>(2 + random.integer(3)));
  if (!contains(clauses, clause_of(need)))
    clauses[static_cast<size_t>(random.integer(static_cast<int64_t>(clauses.size())))] = clause_of(need);
  return write_caption(std::move(clauses), scene, random);
}

DemoCaption draw_exact_caption(const std::vector<DemoScene>& scenes, int64_t scene, DemoNeed need, Random& random) {
  std::vector<DemoClause> clauses{DemoClause::kActor, DemoClause::kBackground};
  if (!contains(clauses, clause_of(need))) clauses.push_back(clause_of(need));
  std::vector<DemoClause> further = shuffled_clauses(random);
  std::erase_if(further, [&](DemoClause clause) { return contains(clauses, clause); });
  do {
    if (further.empty()) throw std::logic_error("two scenes of a demo split agree in every clause");
    clauses.push_back(further.back());
    further.pop_back();
  } while (is_ambiguous(clauses, scenes, scene));
  random.shuffle(clauses);
  return write_caption(std::move(clauses), scenes[static_cast<size_t>(scene)], random);
}

std::vector<std::string> demo_vocabulary() {
  std::set<std::string> words{","};
  const auto add = [&](std::string_view text) {
    std::istringstream stream{std::string(text)};
    for (std::string word; stream >> word;)
      if (word[0] != '$') words.insert(word);
  };
  for (const auto* templates : {&kActor, &kTiny, &kOrder, &kBrief, &kSign, &kMidStill, &kSubject})
    for (const auto& text : *templates) add(text);
  for (const auto* groups : {&kMotion, &kBackground, &kSound})
    for (const auto& templates : *groups)
      for (const auto& text : templates) add(text);
  for (const auto& word : kDemoColours) add(word);
  for (const auto& word : kDemoShapes) add(word);
  for (const auto& word : kDemoSigns) add(word);
  return {words.begin(), words.end()};
}

}  // namespace tvr
