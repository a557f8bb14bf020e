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

std::string reason() { return std::strerror(errno); }

// After a crash a renamed file may be empty unless its data reached the disk first.
void flush_to_disk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw DataError(path.string() + ": cannot be written: " + reason());
  const bool flushed = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!flushed) throw DataError(path.string() + ": cannot be written: " + reason());
}

void make_parent(const fs::path& path) {
  if (!path.has_parent_path()) return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) throw DataError(path.parent_path().string() + ": the folder cannot be made: " + error.message());
}

void rename_path(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw DataError(to.string() + ": cannot be put in place: " + error.message());
}

fs::path beside(const fs::path& path, const char* suffix) {
  auto name = path;
  name += suffix;
  return name;
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

}  // namespace

std::string read_file(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) throw DataError(file.string() + ": is a folder, a file is needed.");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DataError(file.string() + ": cannot be read: " + reason() + ".");
  std::string content(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) throw DataError(file.string() + ": cannot be read: " + reason() + ".");
  return content;
}

void write_file_with(const fs::path& file, const std::function<void(const fs::path&)>& write) {
  make_parent(file);
  const auto temporary = beside(file, ".tmp");
  write(temporary);
  flush_to_disk(temporary);
  rename_path(temporary, file);
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
  make_parent(folder);
  const auto fresh = beside(folder, ".new"), old = beside(folder, ".old");
  fs::remove_all(fresh);
  fs::create_directory(fresh);
  fill(fresh);
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) flush_to_disk(entry.path());
  flush_to_disk(fresh);
  fs::remove_all(old);
  if (fs::exists(folder)) rename_path(folder, old);  // between these two lines recover_folder() knows what to do
  rename_path(fresh, folder);
  fs::remove_all(old);
}

void recover_folder(const fs::path& folder) {
  const auto fresh = beside(folder, ".new"), old = beside(folder, ".old");
  if (!fs::exists(folder) && fs::exists(old)) rename_path(old, folder);
  fs::remove_all(fresh);
  fs::remove_all(old);
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.finish();
}

std::string sha256_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DataError(file.string() + ": cannot be read: " + reason() + ".");
  Sha256 hash;
  std::vector<char> block(1 << 20);
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0)
    hash.add(block.data(), static_cast<size_t>(stream.gcount()));
  return hash.finish();
}

std::vector<std::vector<std::string>> read_csv(const fs::path& file) {
  auto text = read_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
  const std::unique_ptr<csv_parser, decltype(&csv_free)> owner(&parser, csv_free);
  csv_set_space_func(&parser, [](unsigned char) { return 0; });  // blanks around a caption belong to it
  CsvRows rows;
  const size_t parsed = csv_parse(&parser, text.data(), text.size(), csv_add_field, csv_end_row, &rows);
  if (parsed != text.size() || csv_fini(&parser, csv_add_field, csv_end_row, &rows) != 0) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(parsed), '\n');
    throw DataError(file.string() + ":" + std::to_string(line) + ": a quote is opened or closed inside a field, or never closed; " +
                    "write quotes inside a quoted field twice.");
  }
  return std::move(rows.rows);
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
