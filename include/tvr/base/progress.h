#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace tvr {

/// A progress bar on standard error, drawn only when that is a terminal; silent elsewhere. Thread-safe.
/// Redrawn at most ten times a second; the destructor ends the line.
class Progress {
 public:
  Progress(std::string title, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` more units are finished; `note` is shown behind the bar (rates, a loss).
  void advance(int64_t done = 1, const std::string& note = "");

 private:
  void draw();

  std::string title_, note_;
  int64_t total_, done_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, drawn_;
  std::mutex mutex_;
};

}  // namespace tvr
