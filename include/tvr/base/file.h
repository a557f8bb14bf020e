#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// The whole file. Throws DataError naming the file if it cannot be read.
std::string read_file(const std::filesystem::path& file);

/// Writes beside `file` and renames, so that a reader or a kill never sees half of it; data reaches the disk first.
/// Creates missing parent folders. A link or a device (/dev/stdout) is written through instead of replaced.
/// Throws DataError naming the file (disk full, no permission).
void write_file(const std::filesystem::path& file, std::string_view content);

/// The same for a file that `write` produces itself: it gets the temporary path to fill.
void write_file_with(const std::filesystem::path& file, const std::function<void(const std::filesystem::path&)>& write);

/// Fills a fresh folder beside `folder` by `fill`, then swaps it in: readers see the old one or the new one, and after
/// a kill at any moment one complete version is found by recover_folder(). The folders beside it are named
/// FOLDER.tvr-new and FOLDER.tvr-old. Throws DataError naming the folder that cannot be written.
void replace_folder(const std::filesystem::path& folder, const std::function<void(const std::filesystem::path&)>& fill);

/// Completes a replace_folder() that a kill cut short: brings back the version set aside if `folder` is absent, removes
/// leftovers. Call before reading a folder that replace_folder() writes.
void recover_folder(const std::filesystem::path& folder);

/// Lower-case hexadecimal SHA-256 of a file. Throws DataError if it cannot be read.
std::string sha256_file(const std::filesystem::path& file);
std::string sha256(std::string_view bytes);

/// Rows of a comma-separated file with quoting (RFC 4180, by libcsv). A byte-order mark and CRLF are accepted.
/// Blank lines are left out; blanks in fields are kept.
/// Throws DataError with the file and the line where the row with a malformed quote begins.
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& file);

/// A field quoted for a csv file when it needs it.
std::string csv_field(std::string_view text);

}  // namespace tvr
