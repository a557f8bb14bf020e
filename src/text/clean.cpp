#include "text/clean.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "text/html.h"
#include "text/unicode.h"

namespace tvr {
namespace {

constexpr int kMaxPasses = 16;
constexpr size_t kMaxSegment = 1'000'000;  // code points, ftfy's bound
constexpr char32_t kWideFirst = 0xFF01, kWideLast = 0xFFEF;
constexpr char32_t kBlankPiece = 0x2581;  // a blank inside sentencepiece

// The C1 controls as windows-1252 has them; 0: not assigned there, kept.
constexpr char32_t kWindows1252[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                       0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                       0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                       0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::u32string_view ligature(char32_t c) {
  switch (c) {
    case 0x132:
      return U"IJ";
    case 0x133:
      return U"ij";
    case 0x149:
      return U"'n";
    case 0x1C4:
      return U"D\u017D";
    case 0x1C5:
      return U"D\u017E";
    case 0x1C6:
      return U"d\u017E";
    case 0x1C7:
      return U"LJ";
    case 0x1C8:
      return U"Lj";
    case 0x1C9:
      return U"lj";
    case 0x1CA:
      return U"NJ";
    case 0x1CB:
      return U"Nj";
    case 0x1CC:
      return U"nj";
    case 0x1F1:
      return U"DZ";
    case 0x1F2:
      return U"Dz";
    case 0x1F3:
      return U"dz";
    case 0xFB00:
      return U"ff";
    case 0xFB01:
      return U"fi";
    case 0xFB02:
      return U"fl";
    case 0xFB03:
      return U"ffi";
    case 0xFB04:
      return U"ffl";
    case 0xFB05:
      return U"\u017Ft";
    case 0xFB06:
      return U"st";
    default:
      return {};
  }
}

const std::u32string& narrow_form(char32_t c) {
  static const auto forms = [] {
    std::array<std::u32string, kWideLast - kWideFirst + 1> table;
    for (char32_t wide = kWideFirst; wide <= kWideLast; ++wide) table[wide - kWideFirst] = to_nfkc(wide);
    return table;
  }();
  return forms[c - kWideFirst];
}

// Every fix that looks at one character; what it yields needs none of the others.
void append_fixed(char32_t c, std::u32string& out) {
  if (c >= 0x80 && c <= 0x9F && kWindows1252[c - 0x80] != 0) c = kWindows1252[c - 0x80];
  if (c < 0x80)
    out += c;
  else if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B))
    out += U'\'';
  else if (c >= 0x201C && c <= 0x201F)
    out += U'"';
  else if (c == 0x2028 || c == 0x2029)
    out += U'\n';
  else if (c == 0x3000)
    out += U' ';
  else if (c >= kWideFirst && c <= kWideLast)
    out += narrow_form(c);
  else if (const auto parts = ligature(c); !parts.empty())
    out += parts;
  else
    out += c;
}

std::u32string fix_characters(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      append_fixed(text[i], out);
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      out += U'\n';  // CRLF: its LF follows
  }
  return out;
}

bool is_control(char32_t c) {
  return c <= 0x8 || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFC);
}

// The length of the colour code "ESC [ 1 ; 31 m" at the start of `text`, or 0.
size_t escape_length(std::u32string_view text) {
  if (text.size() < 3 || text[0] != 0x1B || text[1] != '[') return 0;
  size_t end = 2;
  while (end < text.size() && (text[end] == ';' || is_digit(text[end]))) ++end;
  if (end == text.size()) return 0;
  const char32_t letter = text[end] | 0x20;
  return letter >= 'a' && letter <= 'z' ? end + 1 : 0;
}

std::u32string remove_controls(std::u32string_view text) {
  std::u32string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t escape = escape_length(text.substr(i));
    if (escape == 0 && !is_control(text[i])) plain += text[i];
    i += std::max<size_t>(escape, 1);
  }
  return plain;
}

std::u32string fix_segment(std::u32string_view segment, bool unescape) {
  std::u32string text(segment);
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    auto fixed = unescape ? unescape_html_closed(text) : text;
    fixed = to_nfc(remove_controls(fix_characters(fixed)));
    if (fixed == text) break;
    text = std::move(fixed);
  }
  return text;
}

std::u32string collapse_blanks(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    if (!is_space(c))
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += U' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::u32string clean_characters(std::string_view text) {
  return collapse_blanks(unescape_html(unescape_html(fix_text(decode_utf8(text)))));
}

// Of ASCII, as Python's string.punctuation.
bool is_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Such a caption changes in blanks and case alone; nearly all captions of the corpora are of this kind.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '&'; });
}

std::string clean_plain(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != ' ')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::u32string fix_text(std::u32string_view text) {
  std::u32string out;
  bool unescape = true;  // off from the first line with a '<' on: it may be HTML that means its references
  while (!text.empty()) {
    auto segment = text.substr(0, kMaxSegment);
    if (const auto line = segment.find('\n'); line != segment.npos) segment = segment.substr(0, line + 1);
    unescape = unescape && segment.find('<') == std::u32string_view::npos;
    out += fix_segment(segment, unescape);
    text.remove_prefix(segment.size());
  }
  return out;
}

std::string clean_caption(std::string_view text) {
  return is_plain(text) ? clean_plain(text) : encode_utf8(to_lower(clean_characters(text)));
}

std::string clean_keeping_case(std::string_view text) {
  return encode_utf8(clean_characters(text));
}

std::string canonical_caption(std::string_view text) {
  std::u32string kept;
  for (const char32_t c : to_lower(decode_utf8(text))) {
    const bool blank = c == kBlankPiece || (c >= 0x1C && c <= 0x1F);  // the last are blanks to Python, not to Unicode
    if (!is_punctuation(c)) kept += blank ? U' ' : c;
  }
  return encode_utf8(collapse_blanks(kept));
}

std::string lower_caption(std::string_view text) {
  return encode_utf8(to_lower(decode_utf8(text)));
}

}  // namespace tvr
