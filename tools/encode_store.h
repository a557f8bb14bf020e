#pragma once
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"

namespace tvr {

/// An array of a features file: rows of one shape, whose number is not known before the end.
struct FeatureArray {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<int64_t> row;  ///< shape of a row
};

/// Features on their way into a safetensors file. Rows are appended to one file an array in the folder FILE.tvr-parts;
/// commit() makes them count, so that a kill at any moment loses what came after the last one, and the next object with
/// the same settings goes on there. finish() puts the file together without holding it in memory and removes the
/// folder. One writer at a time.
class FeatureStore {
 public:
  /// `settings`: everything the rows depend on. Throws ConfigError if `file` exists or the folder holds rows of other
  /// settings, unless `overwrite`, which begins anew then; if another process writes there; DataError if the folder
  /// cannot be written or is damaged.
  FeatureStore(const std::filesystem::path& file, std::vector<FeatureArray> arrays, nlohmann::ordered_json settings,
               bool overwrite);
  ~FeatureStore();
  FeatureStore(const FeatureStore&) = delete;
  FeatureStore& operator=(const FeatureStore&) = delete;

  /// What commit() keeps beside the rows, as the last one left it; null at the start.
  nlohmann::ordered_json progress;
  /// Rows of the array `name`, one after the other.
  void append(const std::string& name, const ArrayView& rows);
  void commit();
  /// Forgets all rows.
  void begin_anew();
  /// Everything that was appended becomes the file, beside and renamed.
  void finish(const std::map<std::string, std::string>& metadata);

 private:
  struct Part {
    FeatureArray array;
    std::filesystem::path file;
    int64_t bytes = 0;
    std::ofstream stream;
  };
  void open_folder(bool overwrite);
  void go_on(const nlohmann::ordered_json& state);
  void open_parts();
  std::filesystem::path state_file() const { return folder_ / "state.json"; }

  std::filesystem::path file_, folder_;
  std::vector<Part> parts_;
  nlohmann::ordered_json settings_;
  int lock_ = -1;
};

}  // namespace tvr
