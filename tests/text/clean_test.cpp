#include "text/clean.h"

#include <gtest/gtest.h>

#include <string>

#include "text/unicode.h"

namespace tvr {
namespace {

using namespace std::string_literals;

std::string fixed(const std::string& text) {
  return encode_utf8(fix_text(decode_utf8(text)));
}

TEST(FixText, StraightensLigaturesWidthQuotesAndLineBreaks) {
  EXPECT_EQ(fixed("ﬁne ﬂow Ĳ ǆ ŉ ﬅ"), "fine flow IJ dž 'n ſt");
  EXPECT_EQ(fixed("ＬＯＵＤ　ｎｏｉｓｅ Ｕﾀｰﾝ"), "LOUD noise Uターン");
  EXPECT_EQ(fixed("“a” ‘b’ ‛c‟ ʼd"), "\"a\" 'b' 'c\" 'd");
  EXPECT_EQ(fixed("a\r\nb\rc\u2028d\u2029e"), "a\nb\nc\nd\ne");
}

TEST(FixText, ReadsC1ControlsAsWindows1252) {
  EXPECT_EQ(fixed("\u0080 \u0085 \u0093x\u0094 \u0081"), "€ … \"x\" \u0081");
}

TEST(FixText, RemovesControlsAndTerminalEscapes) {
  EXPECT_EQ(fixed("\x1b[36;44mblue\x1b[0m \x1b[K! \x1b[1"s), "blue ! [1");
  EXPECT_EQ(fixed("a\0b\x07\x0b\x7f\ufeffc\u206a\ufffcd\te\f"s), "abcd\te\f");
  EXPECT_EQ(fixed("a\u200db\u200ec"), "a\u200db\u200ec");
}

TEST(FixText, ComposesCharacters) {
  EXPECT_EQ(fixed("cafe\u0301"), "café");
}

TEST(FixText, StopsReadingReferencesFromTheFirstLineWithATag) {
  EXPECT_EQ(fixed("&amp;\n<b>&amp;</b>\n&amp;"), "&\n<b>&amp;</b>\n&amp;");
  EXPECT_EQ(fixed("&lt;b&gt; &amp;lt;"), "<b> <");
}

TEST(FixText, RepeatsUntilNothingChanges) {
  EXPECT_EQ(fixed("&amp;amp;amp;lt;"), "<");
  EXPECT_EQ(fixed("&&#97;mp;&#xFB01;"), "&fi");
}

TEST(CleanCaption, CollapsesBlanksAndLowersCase) {
  EXPECT_EQ(clean_caption("  A  MAN\t rides\u00a0\u3000a\nBIKE  "), "a man rides a bike");
  EXPECT_EQ(clean_caption("  Plain   ASCII  Text. "), "plain ascii text.");
  EXPECT_EQ(clean_caption(""), "");
  EXPECT_EQ(clean_caption(" \t\n\u2003"), "");
}

TEST(CleanCaption, LowersByTheFullUnicodeRules) {
  EXPECT_EQ(clean_caption("ΣΊΣΥΦΟΣ"), "σίσυφος");
  EXPECT_EQ(clean_caption("İ"), "i\u0307");
  EXPECT_EQ(clean_caption("STRASSE ẞ"), "strasse ß");
}

TEST(CleanCaption, TheShortWayForPlainCaptionsEqualsTheLongOne) {
  std::string all;
  for (char c = ' '; c <= '~'; ++c)
    if (c != '&') all += std::string(1, c) + "  " + c;
  const auto plain = clean_caption(all);
  const auto marked = clean_caption(all + " \u00e9");  // one character that takes the long way
  EXPECT_EQ(plain + " \u00e9", marked);
}

TEST(CleanKeepingCase, IsTheSameButForCase) {
  EXPECT_EQ(clean_keeping_case("  A  MAN\t rides\u00a0a\nB&amp;amp;B  ΣΑΣ ﬁne"), "A MAN rides a B&B ΣΑΣ fine");
}

TEST(CanonicalCaption, DeletesPunctuationAndTidiesBlanks) {
  EXPECT_EQ(canonical_caption(" A photo,  of\u3000snake_case & it's! "), "a photo of snakecase its");
  EXPECT_EQ(canonical_caption("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "");
  EXPECT_EQ(canonical_caption("a\x1c\u2581b\u0085c"), "a b c");
  EXPECT_EQ(canonical_caption("ΣΑΣ “q” — &amp;"), "σας “q” — amp");  // no references, Unicode's punctuation stays
}

TEST(CanonicalCaption, OfSiglip2IsLowerCaseAlone) {
  EXPECT_EQ(lower_caption("  A  Photo, of ΣΑΣ! "), "  a  photo, of σας! ");
}

TEST(CleanCaption, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(clean_caption("a\xff\xfe b"), "a\ufffd\ufffd b");
  EXPECT_EQ(clean_caption("\xe2\x82"), "\ufffd");                  // cut short: one maximal subpart
  EXPECT_EQ(clean_caption("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(clean_caption("\xc0\xaf"), "\ufffd\ufffd");            // overlong
}

TEST(CleanCaption, DeeplyNestedReferencesEnd) {
  std::string nested = "&";
  for (int i = 0; i < 100'000; ++i) nested += "amp;";
  EXPECT_FALSE(clean_caption(nested).empty());
}

}  // namespace
}  // namespace tvr
