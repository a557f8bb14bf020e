#include "tvr/base/pickle.h"

#include "base/pickle_literals.h"
#include "base/pickle_machine.h"
#include "base/pickle_shape.h"

// The opcodes and what they do to stack and memo: Python's pickletools. No C++ library reads pickles without Python.
namespace tvr {

PickleMachine::PickleMachine(std::string_view bytes, const std::string& origin)
    : input_(bytes, origin),
      none_(make({PickleNone{}})),
      false_(make({false})),
      true_(make({true})),
      empty_tuple_(make({PickleSequence{Kind::kTuple, {}}})) {}

Pickle PickleMachine::run() {
  for (uint8_t opcode = input_.opcode(); opcode != '.'; opcode = input_.opcode())
    if (!run_number(opcode) && !run_text(opcode) && !run_container(opcode) && !run_object(opcode) && !run_stack(opcode))
      input_.fail("there is no such opcode.");
  const auto* root = pop();
  pickle_.root_ = root;
  pickle_.size_ = input_.position();
  if (const auto problem = shape_problem(root)) input_.fail(*problem);
  return std::move(pickle_);
}

bool PickleMachine::push(PickleValue* value) {
  stack_.push_back(value);
  return true;
}

template <class Value>
bool PickleMachine::push_valid(const std::optional<Value>& value) {
  if (!value) input_.fail("a number or text is malformed.");
  return push(PickleValue{*value});
}

bool PickleMachine::push_utf8(std::string_view text) {
  auto value = text_or_bytes(text);
  if (std::holds_alternative<PickleBytes>(value.value)) input_.fail("a text is not valid UTF-8.");
  return push(std::move(value));
}

bool PickleMachine::push_quoted(std::string_view text) {
  const auto bytes = unquoted(text);
  if (!bytes) input_.fail("a text is malformed.");
  return push(text_or_bytes(*bytes));
}

bool PickleMachine::push_number_of_line() {
  auto text = input_.line();
  if (text.ends_with('L')) text.remove_suffix(1);
  return push_valid(integer_of_text(text));
}

bool PickleMachine::push_boolean_or_number() {
  const auto text = input_.line();
  if (text == "00" || text == "01") return push(text == "01" ? true_ : false_);
  return push_valid(integer_of_text(text));
}

bool PickleMachine::run_number(uint8_t opcode) {
  switch (opcode) {
    case 'I':
      return push_boolean_or_number();
    case 'L':
      return push_number_of_line();
    case 'J':
      return push(PickleValue{int64_t{input_.int32()}});
    case 'K':
      return push(PickleValue{static_cast<int64_t>(input_.unsigned_number(1))});
    case 'M':
      return push(PickleValue{static_cast<int64_t>(input_.unsigned_number(2))});
    case 0x8A:  // LONG1
      return push(integer_of_bytes(input_.counted(1)));
    case 0x8B:  // LONG4
      return push(integer_of_bytes(input_.counted(4)));
    case 'F':
      return push_valid(double_of_text(input_.line()));
    case 'G':
      return push(PickleValue{input_.big_endian_double()});
    case 'N':
      return push(none_);
    case 0x88:
      return push(true_);
    case 0x89:
      return push(false_);
    default:
      return false;
  }
}

bool PickleMachine::run_text(uint8_t opcode) {
  switch (opcode) {
    case 'S':
      return push_quoted(input_.line());
    case 'T':  // BINSTRING
      return push(text_or_bytes(input_.counted(4)));
    case 'U':  // SHORT_BINSTRING
      return push(text_or_bytes(input_.counted(1)));
    case 'V':
      return push_valid(text_of_raw_unicode_escape(input_.line()));
    case 'X':  // BINUNICODE
      return push_utf8(input_.counted(4));
    case 0x8C:  // SHORT_BINUNICODE
      return push_utf8(input_.counted(1));
    case 0x8D:  // BINUNICODE8
      return push_utf8(input_.counted(8));
    case 'B':  // BINBYTES
      return push(PickleValue{PickleBytes{std::string(input_.counted(4))}});
    case 'C':  // SHORT_BINBYTES
      return push(PickleValue{PickleBytes{std::string(input_.counted(1))}});
    case 0x8E:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      return push(PickleValue{PickleBytes{std::string(input_.counted(8))}});
    default:
      return false;
  }
}

PickleValue* PickleMachine::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) input_.fail("it takes a value that is not there.");
  return stack_.back();
}

PickleValue* PickleMachine::pop() {
  auto* const value = top();
  stack_.pop_back();
  return value;
}

std::vector<PickleRef> PickleMachine::pop_to_mark() {
  if (marks_.empty()) input_.fail("it takes values up to a mark that is not there.");
  const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
  std::vector<PickleRef> values(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return values;
}

bool PickleMachine::pop_value_or_mark() {
  if (!marks_.empty() && marks_.back() == stack_.size())
    marks_.pop_back();
  else
    pop();
  return true;
}

// Whoever counts his values never needs a place beyond the number of bytes.
bool PickleMachine::put(uint64_t place) {
  if (place > input_.size()) input_.fail("the memo has no place " + std::to_string(place) + ".");
  if (place >= memo_.size()) memo_.resize(place + 1, nullptr);
  if (memo_[place] == nullptr) ++memoized_;
  memo_[place] = top();
  return true;
}

bool PickleMachine::get(uint64_t place) {
  if (place >= memo_.size() || memo_[place] == nullptr)
    input_.fail("nothing was put into the memo at place " + std::to_string(place) + ".");
  return push(memo_[place]);
}

uint64_t PickleMachine::place_of_line() {
  const auto number = integer_of_text(input_.line());
  const auto* place = number ? std::get_if<int64_t>(&number->value) : nullptr;
  if (place == nullptr || *place < 0) input_.fail("a place of the memo is malformed.");
  return static_cast<uint64_t>(*place);
}

bool PickleMachine::run_stack(uint8_t opcode) {
  switch (opcode) {
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case '0':
      return pop_value_or_mark();
    case '1':
      pop_to_mark();
      return true;
    case '2':
      return push(top());
    case 'p':
      return put(place_of_line());
    case 'q':
      return put(input_.unsigned_number(1));
    case 'r':
      return put(input_.unsigned_number(4));
    case 0x94:  // MEMOIZE
      return put(memoized_);
    case 'g':
      return get(place_of_line());
    case 'h':
      return get(input_.unsigned_number(1));
    case 'j':
      return get(input_.unsigned_number(4));
    case 0x80:  // PROTO
      if (input_.unsigned_number(1) > 5) input_.fail("it is of a newer protocol than 5.");
      return true;
    case 0x95:  // FRAME
      input_.check_left(input_.unsigned_number(8));
      return true;
    case 0x82:  // EXT1
    case 0x83:
    case 0x84:
      input_.fail("it refers to Python's extension registry, which is not part of the file.");
    case 0x97:  // NEXT_BUFFER
    case 0x98:
      input_.fail("it refers to a buffer that is not part of the file.");
    default:
      return false;
  }
}

Pickle read_pickle(std::string_view bytes, const std::string& origin) {
  return PickleMachine(bytes, origin).run();
}

}  // namespace tvr
