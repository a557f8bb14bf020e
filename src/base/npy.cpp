#include "base/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/array_layout.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"

// The format: numpy.lib.format. No C++ library of it is packaged for Debian (cnpy, libnpy and xtensor-io were looked
// for), and its header is a Python dictionary of three keys.
namespace tvr {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxDimensions = 64;  // NumPy's own limit

struct Header {
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

/// Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" and nothing else.
class HeaderScanner {
 public:
  HeaderScanner(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      read_entry(header);
      if (accept('}')) break;
      expect(',');
    }
    skip_blanks();
    if (position_ != text_.size() || !header.type || !header.fortran_order || !header.shape) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    throw DataError(origin_ + ": the NumPy header is damaged: it is not a dictionary of exactly descr, fortran_order " +
                    "and shape: '" + escaped(text_) + "'.");
  }
  void skip_blanks() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
  }
  bool accept(char wanted) {
    skip_blanks();
    if (position_ == text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail();
  }
  bool accept_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }

  void read_entry(Header& header) {
    const auto key = read_string();
    expect(':');
    if (key == "descr" && !header.type)
      header.type = read_type();
    else if (key == "fortran_order" && !header.fortran_order)
      header.fortran_order = read_boolean();
    else if (key == "shape" && !header.shape)
      header.shape = read_shape();
    else
      fail();
  }
  std::string read_string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const auto end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail();
    const std::string content(text_.substr(position_, end - position_));
    position_ = end + 1;
    return content;
  }
  std::string read_type() {
    if (accept('[') || accept('('))
      throw DataError(origin_ + ": holds records of several fields (a structured dtype), not numbers; save one field " +
                      "of it, as array['field'].");
    return read_string();
  }
  bool read_boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail();
    return false;
  }
  std::vector<int64_t> read_shape() {
    std::vector<int64_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(read_extent());
      if (accept(')')) break;
      expect(',');
    }
    if (shape.size() > kMaxDimensions)
      throw DataError(origin_ + ": has " + std::to_string(shape.size()) + " dimensions; NumPy allows 64.");
    return shape;
  }
  int64_t read_extent() {
    skip_blanks();
    int64_t extent = 0;
    const auto [end, error] = std::from_chars(text_.data() + position_, text_.data() + text_.size(), extent);
    if (error == std::errc::result_out_of_range || extent < 0)
      throw DataError(origin_ + ": an extent of its shape is negative or too large.");
    if (error != std::errc()) fail();
    position_ = static_cast<size_t>(end - text_.data());
    accept_word("L");  // a long integer of Python 2
    return extent;
  }

  std::string_view text_;
  const std::string& origin_;
  size_t position_ = 0;
};

struct NpyType {
  std::string_view name;
  ElementType type;
};
constexpr NpyType kTypes[] = {{"b1", ElementType::kBool}, {"i1", ElementType::kI8},  {"i2", ElementType::kI16},
                              {"i4", ElementType::kI32},  {"i8", ElementType::kI64}, {"u1", ElementType::kU8},
                              {"u2", ElementType::kU16},  {"u4", ElementType::kU32}, {"u8", ElementType::kU64},
                              {"f2", ElementType::kF16},  {"f4", ElementType::kF32}, {"f8", ElementType::kF64},
                              {"f16", ElementType::kF128}};

// What the type letters that are no numbers stand for.
std::string foreign_content(std::string_view type) {
  switch (type.empty() ? '\0' : type.front()) {
    case 'O':
      return "Python objects";
    case 'S':
    case 'a':
    case 'U':
    case 'T':
      return "strings";
    case 'c':
      return "complex numbers";
    case 'M':
    case 'm':
      return "dates or durations";
    case 'V':
      return "raw bytes or records (a structured dtype)";
    default:
      return "elements of an unknown type";
  }
}

// "<f4": byte order, kind, bytes. '=' and '|' mean the order of this machine or none.
void set_type(StoredArray& array, std::string_view type, const std::string& origin) {
  const auto whole = type;
  const bool has_order = !type.empty() && std::string_view("<>=|").find(type.front()) != std::string_view::npos;
  if (has_order) type.remove_prefix(1);
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& t) { return t.name == type; });
  if (known == std::end(kTypes))
    throw DataError(origin + ": holds " + foreign_content(type) + " (NumPy type '" + escaped(whole) +
                    "'); arrays of bool, integers of 1 to 8 bytes, float16, float32, float64 and longdouble can be " +
                    "read: convert it, for example by array.astype('float32').");
  array.type = known->type;
  array.big_endian = whole.front() == '>' && element_size(array.type) > 1;
  if (array.big_endian && array.type == ElementType::kF128)
    throw DataError(origin +
                    ": holds big-endian longdouble, whose layout differs between machines; save it as float64.");
}

// The text of the header; `bytes` then begins with the data.
std::string_view take_header(std::string_view& bytes, const std::string& origin) {
  if (!is_npy(bytes)) throw DataError(origin + ": is not a NumPy file: it does not begin with \\x93NUMPY.");
  const std::string cut = origin + ": is cut short inside the NumPy header.";
  if (bytes.size() < kMagic.size() + 4) throw DataError(cut);
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])); };
  const auto major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    throw DataError(origin + ": is a NumPy file of version " + std::to_string(major) + "." + std::to_string(minor) +
                    "; 1.0, 2.0 and 3.0 can be read.");
  const size_t begin = major == 1 ? 10 : 12;
  if (bytes.size() < begin) throw DataError(cut);
  const uint64_t size = byte(8) + (byte(9) << 8) + (major == 1 ? 0 : (byte(10) << 16) + (byte(11) << 24));
  if (size > bytes.size() - begin) throw DataError(cut);
  const auto header = bytes.substr(begin, size);
  bytes.remove_prefix(begin + size);
  return header;
}

}  // namespace

bool is_npy(std::string_view bytes) {
  return bytes.starts_with(kMagic);
}

StoredArray read_npy(std::string_view bytes, const std::string& origin) {
  const auto header = HeaderScanner(take_header(bytes, origin), origin).read();
  StoredArray array;
  set_type(array, *header.type, origin);
  array.shape = *header.shape;
  const int64_t size = element_size(array.type);
  if (bytes_at_most(array.shape, size) < 0)
    throw DataError(origin + ": its shape " + shape_text(array.shape) + " is too large for any memory.");
  const int64_t needed = element_count(array.shape) * size;
  if (needed != static_cast<int64_t>(bytes.size()))
    throw DataError(origin + ": its header promises " + array.description() + ", " + std::to_string(needed) +
                    " bytes, but " + std::to_string(bytes.size()) + " follow; the file is " +
                    (needed > static_cast<int64_t>(bytes.size()) ? "cut short or " : "") + "damaged.");
  array.strides = *header.fortran_order ? fortran_strides(array.shape) : c_strides(array.shape);
  array.data = bytes.data();
  return array;
}

}  // namespace tvr
