#include <dlfcn.h>
#include <torch/torch.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "commands.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/parallel.h"
#include "tvr/base/version.h"
#include "tvr/ops/cuda_module.h"
#include "tvr/text/assets.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/media_libraries.h"
#endif

namespace tvr {
namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
namespace {

constexpr char kMergesFile[] = "bpe_simple_vocab_16e6.txt.gz";
constexpr char kMergesSha256[] = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a";
constexpr double kSlowGigaflops =
    5;  // a BLAS below this is a reference implementation; real ones give 20 and more a core
constexpr double kLittleMemory = 4e9, kLittleDisk = 2e9;  // bytes

/// One line of the report. `advice` is empty when all is well, else what is the matter and what to do about it.
struct Finding {
  std::string name, value, advice;
  json details = json::object();
};

// "key : value" of the first line of a /proc file whose key is `key`; "" when there is none.
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const auto start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(digits);
  text << value;
  return text.str();
}

std::string gigabytes(double bytes) {
  return fixed(bytes / 1e9, 1) + " GB";
}

Finding program() {
  return {"tvr",
          version() + ", commit " + commit() + " (" + compiler() + ")",
          "",
          {{"version", version()}, {"commit", commit()}, {"compiler", compiler()}}};
}

Finding libtorch() {
  Dl_info library{};
  // Any function of libtorch_cpu.so tells which file the loader took.
  dladdr(reinterpret_cast<void*>(&at::get_num_threads), &library);
  const std::string file = library.dli_fname ? fs::path(library.dli_fname).lexically_normal().string() : "unknown file";
  return {"LibTorch", std::string(TORCH_VERSION) + ", " + file, "", {{"version", TORCH_VERSION}, {"file", file}}};
}

Finding processor() {
  const auto model = proc_value("/proc/cpuinfo", "model name");
  const auto capability = at::get_cpu_capability();
  return {
      "processor",
      model + ", " + std::to_string(processor_count()) + " usable, " + capability,
      "",
      {{"model", model}, {"count", processor_count()}, {"capability", capability}, {"threads", at::get_num_threads()}}};
}

double proc_bytes(const char* key) {
  return std::strtod(proc_value("/proc/meminfo", key).c_str(), nullptr) * 1024;
}

Finding memory() {
  const double total = proc_bytes("MemTotal"), available = proc_bytes("MemAvailable");
  double limit = total;  // a container may allow less; "max" does not parse and leaves it
  std::ifstream("/sys/fs/cgroup/memory.max") >> limit;
  if (limit <= 0 || limit > total) limit = total;
  Finding finding{
      "memory",
      gigabytes(limit) + ", " + gigabytes(std::min(limit, available)) + " free",
      "",
      {{"bytes", static_cast<int64_t>(limit)}, {"available_bytes", static_cast<int64_t>(std::min(limit, available))}}};
  if (limit < kLittleMemory) finding.advice = "training needs 4 GB and more; lower loader.batch_size on this machine";
  return finding;
}

double matrix_product_gigaflops() {
  constexpr int64_t kSize = 512;
  const torch::NoGradGuard no_grad;
  const auto a = torch::ones({kSize, kSize}), b = torch::ones({kSize, kSize});
  double best = 0;
  for (int round = 0; round < 10; ++round) {  // the first ones also start the threads
    const auto start = std::chrono::steady_clock::now();
    torch::mm(a, b);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2.0 * kSize * kSize * kSize / elapsed.count() / 1e9);
  }
  return best;
}

Finding arithmetic() {
  const double speed = matrix_product_gigaflops();
  Finding finding{
      "arithmetic",
      fixed(speed, 0) + " GFLOP/s (float32 matrix product, " + std::to_string(at::get_num_threads()) + " threads)",
      "",
      {{"gigaflops", speed}, {"threads", at::get_num_threads()}}};
  if (speed < kSlowGigaflops)
    finding.advice =
        "LibTorch computes far too slowly: its BLAS is a reference implementation or the machine is overloaded";
  return finding;
}

Finding media() {
#ifdef TVR_WITH_VIDEO
  const auto libraries = media_libraries();
  Finding finding{
      "media",
      "FFmpeg " + libraries.ffmpeg + ", OpenCV " + libraries.opencv,
      "",
      {{"ffmpeg", libraries.ffmpeg}, {"opencv", libraries.opencv}, {"x264", libraries.x264}, {"aac", libraries.aac}}};
  if (!libraries.x264 || !libraries.aac)
    finding.advice =
        "FFmpeg lacks the encoder libx264 or aac: `tvr data synth` cannot write videos; reading is not concerned";
  return finding;
#else
  return {"media",
          "none",
          "built with TVR_WITH_VIDEO=OFF: videos cannot be read or written; train on cached features or frame packs",
          {{"ffmpeg", nullptr}, {"opencv", nullptr}, {"x264", false}, {"aac", false}}};
#endif
}

std::string device_names(const json& devices) {
  std::string text;
  for (const auto& device : devices)
    text += (text.empty() ? "" : "; ") + device.value("name", "a device that cannot be asked") + ", " +
            gigabytes(device.value("memory_bytes", 0.0)) + ", compute capability " +
            device.value("compute_capability", "unknown");
  return text;
}

// Without a GPU this is no warning: the program is the CPU program then.
Finding cuda() {
  const auto& module = open_cuda_module();
  json details = json{
      {"loaded", module.loaded}, {"file", module.file.string()}, {"reason", module.reason}, {"devices", json::array()}};
  if (!module.loaded) return {"CUDA", "none: " + module.reason, "", details};
  details.update(json::parse(module.description));
  const bool usable = torch::cuda::is_available();
  details["usable"] = usable;
  Finding finding{"CUDA", device_names(details["devices"]), "", details};
  if (details.contains("error")) finding.advice = "the CUDA driver refuses: " + details["error"].get<std::string>();
  if (finding.value.empty()) finding.value = "no device";
  if (!usable && finding.advice.empty()) finding.advice = "LibTorch finds no usable GPU";
  return finding;
}

Finding merges() {
  const auto file = default_assets() / kMergesFile;
  Finding finding{"CLIP merges", file.string(), "", {{"file", file.string()}, {"valid", false}}};
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    finding.advice = "the file is missing: run scripts/setup.sh, or name its folder with run.assets or TVR_ASSETS";
  } else if (sha256_file(file) != kMergesSha256) {
    finding.advice = "the file differs from the published one (SHA-256): run scripts/setup.sh again";
  }
  finding.details["valid"] = finding.advice.empty();
  return finding;
}

Finding temporary_folder() {
  std::error_code error;
  const auto folder = fs::temp_directory_path(error);
  Finding finding{"temporary", folder.string(), "", {{"folder", folder.string()}, {"writable", false}}};
  const auto probe = folder / ("tvr-doctor." + std::to_string(::getpid()));
  try {
    write_file(probe, "x");
    fs::remove(probe);
    finding.details["writable"] = true;
    const auto free = static_cast<double>(fs::space(folder).available);
    finding.value += ", " + gigabytes(free) + " free";
    finding.details["available_bytes"] = static_cast<int64_t>(free);
    if (free < kLittleDisk) finding.advice = "little room is left; set TMPDIR to a folder on a larger disk";
  } catch (const std::exception& reason) {
    finding.advice = std::string(reason.what()) + " Set TMPDIR to a folder you may write to.";
  }
  return finding;
}

void print(const std::vector<Finding>& findings) {
  int advised = 0;
  for (const auto& finding : findings) {
    std::cout << finding.name << std::string(13 - finding.name.size(), ' ') << finding.value << '\n';
    if (finding.advice.empty()) continue;
    std::cout << std::string(13, ' ') << "! " << finding.advice << '\n';
    ++advised;
  }
  std::cout << (advised == 0 ? "Nothing is missing.\n" : "Lines with ! say what is missing and what to do.\n");
}

void run_doctor(const std::string& json_file) {
  const std::vector<Finding> findings{program(), libtorch(), processor(), memory(),          arithmetic(),
                                      media(),   cuda(),     merges(),    temporary_folder()};
  json report;
  for (const auto& finding : findings) {
    json entry{{"value", finding.value}, {"advice", finding.advice}};
    entry.update(finding.details);
    report[finding.name] = entry;
  }
  const auto text = report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (json_file == "-") {
    std::cout << text;
    return;
  }
  print(findings);
  if (!json_file.empty()) write_file(json_file, text);
}

}  // namespace

void add_doctor_command(CLI::App& app) {
  auto* command = app.add_subcommand("doctor", "What this machine and this build can do, and what is missing");
  auto file = std::make_shared<std::string>();
  command->add_option("--json", *file, "Write the same as JSON; - is standard output");
  command->footer(
      "Examples:\n"
      "  tvr doctor                  a report to read\n"
      "  tvr doctor --json -         the same for programs");
  command->callback([file] { run_doctor(*file); });
}

}  // namespace tvr
