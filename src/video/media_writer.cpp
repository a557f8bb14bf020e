#include "tvr/video/media_writer.h"

#include <algorithm>
#include <stdexcept>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "video/ffmpeg_raii.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

// One encoder and the stream of the file it feeds.
struct Track {
  ffmpeg::CodecContext codec;
  AVStream* stream = nullptr;  // owned by the output
};

class Mp4Writer {
 public:
  Mp4Writer(const fs::path& file, const fs::path& temporary, const MediaContent& content)
      : file_(file), temporary_(temporary), content_(content) {}

  void write() {
    open_output();
    open_video();
    if (!content_.samples.empty()) open_audio();
    write_header();
    encode_video();
    if (audio_.codec) encode_audio();
    check(av_write_trailer(output_.get()), "the end of the file cannot be written");
    check(avio_closep(&output_->pb), "the file cannot be completed");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError(file_.string() + ": " + what + "."); }
  void check(int code, const std::string& what) const {
    if (code < 0) fail(what + ": " + ffmpeg::error_text(code));
  }

  void open_output() {
    AVFormatContext* context = nullptr;
    url_ = "file:" + temporary_.string();  // a name that starts with '-' or holds ':' stays a name
    check(avformat_alloc_output_context2(&context, nullptr, "mp4", url_.c_str()), "MP4 cannot be written");
    output_.reset(context);
    output_->flags |= AVFMT_FLAG_BITEXACT;  // no library versions, no time of creation
    check(avio_open(&output_->pb, url_.c_str(), AVIO_FLAG_WRITE), "the file cannot be opened for writing");
  }

  Track new_track(const AVCodec* encoder, const std::string& name, const std::string& format) {
    if (encoder == nullptr)
      fail("these FFmpeg libraries lack the " + name + " encoder that " + format + " needs; install FFmpeg with " +
           name);
    Track track;
    track.codec.reset(avcodec_alloc_context3(encoder));
    track.stream = avformat_new_stream(output_.get(), nullptr);
    if (!track.codec || track.stream == nullptr) throw std::bad_alloc();
    track.codec->thread_count = 1;  // how slices fall among threads would change the bytes
    track.codec->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    return track;
  }

  void open_track(Track& track, ffmpeg::Dictionary& options, const std::string& name) {
    check(avcodec_open2(track.codec.get(), track.codec->codec, options.address()),
          "the " + name + " encoder refuses these settings");
    check(avcodec_parameters_from_context(track.stream->codecpar, track.codec.get()),
          "the " + name + " stream cannot be described");
    track.stream->time_base = track.codec->time_base;
  }

  void open_video() {
    video_ = new_track(avcodec_find_encoder_by_name("libx264"), "libx264", "H.264");
    AVCodecContext& codec = *video_.codec;
    codec.width = static_cast<int>(content_.frames.front().width);
    codec.height = static_cast<int>(content_.frames.front().height);
    codec.pix_fmt = AV_PIX_FMT_YUV420P;
    codec.color_range = AVCOL_RANGE_MPEG;
    codec.colorspace = AVCOL_SPC_SMPTE170M;  // BT.601
    codec.time_base = {1, static_cast<int>(content_.frames_per_second)};
    codec.framerate = {static_cast<int>(content_.frames_per_second), 1};
    codec.gop_size = static_cast<int>(content_.keyframe_interval);
    ffmpeg::Dictionary options;
    options.set("preset", "ultrafast");
    options.set("crf", std::to_string(content_.quality));
    open_track(video_, options, "video");
    video_.stream->avg_frame_rate = codec.framerate;
  }

  void open_audio() {
    audio_ = new_track(avcodec_find_encoder(AV_CODEC_ID_AAC), "aac", "the sound");
    AVCodecContext& codec = *audio_.codec;
    codec.sample_rate = static_cast<int>(content_.sample_rate);
    codec.sample_fmt = AV_SAMPLE_FMT_FLTP;
    av_channel_layout_default(&codec.ch_layout, 1);
    codec.bit_rate = content_.audio_bits_per_second;
    codec.time_base = {1, static_cast<int>(content_.sample_rate)};
    ffmpeg::Dictionary options;
    options.set("aac_coder", "fast");  // the default searches six times as long
    open_track(audio_, options, "audio");
  }

  void write_header() {
    ffmpeg::Dictionary options;
    options.set("movflags", "+faststart");
    check(avformat_write_header(output_.get(), options.address()), "the start of the file cannot be written");
  }

  // Sends one frame (nullptr: the end) and writes every packet that comes out.
  void encode(const Track& track, const AVFrame* frame) {
    check(avcodec_send_frame(track.codec.get(), frame), "a frame cannot be encoded");
    const auto packet = ffmpeg::new_packet();
    while (true) {
      const int code = avcodec_receive_packet(track.codec.get(), packet.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
      check(code, "a frame cannot be encoded");
      // The muxer reads the length of the last frame here only.
      if (track.codec->codec_type == AVMEDIA_TYPE_VIDEO) packet->duration = 1;
      av_packet_rescale_ts(packet.get(), track.codec->time_base, track.stream->time_base);
      packet->stream_index = track.stream->index;
      check(av_interleaved_write_frame(output_.get(), packet.get()), "a frame cannot be written");
    }
  }

  void encode_video() {
    const AVCodecContext& codec = *video_.codec;
    const ffmpeg::Scaler scaler(
        sws_getContext(codec.width, codec.height, AV_PIX_FMT_RGB24, codec.width, codec.height, codec.pix_fmt,
                       SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP, nullptr, nullptr, nullptr));
    if (!scaler) throw std::bad_alloc();
    int64_t time = 0;
    for (const Image& image : content_.frames) {
      const auto frame = ffmpeg::new_frame();
      frame->format = codec.pix_fmt;
      frame->width = codec.width;
      frame->height = codec.height;
      frame->pts = time++;
      check(av_frame_get_buffer(frame.get(), 0), "a frame cannot be encoded");
      const uint8_t* source[] = {image.pixels.data()};
      const int stride[] = {static_cast<int>(image.width * 3)};
      sws_scale(scaler.get(), source, stride, 0, codec.height, frame->data, frame->linesize);
      encode(video_, frame.get());
    }
    encode(video_, nullptr);
  }

  void encode_audio() {
    const AVCodecContext& codec = *audio_.codec;
    const auto total = static_cast<int64_t>(content_.samples.size());
    for (int64_t begin = 0; begin < total; begin += codec.frame_size) {
      const int64_t count = std::min<int64_t>(codec.frame_size, total - begin);
      const auto frame = ffmpeg::new_frame();
      frame->format = codec.sample_fmt;
      frame->sample_rate = codec.sample_rate;
      frame->nb_samples = static_cast<int>(count);
      frame->pts = begin;
      check(av_channel_layout_copy(&frame->ch_layout, &codec.ch_layout), "the sound cannot be encoded");
      check(av_frame_get_buffer(frame.get(), 0), "the sound cannot be encoded");
      std::copy_n(content_.samples.data() + begin, count, reinterpret_cast<float*>(frame->data[0]));
      encode(audio_, frame.get());
    }
    encode(audio_, nullptr);
  }

  const fs::path& file_;
  const fs::path& temporary_;
  const MediaContent& content_;
  std::string url_;
  ffmpeg::OutputFormat output_;
  Track video_, audio_;
};

void check_content(const MediaContent& content) {
  if (content.frames.empty()) throw std::logic_error("write_mp4 needs at least one frame");
  const auto& first = content.frames.front();
  for (const auto& image : content.frames) {
    const bool even = image.height > 0 && image.width > 0 && image.height % 2 == 0 && image.width % 2 == 0;
    const bool same = image.height == first.height && image.width == first.width;
    if (!even || !same || static_cast<int64_t>(image.pixels.size()) != image.height * image.width * 3)
      throw std::logic_error("write_mp4 needs frames of one even size");
  }
}

}  // namespace

void write_mp4(const fs::path& file, const MediaContent& content) {
  check_content(content);
  ffmpeg::quiet_log();
  write_file_with(file, [&](const fs::path& temporary) { Mp4Writer(file, temporary, content).write(); });
}

}  // namespace tvr
