#include "tvr/base/file.h"

#include <csv.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "tvr/base/error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBlock = 1 << 20;
constexpr char kFresh[] = ".tvr-new", kOld[] = ".tvr-old";  // nobody's names: what bears them is removed

std::string reason() {
  return std::strerror(errno);
}

// After a crash a renamed file may be empty unless its data reached the disk first.
void flush_to_disk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw DataError(path.string() + ": cannot be written: " + reason());
  const bool flushed = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!flushed) throw DataError(path.string() + ": cannot be written: " + reason());
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw DataError(path.string() + ": the folder cannot be made: " + error.message());
}

void rename_path(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw DataError(to.string() + ": cannot be put in place: " + error.message());
}

void remove_folder(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw DataError(path.string() + ": cannot be removed: " + error.message());
}

bool is_there(const fs::path& path) {
  std::error_code error;
  const bool found = fs::exists(path, error);
  if (error) throw DataError(path.string() + ": cannot be reached: " + error.message());
  return found;
}

fs::path beside(const fs::path& path, const char* suffix) {
  auto name = path.has_filename() ? path : path.parent_path();  // "folder/" means the folder
  name += suffix;
  return name;
}

// Links and devices (/dev/null, /dev/stdout) are written through: renaming would put a file in their place.
bool is_written_through(const fs::path& file) {
  std::error_code error;
  const auto type = fs::symlink_status(file, error).type();
  return type != fs::file_type::not_found && type != fs::file_type::none && type != fs::file_type::regular &&
         type != fs::file_type::directory;
}

// Hands the file to `use` block by block.
void read_blocks(const fs::path& file, const std::function<void(const char*, size_t)>& use) {
  std::error_code error;
  if (fs::is_directory(file, error)) throw DataError(file.string() + ": is a folder, a file is needed.");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DataError(file.string() + ": cannot be read: " + reason() + ".");
  std::vector<char> block(kBlock);
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0)
    use(block.data(), static_cast<size_t>(stream.gcount()));
  if (stream.bad()) throw DataError(file.string() + ": cannot be read: " + reason() + ".");
}

std::string hexadecimal(const unsigned char* bytes, unsigned count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const char* data, size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return hexadecimal(digest.data(), size);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

struct CsvRows {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
};
void csv_add_field(void* data, size_t size, void* state) {
  static_cast<CsvRows*>(state)->row.emplace_back(static_cast<char*>(data), size);
}
void csv_end_row(int /*terminator*/, void* state) {
  auto* rows = static_cast<CsvRows*>(state);
  rows->rows.push_back(std::move(rows->row));
  rows->row.clear();
}

class CsvParser {
 public:
  CsvParser() {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });  // blanks around a caption belong to it
  }
  ~CsvParser() { csv_free(&parser_); }
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;
  // Both return false at a misplaced quote.
  bool add(std::string_view text) {
    return csv_parse(&parser_, text.data(), text.size(), csv_add_field, csv_end_row, &rows_) == text.size();
  }
  bool finish() { return csv_fini(&parser_, csv_add_field, csv_end_row, &rows_) == 0; }
  std::vector<std::vector<std::string>>& rows() { return rows_.rows; }

 private:
  csv_parser parser_;
  CsvRows rows_;
};

// The line where the row with the misplaced quote begins: an unclosed quote shows only many lines later, or at the
// end.
int64_t line_of_bad_row(std::string_view text) {
  CsvParser parser;
  int64_t line = 0, start = 1;
  bool open = false;  // inside a row that goes on over several lines
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto rows = parser.rows().size();
    const bool blank = text.substr(0, end).find_first_not_of("\r\n") == std::string_view::npos;
    if (!parser.add(text.substr(0, end))) return start;
    ++line;
    open = parser.rows().size() == rows && (open || !blank);
    if (!open) start = line + 1;
    text.remove_prefix(end);
  }
  return start;
}

}  // namespace

std::string read_file(const fs::path& file) {
  std::string content;
  read_blocks(file, [&](const char* data, size_t size) { content.append(data, size); });
  return content;
}

void write_file_with(const fs::path& file, const std::function<void(const fs::path&)>& write) {
  if (is_written_through(file)) return write(file);
  if (file.has_parent_path()) make_folder(file.parent_path());
  const auto temporary = beside(file, ".tmp");
  try {
    write(temporary);
    flush_to_disk(temporary);
    rename_path(temporary, file);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

void write_file(const fs::path& file, std::string_view content) {
  write_file_with(file, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream.close();
    if (!stream) throw DataError(file.string() + ": cannot be written: " + reason() + ".");
  });
}

void replace_folder(const fs::path& folder, const std::function<void(const fs::path&)>& fill) {
  const auto place = beside(folder, ""), fresh = beside(folder, kFresh), old = beside(folder, kOld);
  recover_folder(folder);  // the version set aside may be the only whole one
  make_folder(fresh);
  fill(fresh);
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) flush_to_disk(entry.path());
  flush_to_disk(fresh);
  if (is_there(place)) rename_path(place, old);  // between these two lines recover_folder() knows what to do
  rename_path(fresh, place);
  remove_folder(old);
}

void recover_folder(const fs::path& folder) {
  const auto place = beside(folder, ""), fresh = beside(folder, kFresh), old = beside(folder, kOld);
  if (!is_there(place) && is_there(old)) rename_path(old, place);
  remove_folder(fresh);
  remove_folder(old);
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.finish();
}

std::string sha256_file(const fs::path& file) {
  Sha256 hash;
  read_blocks(file, [&](const char* data, size_t size) { hash.add(data, size); });
  return hash.finish();
}

std::vector<std::vector<std::string>> read_csv(const fs::path& file) {
  auto text = read_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  CsvParser parser;
  if (!parser.add(text) || !parser.finish())
    throw DataError(
        file.string() + ":" + std::to_string(line_of_bad_row(text)) +
        ": a quote is opened or closed inside a field of this row, or never closed; write quotes inside a " +
        "quoted field twice.");
  return std::move(parser.rows());
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace tvr
