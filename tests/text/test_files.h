#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tvr/text/assets.h"

namespace tvr {

/// CLIP's merges file, which scripts/setup.sh brings. Tests skip without it.
inline std::filesystem::path clip_merges() {
  return default_assets() / "bpe_simple_vocab_16e6.txt.gz";
}

/// A file of the folder of test data, which is not part of the repository. Tests skip where it does not exist.
inline std::filesystem::path data_file(const std::string& name) {
  const char* folder = std::getenv("TVR_TEST_DATA");
  return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder) / name;
}

/// Rows {"text", "ids", …} of a golden file.
struct GoldenRow {
  std::string text;
  std::vector<int64_t> ids;
};
inline std::vector<GoldenRow> golden_rows(const std::filesystem::path& file) {
  std::vector<GoldenRow> rows;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto row = nlohmann::json::parse(line);
    rows.push_back({row.at("text").get<std::string>(), row.at("ids").get<std::vector<int64_t>>()});
  }
  return rows;
}

}  // namespace tvr

#define TVR_SKIP_WITHOUT(file) \
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no file '" << (file).string() << "'"
