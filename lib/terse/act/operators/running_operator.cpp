#include "terse/act/operators/running_operator.hpp"

#include <algorithm>
#include <unordered_map>

#include "terse/core/error.hpp"

namespace terse::act {

namespace {

std::uint32_t version_of(const c10::TensorImpl* tensor) {
  const auto& counter = tensor->version_counter();
  return counter.enabled() ? counter.current_version() : 0;
}

}  // namespace

void RunningOperator::begin(const at::RecordFunction& function) {
  name_ = function.name();
  overload_ = function.overload_name();
  tensors_.clear();
  values_.clear();
  const auto inputs = function.inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const c10::IValue& input = inputs[i];
    if (input.isTensor()) {
      add(input.toTensor(), i, -1);
    } else if (input.isTensorList()) {
      const auto list = input.toTensorVector();
      for (std::size_t k = 0; k < list.size(); ++k) add(list[k], i, static_cast<std::int64_t>(k));
    } else if (input.isDouble() || input.isInt() || input.isBool() || input.isIntList() || input.isString()) {
      values_.push_back({i, input});
    }
  }
}

void RunningOperator::begin_custom() {
  name_ = "custom";
  overload_.clear();
  tensors_.clear();
  values_.clear();
}

void RunningOperator::add(const at::Tensor& tensor, std::size_t index, std::int64_t element) {
  if (!tensor.defined()) return;
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  tensors_.push_back({impl, version_of(impl), static_cast<std::int16_t>(index), static_cast<std::int16_t>(element)});
}

/// Looked up once by a thread and an operator, since schemas are found under a lock.
const std::vector<RunningOperator::Argument>& RunningOperator::schema() const {
  thread_local std::unordered_map<std::string, std::vector<Argument>> schemas;
  auto [entry, is_new] = schemas.try_emplace(name_ + "." + overload_);
  if (is_new) {
    if (const auto handle = c10::Dispatcher::singleton().findSchema({name_, overload_})) {
      for (const auto& argument : handle->schema().arguments()) {
        entry->second.push_back({argument.name(), argument.alias_info() && argument.alias_info()->isWrite()});
      }
    }
  }
  return entry->second;
}

std::optional<std::size_t> RunningOperator::find_index(std::string_view argument) const {
  const auto& arguments = schema();
  const auto found =
      std::find_if(arguments.begin(), arguments.end(), [&](const Argument& one) { return one.name == argument; });
  if (found == arguments.end()) return std::nullopt;
  return static_cast<std::size_t>(found - arguments.begin());
}

std::optional<std::size_t> RunningOperator::index_of(std::string_view argument) const {
  const auto index = find_index(argument);
  if (!index && !schema().empty()) {
    throw Error(Error::Internal, name_ + " has no argument '" + std::string(argument) + "'");
  }
  return index;
}

const c10::IValue* RunningOperator::value_of(std::string_view argument) const {
  const auto index = index_of(argument);
  if (!index) return nullptr;
  for (const auto& [i, value] : values_) {
    if (i == *index) return &value;
  }
  return nullptr;
}

std::optional<double> RunningOperator::number(std::string_view argument) const {
  const c10::IValue* value = value_of(argument);
  if (!value || value->isIntList() || value->isString()) return std::nullopt;
  if (value->isBool()) return value->toBool() ? 1.0 : 0.0;
  return value->toScalar().toDouble();
}

std::vector<std::int64_t> RunningOperator::integers(std::string_view argument) const {
  const c10::IValue* value = value_of(argument);
  return value && value->isIntList() ? value->toIntVector() : std::vector<std::int64_t>{};
}

std::string RunningOperator::text(std::string_view argument) const {
  const c10::IValue* value = value_of(argument);
  return value && value->isString() ? value->toStringRef() : std::string();
}

std::optional<at::IntArrayRef> RunningOperator::sizes(std::string_view argument) const {
  const auto index = index_of(argument);
  for (const TensorArgument& found : tensors_) {
    if (index && static_cast<std::size_t>(found.index) == *index) return found.tensor->sizes();
  }
  return std::nullopt;
}

at::Tensor RunningOperator::tensor(std::string_view argument) const {
  const auto index = find_index(argument);
  for (const TensorArgument& found : tensors_) {
    if (!index || static_cast<std::size_t>(found.index) != *index || version_of(found.tensor) != found.version)
      continue;
    auto* impl = const_cast<c10::TensorImpl*>(found.tensor);
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl));
  }
  return {};
}

std::optional<RunningOperator::Place> RunningOperator::place_of(const at::Tensor& tensor) const {
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  const auto found =
      std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& one) { return one.tensor == impl; });
  if (found == tensors_.end()) return std::nullopt;
  const auto& arguments = schema();
  const auto index = static_cast<std::size_t>(found->index);
  Place place{index < arguments.size() ? arguments[index].name : "argument" + std::to_string(index),
              version_of(impl) != found->version};
  if (found->element >= 0) place.argument += "[" + std::to_string(found->element) + "]";
  return place;
}

bool RunningOperator::is_about_to_write(const at::Tensor& tensor) const {
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  return std::any_of(tensors_.begin(), tensors_.end(), [&](const TensorArgument& one) {
    if (one.tensor != impl || version_of(impl) != one.version) return false;
    const auto& arguments = schema();
    const auto index = static_cast<std::size_t>(one.index);
    return index < arguments.size() && arguments[index].is_written;
  });
}

}  // namespace terse::act
