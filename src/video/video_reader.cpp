#include "tvr/video/video_reader.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "tvr/base/error.h"
#include "video/decoder.h"
#include "video/frame_converter.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

/// The presentation times of frames as they come, in units of the stream, made whole at the end.
class Timetable {
 public:
  Timetable(AVRational unit, double frame_rate) : unit_(unit), step_(1 / frame_rate / av_q2d(unit)) {}

  void add(const AVFrame& frame) {
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE) {
      // Frames before the first known time count backwards from it.
      times_.push_back(times_.empty() ? 0 : times_.back() + step_);
    } else {
      const auto time = static_cast<double>(frame.best_effort_timestamp);
      if (!known_ && !times_.empty()) shift(time - step_ - times_.back());
      known_ = true;
      times_.push_back(times_.empty() ? time : std::max(time, times_.back()));
    }
    const auto duration = static_cast<double>(ffmpeg::duration_of(frame));
    last_duration_ = duration > 0 ? duration : step_;
  }

  /// Fills times, duration and rate.
  void finish(VideoInfo& info) const {
    for (const double time : times_) info.times.push_back(seconds(time - times_[0]));
    info.duration = info.times.back() + seconds(last_duration_);
    if (times_.size() < 2) return;
    const double span = info.times.back();
    info.frames_per_second = span > 0 ? static_cast<double>(times_.size() - 1) / span : 1 / seconds(step_);
  }

 private:
  void shift(double offset) {
    for (double& time : times_) time += offset;
  }
  double seconds(double units) const { return units * unit_.num / unit_.den; }

  AVRational unit_;
  double step_, last_duration_ = 0;
  bool known_ = false;
  std::vector<double> times_;
};

VideoInfo count_frames(const fs::path& file, int64_t threads) {
  Decoder decoder(file, threads);
  VideoInfo info;
  Timetable timetable(decoder.stream().time_base, decoder.frame_rate());
  while (const AVFrame* frame = decoder.next()) {
    timetable.add(*frame);
    if (info.frames++ > 0) continue;
    const auto orientation = orientation_of(*frame, decoder.stream());
    info.height = orientation.swaps_sides ? frame->width : frame->height;
    info.width = orientation.swaps_sides ? frame->height : frame->width;
    info.rotation = orientation.rotation;
    const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame->format));
    info.pixel_format = format != nullptr ? format : "unknown";
  }
  info.codec = decoder.codec_name();
  info.damaged_packets = decoder.damaged_packets();
  if (info.frames == 0)
    throw DataError(file.string() + ": not one frame of its " + info.codec + " stream can be decoded" +
                    (decoder.last_refusal().empty() ? "" : " (" + decoder.last_refusal() + ")") +
                    "; check that the file is complete.");
  timetable.finish(info);
  return info;
}

class FileReader final : public VideoReader {
 public:
  FileReader(fs::path file, const VideoReaderOptions& options)
      : file_(std::move(file)), threads_(options.threads), info_(count_frames(file_, threads_)) {}

  const VideoInfo& info() const override { return info_; }

  void read(const std::vector<int64_t>& indices, const std::function<void(int64_t, const Image&)>& take) override {
    for (const int64_t index : indices)
      if (index < 0 || index >= info_.frames)
        throw DataError(file_.string() + ": frame " + std::to_string(index) + " does not exist; the frames are 0 to " +
                        std::to_string(info_.frames - 1) + ".");
    std::vector<int64_t> order(indices.size());  // places in `indices`, in presentation order
    std::iota(order.begin(), order.end(), 0);
    const auto index_of = [&](int64_t position) { return indices[static_cast<size_t>(position)]; };
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return index_of(a) < index_of(b); });
    if (order.empty()) return;

    Decoder decoder(file_, threads_);
    FrameConverter converter(decoder.stream(), info_.height, info_.width);
    Image image;
    auto wanted = order.begin();
    for (int64_t index = 0; wanted != order.end(); ++index) {
      const AVFrame* frame = decoder.next();
      if (frame == nullptr)
        fail(index_of(*wanted), "could be decoded when the file was opened but not now; was it changed?");
      if (index_of(*wanted) != index) continue;
      convert(converter, *frame, index, image);
      for (; wanted != order.end() && index_of(*wanted) == index; ++wanted) take(*wanted, image);
    }
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
  [[noreturn]] void fail(int64_t index, const std::string& sentence) const {
    throw DataError(file_.string() + ": frame " + std::to_string(index) + " " + sentence);
  }

  void convert(FrameConverter& converter, const AVFrame& frame, int64_t index, Image& image) const {
    try {
      converter.convert(frame, image);
    } catch (const DataError& error) {
      fail(index, std::string("cannot be given: ") + error.what());
    }
  }

  fs::path file_;
  int64_t threads_;
  VideoInfo info_;
};

}  // namespace

std::unique_ptr<VideoReader> open_video(const fs::path& file, const VideoReaderOptions& options) {
  if (options.threads < 0) throw std::invalid_argument("open_video needs a number of threads of at least 0");
  return std::make_unique<FileReader>(file, options);
}

}  // namespace tvr
