#include "terse/train/exported/binding.hpp"

#include <ATen/ScalarOps.h>

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/train/exported/types.hpp"

namespace terse::train::exported {

namespace {

/// What the file's numbers for element types, layouts and memory formats are in LibTorch. Devices are all the CPU:
/// a program that was exported on another device runs here.
c10::IValue translate(const Argument& argument, const Element& element, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(Error::BadInput, "argument '" + name + "': " + what);
  };
  using enum Argument::Meaning;
  const auto* number = std::get_if<std::int64_t>(&element);
  switch (argument.meaning) {
    case Plain:
    case Unsupported:  // refused before
      break;
    case Device:
      return c10::IValue(c10::Device(c10::kCPU));
    case ScalarType: {
      const auto dtype = number ? element_type(*number) : std::nullopt;
      if (!dtype) refuse("an element type that is not supported");
      return c10::IValue(static_cast<std::int64_t>(scalar_type(*dtype)));
    }
    case Layout:
      if (!number || *number != 7) refuse("a layout other than strided");
      return c10::IValue(static_cast<std::int64_t>(c10::Layout::Strided));
    case MemoryFormat: {
      constexpr c10::MemoryFormat kFormats[] = {c10::MemoryFormat::Contiguous, c10::MemoryFormat::ChannelsLast,
                                                c10::MemoryFormat::ChannelsLast3d, c10::MemoryFormat::Preserve};
      if (!number || *number < 1 || *number > 4) refuse("an unknown memory format");
      return c10::IValue(static_cast<std::int64_t>(kFormats[*number - 1]));
    }
  }
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, ValueName>) {
          return c10::IValue();
        } else {
          return c10::IValue(value);
        }
      },
      element);
}

/// A Python number where a tensor belongs takes part in type promotion as a number, not as a tensor.
at::Tensor wrapped_number(const c10::IValue& value) { return at::native::wrapped_scalar_tensor(value.toScalar()); }

template <class T, class Get>
c10::IValue list_of(const std::vector<c10::IValue>& items, Get get) {
  c10::List<T> list;
  list.reserve(items.size());
  for (const c10::IValue& item : items) list.push_back(get(item));
  return c10::IValue(std::move(list));
}

}  // namespace

void Binding::refuse(const std::string& what) const {
  throw Error(Error::BadInput, "argument '" + name_ + "': " + what);
}

Binding::Binding(const c10::Argument& schema, const Argument* given, const SlotOf& slot_of) : name_(schema.name()) {
  if (given && given->meaning == Argument::Meaning::Unsupported) refuse("kind " + given->kind + " is not supported");
  const bool none = given && !given->list && std::holds_alternative<std::monostate>(given->elements.at(0));
  if (!given || none) {
    if (none) {
      if (schema.type()->kind() != c10::TypeKind::OptionalType) refuse("is None");
    } else if (schema.default_value()) {
      made_ = *schema.default_value();
    } else if (schema.type()->kind() != c10::TypeKind::OptionalType) {
      refuse("is missing");
    }
    constant_ = true;
    return;
  }
  choose_form(*schema.type());
  if (list_ && !given->list) {  // "kernel_size=3" for int[2]
    Argument repeated = *given;
    repeated.list = true;
    repeated.elements.assign(static_cast<std::size_t>(schema.N().value_or(1)), given->elements.at(0));
    add_items(repeated, slot_of);
  } else if (!list_ && given->list) {
    refuse("is a list");
  } else {
    add_items(*given, slot_of);
  }
}

Binding::Binding(const Argument& given, const SlotOf& slot_of) : name_(given.kind) {
  if (given.list || given.meaning != Argument::Meaning::Plain) refuse("is no number");
  add_items(given, slot_of);
}

void Binding::choose_form(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::OptionalType: {
      const auto& inner = *type.expectRef<c10::OptionalType>().getElementType();
      choose_form(inner);
      if (form_ == Form::Tensor && !list_) form_ = Form::OptionalTensor;
      return;
    }
    case c10::TypeKind::ListType: {
      if (list_) refuse("has type " + type.str() + ", which is not supported");
      list_ = true;
      const auto& element = *type.expectRef<c10::ListType>().getElementType();
      if (element.kind() == c10::TypeKind::OptionalType) {
        const auto& inner = *element.expectRef<c10::OptionalType>().getElementType();
        if (inner.kind() != c10::TypeKind::TensorType) refuse("has type " + type.str() + ", which is not supported");
        form_ = Form::OptionalTensor;
        return;
      }
      choose_form(element);
      return;
    }
    case c10::TypeKind::TensorType:
      form_ = Form::Tensor;
      return;
    case c10::TypeKind::NumberType:
      form_ = Form::Scalar;
      return;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      form_ = Form::Integer;
      return;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      form_ = Form::Float;
      return;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      form_ = Form::Bool;
      return;
    case c10::TypeKind::StringType:
      form_ = Form::String;
      return;
    case c10::TypeKind::DeviceObjType:
      form_ = Form::Device;
      return;
    default:
      refuse("has type " + type.str() + ", which is not supported");
  }
}

void Binding::add_items(const Argument& given, const SlotOf& slot_of) {
  constant_ = true;
  for (const Element& element : given.elements) {
    Item item;
    if (const auto* use = std::get_if<ValueName>(&element)) {
      item.from_slot = true;
      item.slot = slot_of(use->name);
      constant_ = false;
    } else {
      item.constant = translate(given, element, name_);
    }
    items_.push_back(std::move(item));
  }
  if (constant_) made_ = build({});
}

c10::IValue Binding::convert(const c10::IValue& value) const {
  const bool number = value.isInt() || value.isDouble() || value.isBool();
  switch (form_) {
    case Form::Any:
      return value;
    case Form::OptionalTensor:
      if (value.isNone()) return value;
      [[fallthrough]];
    case Form::Tensor:
      if (value.isTensor()) return value;
      if (number) return c10::IValue(wrapped_number(value));
      break;
    case Form::Scalar:
      if (number) return value;
      break;
    case Form::Integer:
      if (value.isInt()) return value;
      if (value.isBool()) return c10::IValue(std::int64_t{value.toBool()});
      break;
    case Form::Float:
      if (value.isDouble()) return value;
      if (value.isInt()) return c10::IValue(static_cast<double>(value.toInt()));
      break;
    case Form::Bool:
      if (value.isBool()) return value;
      break;
    case Form::String:
      if (value.isString()) return value;
      break;
    case Form::Device:
      if (value.isDevice()) return value;
      break;
  }
  refuse("a value of type " + value.tagKind() + " does not fit");
}

c10::IValue Binding::make_list(const Values& values) const {
  std::vector<c10::IValue> items;
  items.reserve(items_.size());
  for (const Item& item : items_) items.push_back(convert(item.from_slot ? values[item.slot] : item.constant));
  switch (form_) {
    case Form::Tensor:
      return list_of<at::Tensor>(items, [](const c10::IValue& v) { return v.toTensor(); });
    case Form::OptionalTensor:
      return list_of<std::optional<at::Tensor>>(
          items, [](const c10::IValue& v) { return v.isNone() ? std::nullopt : std::optional(v.toTensor()); });
    case Form::Scalar:
      return list_of<c10::Scalar>(items, [](const c10::IValue& v) { return v.toScalar(); });
    case Form::Integer:
      return list_of<std::int64_t>(items, [](const c10::IValue& v) { return v.toInt(); });
    case Form::Float:
      return list_of<double>(items, [](const c10::IValue& v) { return v.toDouble(); });
    case Form::Bool:
      return list_of<bool>(items, [](const c10::IValue& v) { return v.toBool(); });
    case Form::String:
      return list_of<std::string>(items, [](const c10::IValue& v) { return v.toStringRef(); });
    case Form::Any:
    case Form::Device:
      break;
  }
  refuse("a list of this type is not supported");
}

c10::IValue Binding::build(const Values& values) const {
  if (list_) return make_list(values);
  const Item& item = items_.front();
  return convert(item.from_slot ? values[item.slot] : item.constant);
}

c10::IValue Binding::make(const Values& values) const { return constant_ ? made_ : build(values); }

std::vector<std::size_t> Binding::slots() const {
  std::vector<std::size_t> slots;
  for (const Item& item : items_) {
    if (item.from_slot) slots.push_back(item.slot);
  }
  return slots;
}

}  // namespace terse::train::exported
