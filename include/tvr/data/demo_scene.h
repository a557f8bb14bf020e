#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "tvr/base/random.h"

namespace tvr {

// The generated demo corpus. A scene is a handful of coloured shapes on a flat background; every aspect of it is
// visible at exactly one granularity, so that a head that cannot perceive an aspect fails on the videos that differ in
// it alone. Indices (colour, shape, background, sound, sign) count in these arrays.
inline constexpr std::array<std::string_view, 6> kDemoColours{"red", "green", "blue", "yellow", "purple", "cyan"};
inline constexpr std::array<std::string_view, 6> kDemoShapes{"circle", "square", "triangle", "star", "cross", "ring"};
inline constexpr std::array<std::string_view, 5> kDemoBackgrounds{"night", "snow", "sand", "grass", "dusk"};
inline constexpr std::array<std::string_view, 6> kDemoSounds{"hum", "beep", "whistle", "siren", "rain", "clicks"};
inline constexpr std::array<std::string_view, 24> kDemoSigns{
    "open",  "sale",  "stop",  "exit",  "cafe",  "taxi",  "news",  "bank",  "park",  "hotel", "music", "pizza",
    "radio", "metro", "bread", "water", "juice", "books", "shoes", "train", "ferry", "tower", "honey", "lemon"};

inline constexpr int kDemoSide = 96;    ///< pixels, frames are square
inline constexpr int kDemoCell = 16;    ///< pixels: one ViT patch, one macroblock
inline constexpr int kDemoFrames = 24;  ///< frames of a video
inline constexpr int kDemoFramesPerSecond = 8;
inline constexpr int kDemoSegments = 8;        ///< equal segments of 3 frames; appearances happen at their borders
inline constexpr int kDemoSampleRate = 16000;  ///< Hz, mono
inline constexpr int kDemoTravel = 26;         ///< pixels the actor covers from the first to the last frame
inline constexpr int kDemoSignWidth =
    58;  ///< pixels the longest word takes: 5 letters of 5 dots, gaps of 1, 2 pixels a dot
inline constexpr int kDemoSubpixels = 8;  ///< positions count in 1/8 pixel

/// Side of an object in pixels; also its role: the big one is the actor, the mid ones visit, the tiny ones always stay.
enum class DemoSize { kBig = 30, kMid = 24, kTiny = 12 };

enum class DemoDirection { kLeft, kRight, kUp, kDown };

/// The aspect in which the two videos of a twin pair differ: the actor's look, the look of what flashes, the look of a
/// tiny object, the order of the two visitors, the actor's direction, the sound class, the word on the sign.
enum class DemoNeed { kGlobal, kBrief, kRegion, kOrder, kMotion, kAudio, kText };
inline constexpr std::array<std::string_view, 7> kDemoNeeds{"global", "brief", "region", "order",
                                                            "motion", "audio", "text"};

/// Colour and shape. Distinct for all objects of a scene, so that a phrase names at most one of them.
struct DemoLook {
  int colour = 0, shape = 0;
  bool operator==(const DemoLook&) const = default;
};

struct DemoObject {
  DemoLook look;
  DemoSize size = DemoSize::kMid;
  int x = 0, y = 0;  ///< left and top in 1/8 pixel; at most one of them is not a whole pixel
  bool operator==(const DemoObject&) const = default;
};

/// Everything a video shows and plays. Nuisance, which no caption mentions: grey, sign_x, sound_seed and the positions.
struct DemoScene {
  DemoObject actor;  ///< where it is in the first frame
  DemoDirection direction = DemoDirection::kLeft;
  std::array<DemoObject, 2> visitors;  ///< the first is visible in the first half, the second in the second half
  DemoObject brief;                    ///< visible in one segment
  int brief_segment = 0;
  std::array<DemoObject, 2> tiny;
  int background = 0;
  int grey = 0;  ///< added to the background, -8 … 8
  int sign = 0;
  int sign_x = 0;  ///< left edge of the word in pixels
  int sound = 0;
  uint64_t sound_seed = 0;  ///< noise, pitch and loudness
  bool operator==(const DemoScene&) const = default;
};

/// A random scene: objects on the 6x6 grid of cells without overlap, the bottom row left to the sign.
DemoScene draw_scene(Random& random);

/// A copy that differs in the aspect `need` alone, and in the nuisance grey and sound_seed: without that, all scores of
/// a head that is blind to the need would tie exactly. For order and motion every pixel shows the same values, at other
/// times.
DemoScene draw_twin(const DemoScene& scene, DemoNeed need, Random& random);

/// `look` with another colour or another shape (a fair coin), equal to none of the scene's other looks.
DemoLook change_look(const DemoScene& scene, const DemoLook& look, Random& random);

}  // namespace tvr
