#include "tvr/video/video_reader.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "tvr/base/error.h"
#include "video/decoder.h"
#include "video/frame_converter.h"
#include "video/frame_picker.h"
#include "video/timetable.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

class FileReader final : public VideoReader {
 public:
  FileReader(const fs::path& file, const VideoReaderOptions& options)
      : file_(file), index_(file_), threads_(options.threads), promised_(index_.doubt().empty()) {
    if (promised_ && options.count == FrameCount::kByPackets && count_by_packets()) return;
    count_by_decoding();
  }

  const VideoInfo& info() const override { return info_; }

  void read(const std::vector<int64_t>& indices, const Take& take) override {
    for (const int64_t index : indices)
      if (index < 0 || index >= info_.frames)
        file_.fail("frame " + std::to_string(index) + " does not exist; the frames are 0 to " +
                   std::to_string(info_.frames - 1) + ".");
    Request request(indices, take);
    if (promised_ && !pick(request)) break_promise();
    if (!request.done()) decode(request);
  }

  std::vector<int64_t> indices_at(const std::vector<double>& times) const override {
    std::vector<int64_t> indices;
    for (const double time : times) {
      const auto after = std::upper_bound(info_.times.begin(), info_.times.end(), time);
      indices.push_back(std::max<int64_t>(0, after - info_.times.begin() - 1));
    }
    return indices;
  }

 private:
  /// The frames of one read() that were not given yet.
  class Request {
   public:
    Request(const std::vector<int64_t>& indices, const Take& take)
        : indices_(indices), take_(take), order_(indices.size()) {
      std::iota(order_.begin(), order_.end(), 0);
      std::stable_sort(order_.begin(), order_.end(), [&](int64_t a, int64_t b) { return index(a) < index(b); });
    }

    bool done() const { return next_ == order_.size(); }
    int64_t next() const { return index(order_[next_]); }

    std::vector<int64_t> frames() const {
      std::vector<int64_t> frames;
      for (const int64_t position : order_)
        if (frames.empty() || frames.back() != index(position)) frames.push_back(index(position));
      return frames;
    }

    void give(const Image& image) {
      for (const int64_t frame = next(); !done() && next() == frame; ++next_) take_(order_[next_], image);
    }

   private:
    int64_t index(int64_t position) const { return indices_[static_cast<size_t>(position)]; }

    const std::vector<int64_t>& indices_;
    const Take& take_;
    std::vector<int64_t> order_;  // places in indices_, in presentation order
    size_t next_ = 0;
  };

  double frame_rate() const { return file_.stated_frame_rate() > 0 ? file_.stated_frame_rate() : 25; }

  VideoInfo description(const AVFrame& first) const {
    VideoInfo info;
    const auto orientation = orientation_of(first, file_.stream());
    info.height = orientation.swaps_sides ? first.width : first.height;
    info.width = orientation.swaps_sides ? first.height : first.width;
    info.rotation = orientation.rotation;
    const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(first.format));
    info.pixel_format = format != nullptr ? format : "unknown";
    info.codec = file_.codec_name();
    info.stated_frames_per_second = file_.stated_frame_rate();
    return info;
  }

  Timetable promised_times() const {
    Timetable timetable(file_.stream().time_base, frame_rate());
    for (const int64_t number : index_.presented()) {
      const auto& packet = index_.packets()[static_cast<size_t>(number)];
      timetable.add(packet.time, packet.duration);
    }
    return timetable;
  }

  bool count_by_packets() {
    picker_.emplace(index_, threads_);
    VideoInfo info;
    if (!picker_->pick({0}, [&](int64_t, const AVFrame& frame) { info = description(frame); })) return false;
    promised_times().finish(info);
    info_ = std::move(info);
    return true;
  }

  void count_by_decoding() {
    Decoder decoder(index_, threads_);
    VideoInfo info;
    Timetable timetable(file_.stream().time_base, frame_rate());
    bool first = true;
    while (const AVFrame* frame = decoder.next()) {
      timetable.add(frame->best_effort_timestamp, ffmpeg::duration_of(*frame));
      if (first) info = description(*frame);
      first = false;
    }
    if (first)
      file_.fail("not one frame of its " + std::string(file_.codec_name()) + " stream can be decoded" +
                 (decoder.last_refusal().empty() ? "" : " (" + decoder.last_refusal() + ")") +
                 "; check that the file is complete.");
    info.damaged_packets = decoder.damaged_packets();
    timetable.finish(info);
    info_ = std::move(info);
    promised_ = promised_ && info_.damaged_packets == 0 && keeps_promise();
  }

  bool keeps_promise() const {
    VideoInfo promised;
    promised_times().finish(promised);
    return promised.times == info_.times;
  }

  // Decoding contradicted the packets: nothing they tell is relied on from here on.
  void break_promise() {
    promised_ = false;
    picker_.reset();
    const VideoInfo before = info_;
    count_by_decoding();
    if (before.times != info_.times)
      throw FramesChanged(file_.path().string() + ": is damaged: its packets promise " + std::to_string(before.frames) +
                          " frames, but " + std::to_string(info_.frames) +
                          " can be decoded, or at other times; choose frames among those and read again.");
  }

  bool pick(Request& request) {
    if (!picker_) picker_.emplace(index_, threads_);
    FrameConverter converter(file_.stream(), info_.height, info_.width);
    Image image;
    return picker_->pick(request.frames(), [&](int64_t index, const AVFrame& frame) {
      convert(converter, frame, index, image);
      request.give(image);
    });
  }

  void decode(Request& request) {
    Decoder decoder(index_, threads_);
    FrameConverter converter(file_.stream(), info_.height, info_.width);
    Image image;
    for (int64_t index = 0; !request.done(); ++index) {
      const AVFrame* frame = decoder.next();
      if (frame == nullptr)
        fail(request.next(), "could be decoded when the file was opened but not now; was it changed?");
      if (request.next() != index) continue;
      convert(converter, *frame, index, image);
      request.give(image);
    }
  }

  [[noreturn]] void fail(int64_t index, const std::string& sentence) const {
    file_.fail("frame " + std::to_string(index) + " " + sentence);
  }

  void convert(FrameConverter& converter, const AVFrame& frame, int64_t index, Image& image) const {
    try {
      converter.convert(frame, image);
    } catch (const DataError& error) {
      fail(index, std::string("cannot be given: ") + error.what());
    }
  }

  VideoFile file_;
  PacketIndex index_;
  int64_t threads_;
  bool promised_;  // frames can be told from the packets, and nothing spoke against it yet
  VideoInfo info_;
  std::optional<FramePicker> picker_;
};

}  // namespace

std::unique_ptr<VideoReader> open_video(const fs::path& file, const VideoReaderOptions& options) {
  if (options.threads < 0) throw std::invalid_argument("open_video needs a number of threads of at least 0");
  return std::make_unique<FileReader>(file, options);
}

VideoInfo read_frames(const fs::path& file, const VideoReaderOptions& options,
                      const std::function<std::vector<int64_t>(const VideoInfo&)>& choose,
                      const VideoReader::Take& take) {
  const auto reader = open_video(file, options);
  try {
    reader->read(choose(reader->info()), take);
  } catch (const FramesChanged&) {  // the reader has counted again, by decoding
    reader->read(choose(reader->info()), take);
  }
  return reader->info();
}

}  // namespace tvr
