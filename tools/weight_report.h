#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tvr/model/weight_families.h"
#include "tvr/model/weight_heads.h"

namespace tvr {

/// What `tvr weights inspect` says of a file or folder.
struct WeightReport {
  std::filesystem::path path;
  RecognisedWeights recognised;
  NearestArchitecture architecture;
  std::map<std::string, std::string> checksums;  ///< file: SHA-256
  std::string known;                             ///< OpenAI's model, by the checksum
  std::map<std::string, int64_t> types;          ///< "float16": number of arrays
  int64_t vision_parameters = 0, text_parameters = 0;
  std::vector<std::pair<std::string, std::string>> ignored;
  HeadWeights head;
  std::vector<std::string> problems;  ///< why they could not be loaded
};

WeightReport inspect_weights(const std::filesystem::path& path);
std::string report_text(const WeightReport& report);
std::string report_json(const WeightReport& report);

}  // namespace tvr
