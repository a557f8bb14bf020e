#include "base/torch_tensors.h"

#include <set>

#include "base/array_layout.h"
#include "base/pickle_shape.h"
#include "base/torch_types.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"

namespace tvr {
namespace {

constexpr size_t kMaxName = 1000;
constexpr size_t kMaxDimensions = 64;               // PyTorch's own limit
constexpr int64_t kMaxRepeated = int64_t{1} << 28;  // elements of a view that repeats those of its storage

template <class Value>
const Value* as(PickleRef value) {
  return value == nullptr ? nullptr : std::get_if<Value>(&value->value);
}

bool is_empty(PickleRef value) {
  const auto* map = as<PickleMap>(value);
  return as<PickleNone>(value) != nullptr || (map != nullptr && map->items.empty());
}

/// Arguments of a call, or a tuple in them; every access is checked.
class Arguments {
 public:
  Arguments(PickleRef tuple, const std::string& where) : where_(where) {
    const auto* sequence = as<PickleSequence>(tuple);
    if (sequence == nullptr) fail();
    items_ = &sequence->items;
  }
  size_t size() const { return items_->size(); }
  PickleRef at(size_t i) const {
    if (i >= items_->size()) fail();
    return (*items_)[i];
  }
  template <class Value>
  const Value& get(size_t i) const {
    const auto* value = as<Value>(at(i));
    if (value == nullptr) fail();
    return *value;
  }
  int64_t count(size_t i) const {
    const auto number = get<int64_t>(i);
    if (number < 0) fail();
    return number;
  }
  std::vector<int64_t> counts(size_t i) const {
    const Arguments tuple(at(i), where_);
    std::vector<int64_t> numbers;
    for (size_t k = 0; k < tuple.size(); ++k) numbers.push_back(tuple.count(k));
    return numbers;
  }
  [[noreturn]] void fail() const {
    throw DataError(where_ + " is described in a way that torch.save does not write; the file is damaged.");
  }

 private:
  const std::string& where_;
  const std::vector<PickleRef>* items_ = nullptr;
};

// ('storage', class, key, location, number of elements[, view])
TorchStorage read_storage(PickleRef id, const std::string& where) {
  const Arguments arguments(id, where);
  if (arguments.get<std::string>(0) != "storage") arguments.fail();
  const auto& name = arguments.get<PickleGlobal>(1).name;
  TorchStorage storage{arguments.get<std::string>(2)};
  storage.count = arguments.count(4);
  storage.is_untyped = is_untyped_storage(name);
  if (const auto type = type_of_torch_storage(name))
    storage.type = *type;
  else if (!storage.is_untyped)
    arguments.fail();
  storage.element_size = element_size(storage.type);
  if (arguments.size() > 5 && as<PickleNone>(arguments.at(5)) == nullptr)
    throw DataError(where + " views a part of a storage as PyTorch before 0.4 did; save it again by a newer one.");
  if (bytes_at_most({storage.count}, storage.element_size) < 0) arguments.fail();
  return storage;
}

/// Collects the tensors of a saved object. Recursive: read_pickle() bounds depth and number of steps.
class TensorCollector {
 public:
  explicit TensorCollector(const std::string& origin) : origin_(origin) {}

  void visit(PickleRef value, const std::string& name) {
    if (const auto* map = as<PickleMap>(value)) return visit_map(*map, name);
    if (const auto* sequence = as<PickleSequence>(value)) return visit_sequence(*sequence, name);
    if (const auto* object = as<PickleObject>(value)) return visit_object(*object, name);
    if (as<PicklePersistent>(value) != nullptr)
      throw DataError(where(name) + " is a storage without a tensor; save the tensor.");
  }
  std::vector<TorchTensor> take() { return std::move(tensors_); }

 private:
  std::string where(const std::string& name) const {
    return origin_ + ": " + (name.empty() ? "the saved object" : "'" + escaped(name) + "'");
  }
  std::string below(const std::string& name, const std::string& key) const {
    if (name.size() + key.size() > kMaxName) throw DataError(where(name) + ": the name of an array in it is too long.");
    return name.empty() ? key : name + "." + key;
  }
  std::string key_text(PickleRef key, const std::string& name) const {
    if (const auto* text = as<std::string>(key)) return *text;
    if (const auto* number = as<int64_t>(key)) return std::to_string(*number);
    throw DataError(where(name) + " has a key that is neither text nor an integer; the arrays in it cannot be named.");
  }

  void visit_map(const PickleMap& map, const std::string& name) {
    for (const auto& [key, value] : map.items) visit(value, below(name, key_text(key, name)));
  }
  void visit_sequence(const PickleSequence& sequence, const std::string& name) {
    for (size_t i = 0; i < sequence.items.size(); ++i) visit(sequence.items[i], below(name, std::to_string(i)));
  }
  void visit_object(const PickleObject& object, const std::string& name) {
    const auto* function = as<PickleGlobal>(object.function);
    if (function == nullptr)
      throw DataError(where(name) + " calls what another call made; tvr runs no code from files.");
    visit_call(function->name, object, name);
  }
  void visit_call(const std::string& function, const PickleObject& object, const std::string& name) {
    const auto place = where(name);
    const Arguments arguments(object.arguments, place);
    if (is_tensor_function(function)) return add_tensor(function, arguments, name);
    if (is_parameter_function(function)) return visit(arguments.at(0), name);
    if (function == "torch._tensor._rebuild_from_type_v2")  // (function, class, its arguments, attributes)
      return visit_call(arguments.get<PickleGlobal>(0).name, {arguments.at(0), arguments.at(2)}, name);
    if (function == "collections.OrderedDict") return visit_ordered(object, arguments, name);
    if (is_script_class(function)) return visit_module(object, arguments, name);
    if (is_script_list(function)) return visit(arguments.at(0), name);
    if (function != "torch.Size" && function != "torch.device") arguments.fail();
  }
  // A module of a TorchScript archive: made empty, then given its attributes.
  void visit_module(const PickleObject& object, const Arguments& arguments, const std::string& name) {
    if (arguments.size() != 0 || as<PickleMap>(object.state) == nullptr) arguments.fail();
    visit(object.state, name);
  }
  // Python 2 hands the items over as one list of pairs, Python 3 adds them to an empty dictionary.
  void visit_ordered(const PickleObject& object, const Arguments& arguments, const std::string& name) {
    const auto place = where(name);
    if (arguments.size() > 0) {
      const Arguments pairs(arguments.at(0), place);
      for (size_t i = 0; i < pairs.size(); ++i) {
        const Arguments pair(pairs.at(i), place);
        visit(pair.at(1), below(name, key_text(pair.at(0), name)));
      }
    }
    if (object.items == nullptr) return;
    const auto* map = as<PickleMap>(object.items);
    if (map == nullptr) arguments.fail();
    visit_map(*map, name);
  }

  // (storage, offset, size, stride[, requires_grad, hooks[, dtype: version 3 only][, metadata]])
  void add_tensor(const std::string& function, const Arguments& arguments, const std::string& name) {
    const bool has_type = function.ends_with("_v3");
    const auto place = where(name);
    TorchTensor tensor;
    tensor.name = name;
    tensor.storage = read_storage(arguments.get<PicklePersistent>(0).id, place);
    tensor.offset = arguments.count(1);
    tensor.shape = arguments.counts(2);
    tensor.strides = arguments.counts(3);
    tensor.type = tensor.storage.type;
    if (has_type) {
      const auto& dtype = arguments.get<PickleGlobal>(6).name;
      const auto type = type_of_torch_dtype(dtype);
      if (!type) throw DataError(place + " has elements of " + escaped(dtype) + ", which cannot be read; convert it.");
      tensor.type = *type;
    }
    const size_t metadata = has_type ? 7 : 6;
    if (arguments.size() > metadata && !is_empty(arguments.at(metadata)))
      throw DataError(place + " is to be negated or conjugated when it is used; save tensor.resolve_neg().clone().");
    check_layout(tensor, arguments);
    if (!names_.insert(name).second) throw DataError(origin_ + ": two tensors bear the name '" + escaped(name) + "'.");
    tensors_.push_back(std::move(tensor));
  }
  void check_layout(const TorchTensor& tensor, const Arguments& arguments) const {
    const int64_t size = element_size(tensor.type);
    const int64_t available = tensor.storage.count * tensor.storage.element_size / size;
    const int64_t bytes = bytes_at_most(tensor.shape, size);
    if (tensor.shape.size() > kMaxDimensions || tensor.shape.size() != tensor.strides.size() || bytes < 0)
      arguments.fail();
    if (tensor.type != tensor.storage.type && !tensor.storage.is_untyped) arguments.fail();
    const int64_t count = element_count(tensor.shape);
    if (count == 0) return;
    int64_t last = tensor.offset;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      int64_t step = 0;
      if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &step) ||
          __builtin_add_overflow(last, step, &last))
        arguments.fail();
    }
    if (last >= available)
      throw DataError(where(tensor.name) + ", " + shape_text(tensor.shape) + ", reaches beyond the " +
                      std::to_string(available) + " elements of its storage; the file is damaged.");
    if (count > available && count > kMaxRepeated)
      throw DataError(where(tensor.name) + ", " + shape_text(tensor.shape) + ", repeats the few elements of its " +
                      "storage; save tensor.contiguous().");
  }

  const std::string& origin_;
  std::vector<TorchTensor> tensors_;
  std::set<std::string> names_;
};

void collect_storages(const PickleValue& value, const std::string& origin, std::map<std::string, TorchStorage>& found) {
  if (const auto* persistent = std::get_if<PicklePersistent>(&value.value)) {
    auto storage = read_storage(persistent->id, origin + ": a storage");
    const auto [place, is_new] = found.emplace(storage.key, storage);
    if (!is_new && (place->second.count != storage.count || place->second.element_size != storage.element_size))
      throw DataError(origin + ": the storage '" + escaped(storage.key) + "' is described in two ways.");
    return;
  }
  for (size_t i = 0; const PickleRef child = pickle_child(value, i); ++i) collect_storages(*child, origin, found);
}

}  // namespace

void check_torch_globals(const Pickle& pickle, const std::string& origin, bool is_script) {
  for (const auto& name : pickle.globals()) {
    if (is_known_torch_global(name) || (is_script && (is_script_class(name) || is_script_list(name)))) continue;
    throw DataError(
        origin + ": names the class or function " + escaped(name) + "; tvr runs no code from files. " +
        "Save plain tensors of real numbers in dictionaries, lists or tuples: torch.save(model.state_dict(), …).");
  }
}

std::vector<TorchTensor> torch_tensors(const Pickle& pickle, const std::string& origin) {
  TensorCollector collector(origin);
  collector.visit(&pickle.root(), "");
  return collector.take();
}

std::map<std::string, TorchStorage> torch_storages(const Pickle& pickle, const std::string& origin) {
  std::map<std::string, TorchStorage> storages;
  collect_storages(pickle.root(), origin, storages);
  return storages;
}

StoredArray stored_array(const TorchTensor& tensor, std::string_view bytes, bool big_endian,
                         std::shared_ptr<const void> keeps_alive) {
  const int64_t size = element_size(tensor.type);
  const auto* data = element_count(tensor.shape) == 0 ? bytes.data() : bytes.data() + tensor.offset * size;
  return {tensor.name, tensor.type, tensor.shape, tensor.strides, big_endian && size > 1, data, std::move(keeps_alive)};
}

}  // namespace tvr
