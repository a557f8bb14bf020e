#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace tvr {

/// Scalars of a run in the format TensorBoard reads: TFRecord frames around Event messages of TensorFlow's
/// event.proto. The content is a function of the calls and wall times alone. Not thread-safe: the process of rank 0
/// writes.
class EventWriter {
 public:
  /// `append` continues a whole file (truncate_events_after() makes it so), otherwise a file of that name is
  /// replaced. TensorBoard finds files whose name contains "tfevents". Creates missing parent folders. Throws
  /// DataError naming the file if it cannot be written; so do the other members.
  EventWriter(const std::filesystem::path& file, bool append);

  /// One point: `wall_time` in seconds since 1970, `value` kept to float's precision.
  void scalar(const std::string& tag, int64_t step, double value, double wall_time);

  /// Hands everything to the operating system, so that a running TensorBoard and a killed run see it.
  void flush();

 private:
  void write(const std::string& bytes);

  std::filesystem::path file_;
  std::ofstream stream_;
};

/// Rewrites an event file (beside and renamed) without the events of a step larger than `step`, for a run resumed
/// from there. A torn record at the end, as a kill leaves it, is dropped with what follows it, and a warning says so.
/// A missing or empty file stays so. Throws DataError if the file is no event file.
void truncate_events_after(const std::filesystem::path& file, int64_t step);

}  // namespace tvr
