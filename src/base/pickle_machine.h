#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pickle_input.h"
#include "tvr/base/pickle.h"

namespace tvr {

/// Interprets the opcodes of a pickle. Values are owned by the pickle that is being made; stack and memo only point to
/// them. The run_ functions do one opcode of their group, and return false where it is of another.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, const std::string& origin);
  Pickle run();

 private:
  using Kind = PickleSequence::Kind;

  bool run_number(uint8_t opcode);
  bool run_text(uint8_t opcode);
  bool run_stack(uint8_t opcode);
  bool run_container(uint8_t opcode);
  bool run_object(uint8_t opcode);

  PickleValue* make(PickleValue value) { return &pickle_.values_.emplace_back(std::move(value)); }
  bool push(PickleValue* value);
  bool push(PickleValue value) { return push(make(std::move(value))); }
  template <class Value>
  bool push_valid(const std::optional<Value>& value);
  bool push_utf8(std::string_view text);
  bool push_quoted(std::string_view text);
  bool push_number_of_line();
  bool push_boolean_or_number();

  PickleValue* top() const;
  template <class Value>
  Value* top_as();
  PickleValue* pop();
  std::vector<PickleRef> pop_to_mark();
  bool pop_value_or_mark();
  bool put(uint64_t place);
  bool get(uint64_t place);
  uint64_t place_of_line();

  bool push_sequence(Kind kind, std::vector<PickleRef> items);
  bool push_tuple_of(size_t size);
  bool push_map(const std::vector<PickleRef>& keys_and_values);
  bool add_to_sequence(const std::vector<PickleRef>& items, Kind kind);
  bool add_one_to_map();
  bool add_to_map(const std::vector<PickleRef>& keys_and_values);
  PickleValue* added_items(PickleObject& object, PickleValue empty);

  PickleValue* make_global(std::string_view module, std::string_view name);
  PickleValue* pop_global_name();
  bool push_object(PickleRef function, PickleRef arguments);
  bool push_object_of_stack();
  bool push_object_with_keywords();
  bool push_object_of_mark();
  bool set_state();

  PickleInput input_;
  Pickle pickle_;
  std::vector<PickleValue*> stack_, memo_;
  std::vector<size_t> marks_;
  uint64_t memoized_ = 0;
  PickleValue *none_, *false_, *true_, *empty_tuple_;  // frequent and unchangeable
};

}  // namespace tvr
