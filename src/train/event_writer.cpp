#include "tvr/train/event_writer.h"

#include <spdlog/spdlog.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

// TFRecord: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. No C++ writer of event
// files is packaged for Debian, and protobuf would bring a compiler into the build for three small messages.
namespace tvr {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
// Fields of Event, Summary and Summary.Value.
constexpr uint64_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kValue = 1, kTag = 1, kSimpleValue = 2;
constexpr size_t kFrameHead = 12, kFrameTail = 4;  // length and its checksum, checksum of the data

uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t remainder = byte;
      for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82F63B78u : 0u);
      entries[byte] = remainder;
    }
    return entries;
  }();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ crc >> 8;
  return ~crc;
}

// TFRecord masks checksums so that those of data which holds checksums stay telling.
uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u;
}

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

template <class T>
T read_raw(std::string_view bytes, size_t position) {
  T value;
  std::memcpy(&value, bytes.data() + position, sizeof(T));
  return value;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string key(uint64_t field, WireType type) {
  return varint(field << 3 | type);
}
std::string message(uint64_t field, const std::string& content) {
  return key(field, kBytes) + varint(content.size()) + content;
}

std::string frame(const std::string& event) {
  const auto length = raw(static_cast<uint64_t>(event.size()));
  return length + raw(masked_crc(length)) + event + raw(masked_crc(event));
}

// The record at the start of `bytes`, or nothing if it is torn or damaged.
std::optional<std::string_view> first_event(std::string_view bytes) {
  if (bytes.size() < kFrameHead + kFrameTail) return {};
  const auto length = read_raw<uint64_t>(bytes, 0);
  if (masked_crc(bytes.substr(0, 8)) != read_raw<uint32_t>(bytes, 8)) return {};
  if (length > bytes.size() - kFrameHead - kFrameTail) return {};
  const auto event = bytes.substr(kFrameHead, length);
  if (masked_crc(event) != read_raw<uint32_t>(bytes, kFrameHead + length)) return {};
  return event;
}

// Whether `bytes` may be the beginning of a record whose rest was never written.
bool is_torn(std::string_view bytes) {
  return bytes.size() < kFrameHead || masked_crc(bytes.substr(0, 8)) == read_raw<uint32_t>(bytes, 8);
}

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return {};
}

// The step of an event, 0 if it has none (the first record), nothing if it is no event.
std::optional<int64_t> step_of(std::string_view event) {
  while (!event.empty()) {
    const auto field = take_varint(event);
    if (!field) return {};
    const auto type = *field & 7;
    std::optional<uint64_t> length = type == kFixed64 ? 8 : 4;
    if (type == kVarint || type == kBytes)
      length = take_varint(event);
    else if (type != kFixed64 && type != kFixed32)
      return {};
    if (!length) return {};
    if (*field == (kStep << 3 | kVarint)) return static_cast<int64_t>(*length);
    if (type == kVarint) continue;
    if (*length > event.size()) return {};
    event.remove_prefix(*length);
  }
  return 0;
}

}  // namespace

EventWriter::EventWriter(const std::filesystem::path& file, bool append) : file_(file) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  const bool fresh = !append || !std::filesystem::exists(file) || std::filesystem::file_size(file) == 0;
  if (fresh) std::ofstream(file, std::ios::binary | std::ios::trunc);
  stream_.open(file,
               std::ios::binary | std::ios::app);  // at the end always: another writer may have appended meanwhile
  // The first record names the format; TensorBoard takes its time as the start of the run.
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  if (fresh) write(frame(key(kWallTime, kFixed64) + raw(now.count()) + message(kFileVersion, "brain.Event:2")));
  flush();
}

void EventWriter::scalar(const std::string& tag, int64_t step, double value, double wall_time) {
  const auto point = message(kTag, tag) + key(kSimpleValue, kFixed32) + raw(static_cast<float>(value));
  write(frame(key(kWallTime, kFixed64) + raw(wall_time) + key(kStep, kVarint) + varint(static_cast<uint64_t>(step)) +
              message(kSummary, message(kValue, point))));
}

void EventWriter::write(const std::string& bytes) {
  stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream_) throw DataError(file_.string() + ": cannot be written; is the disk full, or the folder read-only?");
}

void EventWriter::flush() {
  stream_.flush();
  if (!stream_) throw DataError(file_.string() + ": cannot be written; is the disk full, or the folder read-only?");
}

void truncate_events_after(const std::filesystem::path& file, int64_t step) {
  if (!std::filesystem::exists(file)) return;
  const auto content = read_file(file);
  std::string kept;
  std::string_view rest = content;
  while (const auto event = first_event(rest)) {
    const auto at = step_of(*event);
    if (!at) throw DataError(file.string() + ": is not a TensorBoard event file; move it out of the run directory.");
    const size_t size = kFrameHead + event->size() + kFrameTail;
    if (*at <= step) kept += rest.substr(0, size);
    rest.remove_prefix(size);
  }
  if (rest.size() == content.size() && !is_torn(rest))
    throw DataError(file.string() + ": is not a TensorBoard event file; move it out of the run directory.");
  if (!rest.empty())
    spdlog::warn("{}: the last {} bytes were a torn record and are dropped", file.string(), rest.size());
  if (kept.size() != content.size()) write_file(file, kept);
}

}  // namespace tvr
