#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tvr/data/demo_scene.h"

namespace tvr {

/// What one clause of a caption is about. kTiny is the first tiny object, the one that region twins differ in.
enum class DemoClause { kActor, kMotion, kBackground, kTiny, kSecondTiny, kOrder, kBrief, kSound, kSign };
inline constexpr int kDemoClauses = 9;

/// The clause that tells the twins of a need apart.
DemoClause clause_of(DemoNeed need);

/// Whether the clause, written about `scene`, is also true of `other`.
bool clause_holds(DemoClause clause, const DemoScene& scene, const DemoScene& other);

/// One of the clause's templates, filled in: "a big red circle".
std::string clause_text(DemoClause clause, const DemoScene& scene, Random& random);

/// A phrase for an object of a still: by its size "a big C S", "a tiny C S", "a C S" in the same wordings.
/// `wording` in [0, 1) chooses among them.
std::string object_text(const DemoObject& object, double wording);

/// A caption and what it states; clauses are joined by " , " in random order.
struct DemoCaption {
  std::string text;
  std::vector<DemoClause> clauses;
};

/// Two to four clauses, the need's always among them.
DemoCaption draw_training_caption(const DemoScene& scene, DemoNeed need, Random& random);

/// Actor, background, the need's clause and one more; then further ones until no other scene of the split satisfies the
/// whole caption: its label is exact. Throws std::logic_error if two scenes agree in every clause.
DemoCaption draw_exact_caption(const std::vector<DemoScene>& scenes, int64_t scene, DemoNeed need, Random& random);

/// Every word that captions of the corpus and of the stills can hold, sorted, the comma included.
std::vector<std::string> demo_vocabulary();

}  // namespace tvr
