#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tvr/train/trainer.h"

namespace tvr {

/// The folder of one run (design.md section 4): config.yaml, manifest.json, log.jsonl, events, checkpoints, results.
class RunDirectory {
 public:
  /// A new run: throws ConfigError if the folder exists. Resumed: throws ConfigError if its config.yaml differs from
  /// `config`, showing the first line that does; a folder that does not exist yet, or holds no checkpoint, starts anew.
  /// Locked against a second training meanwhile: throws ConfigError if one is running.
  RunDirectory(std::filesystem::path folder, const std::string& config, bool resume);

  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path log() const { return folder_ / "log.jsonl"; }
  std::filesystem::path events() const { return folder_ / "events.out.tfevents.tvr"; }
  std::filesystem::path checkpoint(const std::string& name) const { return folder_ / "checkpoints" / name; }
  bool has_checkpoint(const std::string& name) const;

  /// Beside and renamed: a kill at any moment leaves the old or the new one.
  void save(const std::string& name, const Trainer& trainer, const TrainState& state) const;
  /// Restores weights, optimizer and state; cuts log and events to the checkpoint's step.
  void restore(const std::string& name, Trainer& trainer) const;
  /// After restore() or for a run without checkpoint: removes what later steps had logged.
  void cut_logs(const TrainState& state) const;

 private:
  std::filesystem::path folder_;
  int lock_ = -1;  ///< of the folder, held while the object lives
};

/// Loads checkpoints/best of a run directory, or a safetensors file, into `model`. Throws CheckpointError.
void load_weights(RetrievalModel& model, const std::filesystem::path& run_or_file);

/// The weights file of a run directory ("best", else "last"), or the path itself if it is a file. Throws
/// CheckpointError.
std::filesystem::path weights_file(const std::filesystem::path& run_or_file);

}  // namespace tvr
