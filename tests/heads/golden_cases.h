#pragma once
#include <memory>
#include <string>

#include "tvr/model/interaction_head.h"

namespace tvr::test {

/// A head of float64 from its YAML: "xpool, heads: 2".
std::shared_ptr<InteractionHead> make_head(const std::string& type_and_settings, const HeadContext& context);

/// Compares parts and all gradients of every case in tests/model/golden/heads/FILE, an independent version's of
/// tests/reference/heads, to 1e-5 of the largest value; texts and videos have padding. Returns how many cases there
/// are.
size_t expect_golden_cases(const std::string& file);

}  // namespace tvr::test
