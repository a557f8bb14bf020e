#include "text/html.h"

#include <gtest/gtest.h>

#include <string>

#include "text/unicode.h"

namespace tvr {
namespace {

std::string plain(const std::string& text) {
  return encode_utf8(unescape_html(decode_utf8(text)));
}
std::string closed(const std::string& text) {
  return encode_utf8(unescape_html_closed(decode_utf8(text)));
}

TEST(UnescapeHtml, ReadsNamesNumbersAndLegacyNames) {
  EXPECT_EQ(plain("a &lt; b &amp;&amp; c"), "a < b && c");
  EXPECT_EQ(plain("&eacute;t&#233; &#xE9; &#XE9"), "été é é");
  EXPECT_EQ(plain("&copy 2020 &notit; &notin;"), "© 2020 ¬it; ∉");
  EXPECT_EQ(plain("&CounterClockwiseContourIntegral;"), "∳");
  EXPECT_EQ(plain("&NotEqualTilde;"), "≂̸");
}

TEST(UnescapeHtml, LeavesWhatIsNoReference) {
  for (const char* text : {"AT&T", "&", "&&", "&;", "&#;", "&#x;", "&#xg;", "& lt;", "&nosuchname;", "100 &%", "&é;"})
    EXPECT_EQ(plain(text), text);
}

TEST(UnescapeHtml, CorrectsNumbersAsTheStandardDoes) {
  EXPECT_EQ(plain("&#128;&#x92;&#0;&#xD800;&#x110000;&#99999999999999999999;"), "€’\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(plain("[&#1;&#11;&#x7F;&#xFDD0;&#xFFFF;&#x10FFFE;]"), "[]");
  EXPECT_EQ(plain("&#13;&#9;"), "\r\t");
}

TEST(UnescapeHtml, DecodesOneLevelOnly) {
  EXPECT_EQ(plain("&amp;lt;"), "&lt;");
}

TEST(UnescapeHtmlClosed, NeedsTheSemicolon) {
  EXPECT_EQ(closed("&copy 2020 &copy; this&not that"), "&copy 2020 © this&not that");
  EXPECT_EQ(closed("&#65 &#65; &#65a; &#59;"), "&#65 A &#65a; &#59;");
}

TEST(UnescapeHtmlClosed, ReadsUpperCaseFormsThatMeanNothingElse) {
  EXPECT_EQ(closed("P&EACUTE;REZ &NTILDE; &nTILDE; STRA&SZLIG;E"), "PÉREZ Ñ &nTILDE; STRASSE");
  EXPECT_EQ(closed("&AMP; &LT;"), "& <");
}

TEST(UnescapeHtmlClosed, TakesAtMostTwentyFourLettersAndDigits) {
  EXPECT_EQ(closed("&CounterClockwiseContourIntegral;"), "&CounterClockwiseContourIntegral;");
  EXPECT_EQ(closed("&#00000000000000000000065;"), "A");
  EXPECT_EQ(closed("&#0000000000000000000000065;"), "&#0000000000000000000000065;");
}

}  // namespace
}  // namespace tvr
