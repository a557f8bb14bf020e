#pragma once
#include <optional>
#include <string>
#include <vector>

#include "video/video_file.h"

namespace tvr {

/// A packet of the stream, in decoding order.
struct IndexedPacket {
  int64_t time = 0, duration = 0;  ///< of its frame, in units of the stream
  bool restart = false;            ///< decoding may start here, with nothing of what came before
  bool disposable = false;         ///< no other packet needs it
};

/// All packets of a file's stream: read once, kept in memory while they fit into 64 MiB (small packets count with what
/// they cost beyond their bytes), and what they promise: which frames decoding all of them would present. Private to
/// src/video and its tests. Not thread-safe.
class PacketIndex {
 public:
  /// Reads the packets of `file`, from the first. Throws what VideoFile::next_packet() does.
  explicit PacketIndex(VideoFile& file, int64_t most_bytes_kept = int64_t{64} << 20);

  /// Why the frames cannot be told from the packets; empty where they can. The promise is given only where it holds for
  /// every stream that is not damaged.
  const std::string& doubt() const { return doubt_; }

  /// Decoding order. Only without doubt.
  const std::vector<IndexedPacket>& packets() const { return packets_; }
  /// For each presented frame, in that order, the number of its packet. Only without doubt.
  const std::vector<int64_t>& presented() const { return presented_; }

  const VideoFile& file() const { return file_; }
  bool kept() const { return kept_; }

 private:
  friend class PacketPass;
  class Builder;

  VideoFile& file_;
  std::string doubt_;
  std::vector<IndexedPacket> packets_;
  std::vector<int64_t> presented_;
  bool kept_ = true;
  std::vector<ffmpeg::Packet> store_;
};

/// One forward pass over the packets of a file.
class PacketPass {
 public:
  /// From the memory of the index, which must outlive it, or from its file, opened again. Throws what VideoFile does.
  explicit PacketPass(const PacketIndex& index);
  /// From the file, opened for it. Throws what VideoFile does.
  explicit PacketPass(const std::filesystem::path& file) { file_.emplace(file); }

  /// The next packet, valid until the next call; nullptr after the last.
  const AVPacket* next();
  const VideoFile& file() const { return file_ ? *file_ : index_->file(); }

 private:
  const PacketIndex* index_ = nullptr;
  std::optional<VideoFile> file_;
  size_t next_ = 0;
};

}  // namespace tvr
