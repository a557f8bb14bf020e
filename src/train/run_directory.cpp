#include "tvr/train/run_directory.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tvr/base/file.h"
#include "tvr/train/event_writer.h"

namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::string first_difference(const std::string& old_text, const std::string& new_text) {
  std::istringstream old_lines(old_text), new_lines(new_text);
  std::string old_line, new_line;
  while (true) {
    const bool more_old = static_cast<bool>(std::getline(old_lines, old_line));
    const bool more_new = static_cast<bool>(std::getline(new_lines, new_line));
    if (!more_old && !more_new) return "";
    if (old_line != new_line || more_old != more_new) return "'" + old_line + "' then, '" + new_line + "' now";
  }
}

// A kill while the very first file was written leaves its temporary one alone.
bool holds_something(const fs::path& folder) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) { return entry.path().filename() != "config.yaml.tmp"; });
}

// Ends with the process, however it ends.
int lock_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const bool taken = descriptor >= 0 && errno == EWOULDBLOCK;
  if (descriptor >= 0) ::close(descriptor);
  if (taken)
    throw ConfigError("run.dir: " + folder.string() +
                      " is in use by another training; wait for its end or choose another.");
  return -1;  // file systems without locks
}

}  // namespace

RunDirectory::RunDirectory(fs::path folder, const std::string& config, bool resume) : folder_(std::move(folder)) {
  const auto config_file = folder_ / "config.yaml";
  if (fs::exists(folder_) && !resume)
    throw ConfigError("run.dir: " + folder_.string() +
                      " exists; continue it with --resume, choose another with run.dir=DIR, or remove it.");
  if (fs::exists(config_file)) {
    const auto difference = first_difference(read_file(config_file), config);
    if (!difference.empty())
      throw ConfigError(config_file.string() + ": the run was started with other settings (" + difference +
                        "); resume with the same ones.");
  } else if (fs::exists(folder_) && holds_something(folder_)) {
    throw ConfigError("run.dir: " + folder_.string() +
                      " is not a run directory (no config.yaml); choose another with run.dir=DIR.");
  }
  write_file(config_file, config);
  lock_ = lock_folder(folder_);
  for (const auto* name : {"last", "best"}) recover_folder(checkpoint(name));
  if (!has_checkpoint("last") && has_checkpoint("best"))
    throw CheckpointError(checkpoint("last").string() + ": is missing, the run cannot be continued; remove " +
                          folder_.string() + " to start anew.");
}

RunDirectory::~RunDirectory() {
  ::close(lock_);
}

bool RunDirectory::has_checkpoint(const std::string& name) const {
  return fs::exists(checkpoint(name) / "state.json");
}

void RunDirectory::save(const std::string& name, const Trainer& trainer, const TrainState& state) const {
  replace_folder(checkpoint(name), [&](const fs::path& fresh) {
    save_tensors(fresh / "model.safetensors", trainer.model_state());
    save_tensors(fresh / "trainer.safetensors", trainer.trainer_state());
    const json content{{"model_sha256", sha256_file(fresh / "model.safetensors")},
                       {"trainer_sha256", sha256_file(fresh / "trainer.safetensors")},
                       {"step", state.step},
                       {"best", state.best},
                       {"best_step", state.best_step},
                       {"log_bytes", state.log_bytes},
                       {"seconds", state.seconds}};
    write_file(fresh / "state.json", content.dump(2) + "\n");
  });
}

void RunDirectory::restore(const std::string& name, Trainer& trainer) const {
  const auto folder = checkpoint(name);
  load_tensors(folder / "model.safetensors", trainer.model_state());
  load_tensors(folder / "trainer.safetensors", trainer.trainer_state());
  try {
    const auto content = json::parse(read_file(folder / "state.json"));
    for (const std::string part : {"model", "trainer"})
      if (content.at(part + "_sha256") != sha256_file(folder / (part + ".safetensors")))
        throw CheckpointError((folder / (part + ".safetensors")).string() +
                              ": is not the file state.json was written with; remove the run and start anew.");
    trainer.state() = {content.at("step"), content.at("best"), content.at("best_step"), content.at("log_bytes"),
                       content.at("seconds")};
  } catch (const json::exception& error) {
    throw CheckpointError((folder / "state.json").string() + ": is damaged (" + error.what() +
                          "); remove the run and start anew.");
  }
  cut_logs(trainer.state());
}

void RunDirectory::cut_logs(const TrainState& state) const {
  if (fs::exists(log()) && fs::file_size(log()) > static_cast<uintmax_t>(state.log_bytes))
    fs::resize_file(log(), static_cast<uintmax_t>(state.log_bytes));
  truncate_events_after(events(), state.step);
}

fs::path weights_file(const fs::path& run_or_file) {
  if (fs::is_regular_file(run_or_file)) return run_or_file;
  // "best.tvr-old" is the complete best checkpoint when a kill fell between two renames (replace_folder).
  for (const auto* name : {"best", "best.tvr-old", "last"}) {
    const auto file = run_or_file / "checkpoints" / name / "model.safetensors";
    if (!fs::exists(file)) continue;
    if (std::string_view(name) == "last")
      spdlog::warn("{}: has no best checkpoint, the last one is used", run_or_file.string());
    return file;
  }
  throw CheckpointError(
      run_or_file.string() +
      ": is neither a weights file nor a run directory with a checkpoint; train it first with `tvr train`.");
}

void load_weights(RetrievalModel& model, const fs::path& run_or_file) {
  load_tensors(weights_file(run_or_file), state_of(model), {"loss.*"});
}

}  // namespace tvr
