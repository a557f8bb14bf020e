#include "video/frame_converter.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/display.h>
}

#include <algorithm>
#include <cmath>

#include "tvr/base/error.h"

namespace tvr {
namespace {

// Degrees clockwise in [-0.9, 359.1), as the program rounds them.
double clockwise(const int32_t* matrix) {
  const double degrees = -std::round(av_display_rotation_get(matrix));
  return std::isnan(degrees) ? 0 : degrees - 360 * std::floor(degrees / 360 + 0.9 / 360);
}

void check(int code) {
  if (code < 0) throw DataError("its colours cannot be converted to RGB: " + ffmpeg::error_text(code) + ".");
}

AVFilterContext* append(AVFilterGraph* graph, AVFilterContext* last, const std::string& filter,
                        const std::string& arguments) {
  AVFilterContext* context = nullptr;
  check(avfilter_graph_create_filter(&context, avfilter_get_by_name(filter.c_str()), filter.c_str(),
                                     arguments.empty() ? nullptr : arguments.c_str(), nullptr, graph));
  if (last != nullptr) check(avfilter_link(last, 0, context, 0));
  return context;
}

}  // namespace

Orientation orientation_of(const AVFrame& frame, const AVStream& stream) {
  const AVFrameSideData* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  const int32_t* matrix =
      data != nullptr ? reinterpret_cast<const int32_t*>(data->data) : ffmpeg::display_matrix(stream);
  Orientation result;
  if (matrix == nullptr) return result;
  const double theta = clockwise(matrix);
  const auto near = [&](double angle) { return std::abs(theta - angle) < 1.0; };
  if (near(90)) {
    result.filters.push_back({"transpose", matrix[3] > 0 ? "cclock_flip" : "clock"});
  } else if (near(180)) {
    if (matrix[0] < 0) result.filters.push_back({"hflip", ""});
    if (matrix[4] < 0) result.filters.push_back({"vflip", ""});
  } else if (near(270)) {
    result.filters.push_back({"transpose", matrix[3] < 0 ? "clock_flip" : "cclock"});
  } else if (!near(0)) {
    result.filters.push_back({"rotate", std::to_string(theta) + "*PI/180"});
  } else if (matrix[4] < 0) {
    result.filters.push_back({"vflip", ""});
  }
  result.rotation = (static_cast<int>(std::lround(theta)) + 360) % 360;
  result.swaps_sides = near(90) || near(270);
  return result;
}

void FrameConverter::build(const AVFrame& frame, const Input& input) {
  graph_.reset(avfilter_graph_alloc());
  if (!graph_) throw std::bad_alloc();
  graph_->nb_threads = 1;
  const AVRational aspect = frame.sample_aspect_ratio.den > 0 ? frame.sample_aspect_ratio : AVRational{0, 1};
  const auto ratio = [](AVRational value) { return std::to_string(value.num) + "/" + std::to_string(value.den); };
  source_ = append(graph_.get(), nullptr, "buffer",
                   "video_size=" + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                       ":pix_fmt=" + std::to_string(frame.format) + ":time_base=" + ratio(stream_.time_base) +
                       ":pixel_aspect=" + ratio(aspect) + ffmpeg::color_arguments(frame));
  auto* last = source_;
  for (const auto& [filter, arguments] : input.orientation.filters)
    last = append(graph_.get(), last, filter, arguments);
  last = append(graph_.get(), last, "scale", std::to_string(width_) + ":" + std::to_string(height_));
  last = append(graph_.get(), last, "format", "rgb24");
  sink_ = append(graph_.get(), last, "buffersink", "");
  check(avfilter_graph_config(graph_.get(), nullptr));
  input_ = input;
}

void FrameConverter::convert(const AVFrame& frame, Image& image) {
  const Input input{frame.width,       frame.height,     frame.format,
                    frame.color_range, frame.colorspace, orientation_of(frame, stream_)};
  if (!graph_ || input != input_) build(frame, input);
  // The constant frame stays the caller's: FFmpeg takes a reference.
  check(av_buffersrc_add_frame_flags(source_, const_cast<AVFrame*>(&frame),
                                     AV_BUFFERSRC_FLAG_KEEP_REF | AV_BUFFERSRC_FLAG_PUSH));
  av_frame_unref(rgb_.get());
  check(av_buffersink_get_frame(sink_, rgb_.get()));
  image.height = height_;
  image.width = width_;
  image.pixels.resize(static_cast<size_t>(height_ * width_ * 3));
  for (int64_t y = 0; y < height_; ++y)
    std::copy_n(rgb_->data[0] + y * rgb_->linesize[0], width_ * 3, image.pixels.begin() + y * width_ * 3);
}

}  // namespace tvr
