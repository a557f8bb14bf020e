#pragma once
#include <string>
#include <string_view>

namespace tvr {

/// The default steps of ftfy 6's fix_text but mojibake repair: HTML references, C1 controls read as windows-1252,
/// Latin ligatures, full and half width, curly quotes, line breaks, terminal escapes, control characters, NFC; line
/// by line, repeated until nothing changes (at most 16 times: only hostile text nests deeper).
std::u32string fix_text(std::u32string_view text);

/// What CLIP does to a caption before it cuts it into tokens: fix_text, HTML references twice, runs of blanks to one
/// space, none at the ends, lower case. UTF-8 in and out. At most 1 GiB.
std::string clean_caption(std::string_view text);

/// The same, upper case kept: what open_clip does for XLM-R.
std::string clean_keeping_case(std::string_view text);

/// What SigLIP does: lower case, no ASCII punctuation ("snake_case" becomes "snakecase"), runs of blanks to one space,
/// none at the ends; U+2581, which stands for a blank inside sentencepiece, is one. UTF-8 in and out. At most 1 GiB.
std::string canonical_caption(std::string_view text);

/// What SigLIP 2 does: lower case.
std::string lower_caption(std::string_view text);

}  // namespace tvr
