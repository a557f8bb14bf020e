// Frames compared with those of the ffmpeg program of the machine. With one decoder thread, as we decode: what is
// damaged decodes differently with the number of threads, and with several differently from run to run.
#include <gtest/gtest.h>

#include <optional>

#include "test_videos.h"
#include "tvr/base/file.h"
#include "tvr/video/video_reader.h"
#include "video/decoder.h"
#include "video/frame_converter.h"

namespace tvr {
namespace {

using test::data_folder;
using test::first_frames;
using test::hashes_of;

#define TVR_NEED_FFMPEG_PROGRAM()                           \
  if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) \
  GTEST_SKIP() << "there is no ffmpeg program to compare "  \
                  "with"

// The MD5 of each RGB frame that the program presents, at most `most`.
std::vector<std::string> frames_of_program(const std::filesystem::path& file, int64_t most) {
  std::istringstream lines(test::output_of(
      "ffmpeg -nostdin -v quiet -threads 1 -i " + test::shell_quoted("file:" + file.string()) +
      " -an -sn -dn -fps_mode passthrough -pix_fmt rgb24 -frames:v " + std::to_string(most) + " -f framemd5 -"));
  std::vector<std::string> hashes;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#') hashes.push_back(line.substr(line.rfind(' ') + 1));
  return hashes;
}

void expect_frames_of_program(const std::filesystem::path& file, int64_t most = 1'000'000) {
  const auto expected = frames_of_program(file, most);
  for (const auto count : {FrameCount::kByDecoding, FrameCount::kByPackets}) {
    VideoReaderOptions options;
    options.count = count;
    const auto reader = open_video(file, options);
    EXPECT_EQ(hashes_of(*reader, first_frames(*reader, most)), expected) << file;
    // Fewer of them, which leaves packets out.
    std::vector<int64_t> some;
    std::vector<std::string> expected_of_some;
    for (size_t k = 1; k < expected.size(); k += 1 + expected.size() / 9) {
      some.push_back(static_cast<int64_t>(k));
      expected_of_some.push_back(expected[k]);
    }
    EXPECT_EQ(hashes_of(*reader, some), expected_of_some) << file;
  }
}

bool run(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

// The same through the parts of the reader, without its counting pass, which other tests cover.
std::vector<std::string> hashes_without_counting(const std::filesystem::path& file, size_t most) {
  std::vector<std::string> hashes;
  VideoFile video(file);
  const PacketIndex index(video);
  Decoder decoder(index, 1);
  std::optional<FrameConverter> converter;
  Image image;
  for (const AVFrame* frame; hashes.size() < most && (frame = decoder.next()) != nullptr;) {
    const bool turned = orientation_of(*frame, video.stream()).swaps_sides;
    if (!converter)
      converter.emplace(video.stream(), turned ? frame->width : frame->height, turned ? frame->height : frame->width);
    converter->convert(*frame, image);
    hashes.push_back(test::md5(image.pixels.data(), image.pixels.size()));
  }
  return hashes;
}

TEST(FfmpegProgram, GivesTheSameFramesOfAllRealVideos) {
  TVR_NEED_TEST_DATA();
  TVR_NEED_FFMPEG_PROGRAM();
  int compared = 0;
  for (const auto& video : test::probed_videos()) {
    if (video.frames == 0) continue;
    // Large clips cost seconds each; their first frames show what their colours need.
    const int64_t most = video.width * video.height > 200'000 ? 6 : 80;
    const auto file = data_folder() / video.path;
    EXPECT_EQ(hashes_without_counting(file, static_cast<size_t>(most)), frames_of_program(file, most)) << video.path;
    ++compared;
  }
  EXPECT_EQ(compared, 101);
}

// The nine numbers of a display matrix, 16.16 fixed point, the last column 2.30.
using Matrix = std::vector<int32_t>;

// A copy of an MP4 whose track header says how to turn the picture.
void write_turned(const std::filesystem::path& from, const std::filesystem::path& to, const Matrix& matrix) {
  std::string bytes = read_file(from);
  size_t at = bytes.find("tkhd") + 4 + 40;  // version 0: 40 bytes before the matrix
  for (const int32_t number : matrix)
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes[at++] = static_cast<char>(static_cast<uint32_t>(number) >> shift);
  write_file(to, bytes);
}

class ProgramTest : public testing::Test {
 protected:
  std::filesystem::path in(const char* name) const { return folder_.path() / name; }
  std::string name(const char* file) const { return test::shell_quoted(in(file).string()); }

  test::TemporaryFolder folder_;
  std::filesystem::path clip_ = test::write_clip(folder_.path() / "clip.mp4");
};

TEST_F(ProgramTest, TurnsAndMirrorsTheSameWay) {
  TVR_NEED_FFMPEG_PROGRAM();
  constexpr int32_t k = 1 << 16, diagonal = 46341;
  const std::vector<std::pair<std::vector<int32_t>, int>> turns{
      {{k, 0, 0, k}, 0},    {{0, k, -k, 0}, 90},   {{-k, 0, 0, -k}, 180},
      {{0, -k, k, 0}, 270}, {{-k, 0, 0, k}, 180},  {{k, 0, 0, -k}, 0},
      {{0, k, k, 0}, 90},   {{0, -k, -k, 0}, 270}, {{diagonal, diagonal, -diagonal, diagonal}, 45}};
  for (const auto& [turn, rotation] : turns) {
    write_turned(clip_, in("turned.mp4"), {turn[0], turn[1], 0, turn[2], turn[3], 0, 0, 0, 1 << 30});
    SCOPED_TRACE(testing::PrintToString(turn));
    expect_frames_of_program(in("turned.mp4"), 4);
    EXPECT_EQ(open_video(in("turned.mp4"))->info().rotation, rotation);
  }
}

TEST_F(ProgramTest, ScalesFramesOfAnotherSizeToTheFirst) {
  TVR_NEED_FFMPEG_PROGRAM();
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -frames:v 9 -c copy " + name("a.h264")));
  if (!run("ffmpeg -y -i " + name("clip.mp4") + " -frames:v 9 -s 80x48 -pix_fmt yuv444p -c:v libx264 " +
           name("b.h264")))
    GTEST_SKIP() << "the ffmpeg program has no libx264";
  const auto a = read_file(in("a.h264")), b = read_file(in("b.h264"));
  write_file(in("mixed.h264"), a + b + a);
  expect_frames_of_program(in("mixed.h264"));
  const auto reader = open_video(in("mixed.h264"));
  EXPECT_EQ(reader->info().frames, 27);
  // Alone, a frame comes out as in the sequence.
  const auto all = hashes_of(*reader, first_frames(*reader, 27));
  for (const int64_t index : {0, 8, 9, 17, 18, 26})
    EXPECT_EQ(hashes_of(*reader, {index})[0], all[static_cast<size_t>(index)]);
}

TEST_F(ProgramTest, FillsTimesThatAreMissing) {
  TVR_NEED_FFMPEG_PROGRAM();
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -c copy " + name("bare.h264")));  // no times, 8 frames/s
  const auto info = open_video(in("bare.h264"))->info();
  ASSERT_EQ(info.frames, test::kClipFrames);
  EXPECT_EQ(info.times.front(), 0);
  EXPECT_TRUE(std::is_sorted(info.times.begin(), info.times.end()));
  EXPECT_NEAR(info.times.back(), (test::kClipFrames - 1) / 8.0, 1e-3);
}

TEST_F(ProgramTest, StartsAMutilatedStreamAtTheSameFrame) {
  TVR_NEED_FFMPEG_PROGRAM();
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -c copy " + name("whole.ts")));
  const auto bytes = read_file(in("whole.ts"));
  for (const size_t cut : {20u, 45u, 70u}) {
    write_file(in("cut.ts"), bytes.substr(bytes.size() * cut / 100));
    const auto frames = frames_of_program(in("cut.ts"), 1000);
    if (frames.empty()) {
      EXPECT_ANY_THROW(open_video(in("cut.ts"))) << cut;
    } else {
      expect_frames_of_program(in("cut.ts"));
    }
  }
}

TEST_F(ProgramTest, ChoosesTheSameOfSeveralStreams) {
  TVR_NEED_FFMPEG_PROGRAM();
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -vf scale=32:32 -c:v mpeg4 " + name("small.mp4")));
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -vf scale=128:96,negate -c:v mpeg4 " + name("large.mp4")));
  const std::string inputs =
      "ffmpeg -y -i " + name("small.mp4") + " -i " + name("large.mp4") + " -map 0:v -map 1:v -c copy ";
  ASSERT_TRUE(run(inputs + name("as_muxed.mp4")));
  ASSERT_TRUE(run(inputs + "-disposition:v:0 default -disposition:v:1 0 " + name("first_default.mkv")));
  ASSERT_TRUE(run(inputs + "-disposition:v:0 0 -disposition:v:1 0 " + name("none_default.mkv")));
  ASSERT_TRUE(run(inputs + "-disposition:v:0 0 -disposition:v:1 default " + name("second_default.mkv")));
  for (const char* file : {"as_muxed.mp4", "first_default.mkv", "none_default.mkv", "second_default.mkv"})
    expect_frames_of_program(in(file));
  EXPECT_EQ(open_video(in("first_default.mkv"))->info().width, 32);
  EXPECT_EQ(open_video(in("none_default.mkv"))->info().width, 128);
}

TEST_F(ProgramTest, GivesTheCoverOfAFileOfSound) {
  TVR_NEED_FFMPEG_PROGRAM();
  ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -frames:v 1 " + name("cover.png")));
  ASSERT_TRUE(run("ffmpeg -y -f lavfi -i sine=duration=1 -i " + name("cover.png") +
                  " -map 0 -map 1 -c:v copy -disposition:v attached_pic " + name("song.m4a")));
  expect_frames_of_program(in("song.m4a"));
  EXPECT_EQ(open_video(in("song.m4a"))->info().frames, 1);
}

TEST_F(ProgramTest, ConvertsRarePixelFormatsTheSameWay) {
  TVR_NEED_FFMPEG_PROGRAM();
  for (const char* format :
       {"gray", "gray10le", "gbrp", "gbrap12le", "yuva420p", "yuv410p", "yuv422p16le", "rgb48le", "bgra", "pal8"}) {
    const char* codec = std::string(format) == "pal8" ? "png" : std::string(format) == "rgb48le" ? "png" : "ffv1";
    ASSERT_TRUE(run("ffmpeg -y -i " + name("clip.mp4") + " -frames:v 3 -vf crop=47:33 -pix_fmt " + format + " -c:v " +
                    codec + " " + name("rare.mkv")))
        << format;
    SCOPED_TRACE(format);
    expect_frames_of_program(in("rare.mkv"));
  }
}

struct Recipe {
  const char* file;
  const char* encoder;  // arguments of the program
  bool told_by_packets;
};

// How streams of all kinds are made. Noise keeps encoders from coding pictures as copies.
const Recipe kRecipes[] = {
    {"pyramid.mp4", "libx264 -preset fast -x264-params b-pyramid=strict:bframes=8:b-adapt=0", true},
    {"open_gop.mp4", "libx264 -preset fast -x264-params open-gop=1:keyint=20", true},
    {"open_gop.ts", "libx264 -preset fast -x264-params open-gop=1:keyint=20", true},
    {"short_gop.mp4", "libx264 -preset fast -g 10", true},
    {"short_gop.flv", "libx264 -preset fast -g 10", true},
    {"short_gop.mkv", "libx264 -preset fast -g 10 -x264-params repeat-headers=1:aud=1:slices=3", true},
    {"no_times.avi", "libx264 -preset fast -g 10", false},
    {"no_times.h264", "libx264 -preset fast -g 10", false},
    {"fragments.mp4", "libx264 -preset fast -g 10 -movflags frag_keyframe+empty_moov", true},
    {"refresh.mp4", "libx264 -preset fast -x264-params intra-refresh=1:keyint=20", true},
    {"interlaced.mp4", "libx264 -preset fast -flags +ildct+ilme -x264-params tff=1", true},
    {"hevc_open.mp4", "libx265 -preset fast -x265-params log-level=none:open-gop=1:keyint=20:min-keyint=20", true},
    {"hevc_closed.mp4", "libx265 -preset fast -x265-params log-level=none:open-gop=0:keyint=20:radl=2:bframes=4", true},
    {"hevc_layers.mp4", "libx265 -preset fast -x265-params log-level=none:temporal-layers=1:bframes=7:b-adapt=0", true},
    {"vp8_hidden.webm", "libvpx -auto-alt-ref 1 -lag-in-frames 20 -b:v 200k -g 30", true},
    {"vp9_hidden.webm", "libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 20 -b:v 200k -g 30 -speed 5", true},
    {"av1_hidden.mp4", "libaom-av1 -cpu-used 8 -usage realtime -b:v 200k -g 30", true},
    {"prores.mov", "prores_ks", true},
    {"packed.avi", "libxvid -bf 2", false},
    {"mpeg4.mp4", "mpeg4 -bf 2", false},
    {"mpeg2.ts", "mpeg2video -bf 2 -flags +ildct+ilme", false},
    {"jpeg.avi", "mjpeg", false},
};

TEST_F(ProgramTest, GivesTheSameFramesOfStreamsOfAllKinds) {
  TVR_NEED_FFMPEG_PROGRAM();
  int made = 0;
  for (const auto& [file, encoder, told] : kRecipes) {
    if (!run(
            "ffmpeg -y -f lavfi -i testsrc2=size=96x80:rate=25,noise=alls=15:allf=t,format=yuv420p -frames:v 60 -c:v " +
            std::string(encoder) + " " + name(file)))
      continue;  // this program lacks the encoder
    ++made;
    SCOPED_TRACE(file);
    expect_frames_of_program(in(file));
    VideoFile video(in(file));
    EXPECT_EQ(PacketIndex(video).doubt().empty(), told) << PacketIndex(video).doubt();
  }
  if (made == 0) GTEST_SKIP() << "the ffmpeg program has none of the encoders";
}

TEST_F(ProgramTest, GivesTheSameFramesOfACutThatStartsBetweenKeyFrames) {
  TVR_NEED_FFMPEG_PROGRAM();
  if (!run("ffmpeg -y -f lavfi -i testsrc2=size=96x80:rate=25 -frames:v 60 -c:v libx264 -g 20 " + name("whole.mp4")))
    GTEST_SKIP() << "the ffmpeg program has no libx264";
  // An edit list hides the frames between the key frame and the start of the cut.
  ASSERT_TRUE(run("ffmpeg -y -ss 1.1 -i " + name("whole.mp4") + " -c copy " + name("cut.mp4")));
  expect_frames_of_program(in("cut.mp4"));
}

}  // namespace
}  // namespace tvr
