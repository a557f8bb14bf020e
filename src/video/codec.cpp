#include "video/codec.h"

#include <new>

namespace tvr {
namespace {

constexpr int64_t kLargestSide = 16384;
constexpr int64_t kLargestArea = 8192 * 8192;

std::string too_large(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height) +
         " pixels is too large; the largest are 16384 a side and 8192x8192 in all.";
}

}  // namespace

Codec::Codec(const VideoFile& file, int64_t threads, bool strict) : file_(file) {
  const AVStream& stream = file.stream();
  const AVCodecParameters& parameters = *stream.codecpar;
  if (parameters.width > kLargestSide || parameters.height > kLargestSide ||
      int64_t{parameters.width} * parameters.height > kLargestArea)
    file.fail("its picture of " + too_large(parameters.width, parameters.height));
  const std::string name = file.codec_name();
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) file.fail("this FFmpeg has no decoder for its codec " + name + ".");
  codec_.reset(avcodec_alloc_context3(decoder));
  if (!codec_) throw std::bad_alloc();
  int code = avcodec_parameters_to_context(codec_.get(), &parameters);
  codec_->pkt_timebase = stream.time_base;
  codec_->framerate = stream.avg_frame_rate;
  codec_->thread_count = static_cast<int>(threads);
  codec_->max_pixels = kLargestArea;
  codec_->opaque = &complaints_;
  if (strict) codec_->err_recognition |= AV_EF_EXPLODE;
  if (code >= 0) code = avcodec_open2(codec_.get(), decoder, nullptr);
  if (code < 0) file.fail("its codec " + name + " cannot be opened (" + ffmpeg::error_text(code) + ").");
}

int Codec::receive() {
  const int code = avcodec_receive_frame(codec_.get(), frame_.get());
  if (code >= 0 && (frame_->width > kLargestSide || frame_->height > kLargestSide))
    file_.fail("a frame of " + too_large(frame_->width, frame_->height));
  return code;
}

}  // namespace tvr
