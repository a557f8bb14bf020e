#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tvr {

struct PickleValue;
using PickleRef = const PickleValue*;  ///< lives as long as its Pickle

struct PickleNone {};
struct PickleBytes {
  std::string bytes;
};
/// An integer beyond 64 bits: two's complement, little-endian.
struct PickleBigInteger {
  std::string bytes;
};
struct PickleSequence {
  enum class Kind { kList, kTuple, kSet, kFrozenSet };
  Kind kind = Kind::kList;
  std::vector<PickleRef> items;
};
/// A dictionary in its order; keys are any value, also twice the same.
struct PickleMap {
  std::vector<std::pair<PickleRef, PickleRef>> items;
};
/// A class or function, only its name: "collections.OrderedDict".
struct PickleGlobal {
  std::string name;
};
/// An object that was not made: what would have been called, with what, and what it would have got then. The reader
/// decides which of them it knows. What is absent is null.
struct PickleObject {
  PickleRef function = nullptr;   ///< a PickleGlobal or a PickleObject
  PickleRef arguments = nullptr;  ///< a tuple
  PickleRef keywords = nullptr;   ///< a PickleMap
  PickleRef state = nullptr;
  PickleRef items = nullptr;  ///< a PickleMap or a list: added to it, a subclass of dict or list
};
/// Something outside of the pickle (torch: a storage).
struct PicklePersistent {
  PickleRef id = nullptr;
};

/// One value of a pickle. Texts are UTF-8; Python 2's byte strings are texts where they are UTF-8, else bytes.
struct PickleValue {
  std::variant<PickleNone, bool, int64_t, PickleBigInteger, double, std::string, PickleBytes, PickleSequence, PickleMap,
               PickleGlobal, PickleObject, PicklePersistent>
      value;
};

/// A pickle that was read, the owner of its values. They can be shared but form no cycle; from the root no path is
/// longer than kMaxDepth, and one who follows every path meets a number of values in proportion to the pickle's length
/// (or 2^20): recursive readers are safe.
class Pickle {
 public:
  static constexpr int kMaxDepth = 500;

  Pickle() = default;
  Pickle(Pickle&&) = default;  // the values refer to each other: they cannot be copied
  Pickle& operator=(Pickle&&) = default;

  const PickleValue& root() const { return *root_; }
  size_t size() const { return size_; }  ///< bytes it took; others may follow
  /// Every class and function that is named anywhere in it, used or not.
  const std::set<std::string>& globals() const { return globals_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  std::set<std::string> globals_;
  PickleRef root_ = nullptr;
  size_t size_ = 0;
};

/// Reads one pickle (protocols 0 to 5) at the beginning of `bytes` as plain values. Nothing is imported, called or
/// constructed. Needs memory and time in proportion to `bytes`. Throws DataError naming `origin`, the byte and the
/// opcode for what is malformed, refers to itself, or is not supported (extension registry, out-of-band buffers).
Pickle read_pickle(std::string_view bytes, const std::string& origin);

}  // namespace tvr
