#include "tvr/train/run_directory.h"

#include <torch/torch.h>

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
  } else if (fs::exists(folder_) && !fs::is_empty(folder_)) {
    throw ConfigError("run.dir: " + folder_.string() +
                      " is not a run directory (no config.yaml); choose another with run.dir=DIR.");
  }
  write_file(config_file, config);
  for (const auto* name : {"last", "best"}) recover_folder(checkpoint(name));
}

bool RunDirectory::has_checkpoint(const std::string& name) const {
  return fs::exists(checkpoint(name) / "state.json");
}

void RunDirectory::save(const std::string& name, const Trainer& trainer, const TrainState& state) const {
  replace_folder(checkpoint(name), [&](const fs::path& fresh) {
    save_tensors(fresh / "model.safetensors", trainer.model_state());
    save_tensors(fresh / "trainer.safetensors", trainer.trainer_state());
    const json content{{"step", state.step},
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
  for (const auto* name : {"best", "last"}) {
    const auto file = run_or_file / "checkpoints" / name / "model.safetensors";
    if (fs::exists(file)) return file;
  }
  throw CheckpointError(
      run_or_file.string() +
      ": is neither a weights file nor a run directory with a checkpoint; train it first with `tvr train`.");
}

void load_weights(RetrievalModel& model, const fs::path& run_or_file) {
  load_tensors(weights_file(run_or_file), state_of(model), {"loss.*"});
}

}  // namespace tvr
