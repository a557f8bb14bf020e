#include "tvr/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tvr {
namespace {
constexpr int64_t kWidth = 28;
constexpr auto kInterval = std::chrono::milliseconds(100);
}  // namespace

Progress::Progress(std::string title, int64_t total)
    : title_(std::move(title)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (!terminal_) return;
  draw();
  std::fputc('\n', stderr);
}

void Progress::advance(int64_t done, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ += done;
  if (!note.empty()) note_ = note;
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - drawn_ < kInterval) return;
  drawn_ = now;
  draw();
}

void Progress::draw() {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double share = total_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) : 1.0;
  const auto filled = static_cast<int64_t>(share * kWidth);
  const double left = share > 0 ? seconds * (1 - share) / share : 0;
  const auto line = fmt::format("\r{} [{}{}] {}/{} {:.0f} s, {:.0f} s left {}\x1b[K", title_, std::string(filled, '#'),
                                std::string(kWidth - filled, '.'), done_, total_, seconds, left, note_);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace tvr
