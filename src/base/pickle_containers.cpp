#include "base/pickle_literals.h"
#include "base/pickle_machine.h"

namespace tvr {
namespace {

constexpr size_t kMaxName = 256;

}  // namespace

// The value on top if it is of that kind, else null.
template <class Value>
Value* PickleMachine::top_as() {
  return std::get_if<Value>(&top()->value);
}

bool PickleMachine::push_sequence(Kind kind, std::vector<PickleRef> items) {
  return push(PickleValue{PickleSequence{kind, std::move(items)}});
}

bool PickleMachine::push_tuple_of(size_t size) {
  std::vector<PickleRef> items(size);
  for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
  return push_sequence(Kind::kTuple, std::move(items));
}

bool PickleMachine::push_map(const std::vector<PickleRef>& keys_and_values) {
  push(PickleValue{PickleMap{}});
  return add_to_map(keys_and_values);
}

// What is added to an object is kept beside it: it would be a list or a dictionary, or add them in its own way.
PickleValue* PickleMachine::added_items(PickleObject& object, PickleValue empty) {
  if (object.items == nullptr) object.items = make(std::move(empty));
  // The machine made it, so it may change it.
  return const_cast<PickleValue*>(object.items);
}

bool PickleMachine::add_to_sequence(const std::vector<PickleRef>& items, Kind kind) {
  auto* sequence = top_as<PickleSequence>();
  if (auto* object = top_as<PickleObject>(); object != nullptr && kind == Kind::kList)
    sequence = std::get_if<PickleSequence>(&added_items(*object, {PickleSequence{}})->value);
  if (sequence == nullptr || sequence->kind != kind) input_.fail("it adds items to something that takes none.");
  sequence->items.insert(sequence->items.end(), items.begin(), items.end());
  return true;
}

bool PickleMachine::add_one_to_map() {
  const auto* value = pop();
  const auto* key = pop();
  return add_to_map({key, value});
}

bool PickleMachine::add_to_map(const std::vector<PickleRef>& keys_and_values) {
  auto* map = top_as<PickleMap>();
  if (auto* object = top_as<PickleObject>()) map = std::get_if<PickleMap>(&added_items(*object, {PickleMap{}})->value);
  if (map == nullptr) input_.fail("it sets items of something that is no dictionary.");
  if (keys_and_values.size() % 2 != 0) input_.fail("a key of a dictionary has no value.");
  for (size_t i = 0; i < keys_and_values.size(); i += 2)
    map->items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  return true;
}

bool PickleMachine::run_container(uint8_t opcode) {
  switch (opcode) {
    case ']':
      return push_sequence(Kind::kList, {});
    case 'l':
      return push_sequence(Kind::kList, pop_to_mark());
    case 'a': {
      const auto* item = pop();
      return add_to_sequence({item}, Kind::kList);
    }
    case 'e':
      return add_to_sequence(pop_to_mark(), Kind::kList);
    case ')':
      return push(empty_tuple_);
    case 't':
      return push_sequence(Kind::kTuple, pop_to_mark());
    case 0x85:  // TUPLE1
    case 0x86:
    case 0x87:
      return push_tuple_of(opcode - 0x84u);
    case 0x8F:  // EMPTY_SET
      return push_sequence(Kind::kSet, {});
    case 0x90:  // ADDITEMS
      return add_to_sequence(pop_to_mark(), Kind::kSet);
    case 0x91:  // FROZENSET
      return push_sequence(Kind::kFrozenSet, pop_to_mark());
    case '}':
      return push_map({});
    case 'd':
      return push_map(pop_to_mark());
    case 's':
      return add_one_to_map();
    case 'u':
      return add_to_map(pop_to_mark());
    default:
      return false;
  }
}

PickleValue* PickleMachine::make_global(std::string_view module, std::string_view name) {
  // Long ones could be named again and again by their places in the memo.
  if (module.size() > kMaxName || name.size() > kMaxName) input_.fail("the name of a class or function is too long.");
  auto whole = std::string(module) + "." + std::string(name);
  pickle_.globals_.insert(whole);
  return make({PickleGlobal{std::move(whole)}});
}

// STACK_GLOBAL: module and name lie on the stack.
PickleValue* PickleMachine::pop_global_name() {
  const auto* name = std::get_if<std::string>(&pop()->value);
  const auto* module = std::get_if<std::string>(&pop()->value);
  if (name == nullptr || module == nullptr) input_.fail("the name of a class or function is no text.");
  return make_global(*module, *name);
}

bool PickleMachine::push_object(PickleRef function, PickleRef arguments) {
  if (!std::holds_alternative<PickleGlobal>(function->value) && !std::holds_alternative<PickleObject>(function->value))
    input_.fail("it calls something that is no function.");
  const auto* tuple = std::get_if<PickleSequence>(&arguments->value);
  if (tuple == nullptr || tuple->kind != Kind::kTuple) input_.fail("the arguments of a call are no tuple.");
  return push(PickleValue{PickleObject{function, arguments}});
}

// REDUCE and NEWOBJ.
bool PickleMachine::push_object_of_stack() {
  const auto* arguments = pop();
  const auto* function = pop();
  return push_object(function, arguments);
}

// NEWOBJ_EX
bool PickleMachine::push_object_with_keywords() {
  const auto* keywords = pop();
  if (!std::holds_alternative<PickleMap>(keywords->value))
    input_.fail("the keyword arguments of a call are no dictionary.");
  push_object_of_stack();
  top_as<PickleObject>()->keywords = keywords;
  return true;
}

// OBJ: the class and its arguments lie above a mark.
bool PickleMachine::push_object_of_mark() {
  auto values = pop_to_mark();
  if (values.empty()) input_.fail("it takes a value that is not there.");
  const auto* function = values.front();
  values.erase(values.begin());
  return push_object(function, make({PickleSequence{Kind::kTuple, std::move(values)}}));
}

bool PickleMachine::set_state() {
  const auto* state = pop();
  auto* object = top_as<PickleObject>();
  if (object == nullptr || object->state != nullptr)
    input_.fail("it sets the state of something that takes none, or has got one.");
  object->state = state;
  return true;
}

bool PickleMachine::run_object(uint8_t opcode) {
  switch (opcode) {
    case 'c': {
      const auto module = input_.line();
      return push(make_global(module, input_.line()));
    }
    case 0x93:  // STACK_GLOBAL
      return push(pop_global_name());
    case 'R':   // REDUCE
    case 0x81:  // NEWOBJ
      return push_object_of_stack();
    case 0x92:  // NEWOBJ_EX
      return push_object_with_keywords();
    case 'i': {  // INST
      const auto module = input_.line();
      const auto* function = make_global(module, input_.line());
      return push_object(function, make({PickleSequence{Kind::kTuple, pop_to_mark()}}));
    }
    case 'o':
      return push_object_of_mark();
    case 'b':
      return set_state();
    case 'P':
      return push(PickleValue{PicklePersistent{make(text_or_bytes(input_.line()))}});
    case 'Q': {
      const auto* id = pop();
      return push(PickleValue{PicklePersistent{id}});
    }
    default:
      return false;
  }
}

}  // namespace tvr
