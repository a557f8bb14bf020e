#pragma once
#include <string>
#include <string_view>

namespace tvr {

/// The table of html_entities.cpp.
extern const char* const kHtmlEntities;

/// Character references to characters as HTML 5 reads them in running text: names with and (the legacy ones) without
/// ';', the longest name that fits, numbers with the corrections of the standard. Equal to Python's html.unescape.
/// Debian's HTML parsers (gumbo, libxml2) decode references only inside whole documents, hence this one.
std::u32string unescape_html(std::u32string_view text);

/// The cautious form of ftfy: only references of at most 24 letters and digits that end in ';', and besides the names
/// of the standard their upper-case forms where those mean nothing else ("&EACUTE;").
std::u32string unescape_html_closed(std::u32string_view text);

}  // namespace tvr
