#include "tvr/text/mojibake.h"

#include <gtest/gtest.h>

#include <string>

namespace tvr {
namespace {

TEST(Mojibake, IsSeenWhereWesternEncodingsReadUtf8) {
  for (const char* text : {"schÃ¶n", "ZÃ¼rich", "voilÃ  un chien", "Â¡Hola!", "30 Â°C", "â€œquotedâ€\u009d", "itâ€™s",
                           "Ð¼Ð¸Ñ€", "ä½\u00a0å¥½", "ðŸ˜€", "\u00c3\u0083", "É\u0085", "GÅ¼ejjer"})
    EXPECT_TRUE(looks_like_mojibake(text)) << text;
}

TEST(Mojibake, IsSeenWhereOtherEncodingsReadUtf8) {
  EXPECT_TRUE(looks_like_mojibake("РїСЂРёРІРµС‚"));  // windows-1251
  EXPECT_TRUE(looks_like_mojibake("Ă¸ĂĄ"));          // windows-1250
  EXPECT_TRUE(looks_like_mojibake("–ø—Ä–∏–≤–µ—Ç"));  // MacRoman
  EXPECT_TRUE(looks_like_mojibake("Rep├║blica"));    // cp437
}

TEST(Mojibake, IsSeenInReferencesAndAmongGoodText) {
  EXPECT_TRUE(looks_like_mojibake("sch&Atilde;&para;n"));
  EXPECT_TRUE(looks_like_mojibake("你好 😀 schÃ¶n мир"));
}

TEST(Mojibake, IsNotSeenInGoodText) {
  for (const char* text : {"",
                           "a man rides a bike",
                           "AT&T &amp; B",
                           "schön Zürich ÀÉÎ naïve ÑÃO",
                           "CAFÉ—the best, CAFÉ’s, CAFÉ…and",
                           "«ÉTÉ»",
                           "à 30 °C",
                           "Être ou ne pas être",
                           "Не моё», сказал он. СССР»",
                           "Ελλάδα «Ω»",
                           "Đà Nẵng, Việt Nam",
                           "İstanbul’da",
                           "你好世界",
                           "こんにちは",
                           "안녕하세요",
                           "हिन्दी",
                           "مرحبا",
                           "😀 👨‍👩‍👧 🇫🇷",
                           "50 € ½ ² Ⅷ ™",
                           "São Paulo É ótimo",
                           "x ≤ √2 ± ∂",
                           "┌─┐ ░▒▓",
                           "\xff\xfe \xc3"})
    EXPECT_FALSE(looks_like_mojibake(text)) << text;
}

TEST(Mojibake, IsLookedForInAnyBytes) {
  std::string bytes;
  for (uint32_t i = 0; i < 100'000; ++i) bytes += static_cast<char>((i * 7919 + i / 13) % 256);
  EXPECT_NO_THROW(looks_like_mojibake(bytes));
  EXPECT_FALSE(looks_like_mojibake("\xc3"));
  EXPECT_FALSE(looks_like_mojibake("Ã"));
}

}  // namespace
}  // namespace tvr
