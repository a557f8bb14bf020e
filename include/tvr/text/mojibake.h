#pragma once
#include <string_view>

namespace tvr {

/// True if `text` (UTF-8) looks as if UTF-8 had been read in another encoding and saved again: "schÃ¶n" for "schön",
/// "Ð¼Ð¸Ñ€" for "мир". tvr does not repair such texts (ftfy, which CLIP's tokenizer begins with, does), it counts them:
/// their tokens differ from those of the Python tokenizers.
/// The encodings are latin-1, windows-1250 to 1254 and 1257, iso-8859-2, MacRoman and cp437. What tells is characters
/// that, taken as bytes of one of them, are UTF-8 in a row, of enough bytes or in a place where no language has them. A
/// single odd letter ("ZÃ¼rich" is seen, "GÄ§aru" is not) may pass for text; tests/reference/README.md has the numbers.
bool looks_like_mojibake(std::string_view text);

}  // namespace tvr
