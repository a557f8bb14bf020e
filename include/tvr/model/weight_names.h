#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tvr/model/tower_config.h"

namespace tvr {

/// How a program names the parameters of a tower. kTvr: as tower_config.h does.
enum class NameStyle { kNone, kTvr, kOpenAi, kHuggingFace, kTimm, kXlmRoberta };

/// Whose names and files weights are written in.
enum class WeightFormat { kTvr, kOpenAi, kOpenClip, kHuggingFace };

/// One tower's parameters in a file: the style, and what stands before every name ("visual.trunk.", "text.").
struct TowerNames {
  NameStyle style = NameStyle::kNone;
  std::string prefix;
  bool operator==(const TowerNames&) const = default;
};

/// The names of both towers in a file; kNone: it has no such tower.
struct ClipNames {
  TowerNames vision, text;
  bool has_vision() const { return vision.style != NameStyle::kNone; }
  bool has_text() const { return text.style != NameStyle::kNone; }
  bool operator==(const ClipNames&) const = default;
};

/// An array of a file that holds some rows of a parameter of ours.
struct ForeignPart {
  std::string name;         ///< "": rows of zeros that the file leaves out (EVA's key bias)
  int64_t share = 1;        ///< how many rows, relative to the other parts
  bool transposed = false;  ///< a matrix that is applied from the other side
};

/// Parts that make one parameter, in the order of its rows.
using ForeignName = std::vector<ForeignPart>;

/// The ways in which files named so may hold the parameter `ours` (tower_config.h), the usual one first. None if that
/// style has no place for it.
std::vector<ForeignName> foreign_names(const ClipNames& names, const std::string& ours);

using NamedShape = std::pair<std::string, std::vector<int64_t>>;

/// Names and shapes of all parameters, and nothing allocated.
std::vector<NamedShape> vision_parameters(const VisionConfig& config);
std::vector<NamedShape> text_parameters(const TextConfig& config);
/// Of the towers that `names` has, and the constants of their score if it has both.
std::vector<NamedShape> clip_parameters(const ClipConfig& config, const ClipNames& names);
int64_t parameter_count(const std::vector<NamedShape>& parameters);

}  // namespace tvr
