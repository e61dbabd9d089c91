#include <algorithm>

#include "terse/act/packing/compression.hpp"
#include "terse/act/packing/recompute.hpp"
#include "terse/core/error.hpp"
#include "terse/train/base/network.hpp"
#include "terse/train/exported/archive.hpp"
#include "terse/train/exported/plan.hpp"
#include "terse/train/exported/segments.hpp"

namespace terse::train {

namespace {

using namespace exported;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// An error of LibTorch while a step ran, as one of ours.
Error step_error(const std::string& path, const Step& step, const c10::Error& error) {
  const std::string what = first_line(error.what_without_backtrace());
  const bool memory =
      dynamic_cast<const c10::OutOfMemoryError*>(&error) || what.find("allocate memory") != std::string::npos;
  const std::string module = step.module_path.empty() ? "" : " in " + step.module_path;
  return {memory ? Error::OutOfMemory : Error::BadInput,
          path + ": node " + step.node + " (" + step.target + ")" + module + ": " + what};
}

std::string shape_text(c10::IntArrayRef sizes) {
  std::string text = "[";
  for (std::size_t d = 0; d < sizes.size(); ++d) text += (d ? ", " : "") + std::to_string(sizes[d]);
  return text + "]";
}

class ExportedNetwork : public Network {
 public:
  explicit ExportedNetwork(Archive archive)
      : path_(archive.path()), graph_(archive.graph()), plan_(make_plan(graph_, path_)) {
    bind_tensors(archive.tensors());
    choose_output();
    for (const OutputSpec& output : graph_.outputs) {
      if (output.kind == OutputSpec::Kind::BufferMutation) add_mutation(output);
    }
    graph_.nodes.clear();  // the plan holds what a run needs
  }

  at::Tensor forward(const std::vector<at::Tensor>& inputs) override {
    Values values(plan_.slot_names.size());
    for (const auto& [slot, value] : bound_) values[slot] = value;
    bind_inputs(inputs, values);
    if (!training_) {
      // What training changes in place (num_batches_tracked) is changed in a copy.
      for (const std::size_t slot : plan_.written) values[slot] = values[slot].toTensor().clone();
    }
    auto segment = segments_.begin();
    for (std::size_t i = 0; i < plan_.steps.size();) {
      if (training_ && segment != segments_.end() && segment->begin == i) {
        run(*segment, values);
        i = segment++->end;
      } else {
        run(plan_.steps[i++], values);
      }
    }
    if (training_) {
      const at::NoGradGuard no_grad;
      for (const auto& [buffer, slot] : mutations_) buffer.copy_(values[slot].toTensor());
    }
    return values[output_].toTensor();
  }

  NamedTensors parameters() const override { return named(InputSpec::Kind::Parameter, true); }
  NamedTensors buffers() const override { return named(InputSpec::Kind::Buffer, true); }
  NamedTensors constants() const override {
    NamedTensors tensors = named(InputSpec::Kind::Buffer, false);
    for (auto& constant : named(InputSpec::Kind::Constant, false)) tensors.push_back(std::move(constant));
    return tensors;
  }
  /// The first extent of its inputs, where all were exported with the same number.
  std::optional<std::int64_t> fixed_batch() const override {
    std::optional<std::int64_t> rows;
    for (const InputSpec& input : graph_.inputs) {
      if (input.kind != InputSpec::Kind::User) continue;
      const auto& sizes = graph_.user_tensors.at(input.value).sizes;
      if (sizes.empty() || !sizes[0].number || (rows && *rows != *sizes[0].number)) return std::nullopt;
      rows = sizes[0].number;
    }
    return rows;
  }
  void set_training(bool on) override { training_ = on; }

  std::size_t recompute(const RecomputeChoice& choice) override {
    if (choice.is_blocks()) return 0;
    if (choice.slices() > 1) throw Error(Error::Usage, "recompute-slices: for built-in models only");
    std::set<std::size_t> bound, kept{output_};
    for (const auto& [slot, value] : bound_) bound.insert(slot);
    for (const auto& [buffer, slot] : mutations_) kept.insert(slot);
    segments_ = find_segments(plan_, choice, bound, kept);
    return segments_.size();
  }

 private:
  void bind_tensors(const std::map<std::string, at::Tensor>& tensors) {
    for (const InputSpec& input : graph_.inputs) {
      if (input.value.empty()) continue;
      const std::size_t slot = plan_.slot_of.at(input.value);
      if (input.kind == InputSpec::Kind::User) {
        if (!graph_.user_tensors.contains(input.value)) {
          throw Error(Error::BadInput, path_ + ": input '" + input.value + "' is no tensor");
        }
      } else if (input.kind == InputSpec::Kind::Literal) {
        bound_.emplace_back(slot, Binding(input.literal, nothing_defined).make({}));
      } else {
        const auto found = tensors.find(input.qualified);
        if (found == tensors.end())
          throw Error(Error::BadInput, path_ + ": tensor '" + input.qualified + "' is missing");
        bound_.emplace_back(slot, found->second);
        named_.emplace_back(&input, found->second);
      }
    }
  }

  static std::size_t nothing_defined(const std::string& name) {
    throw Error(Error::BadInput, "value '" + name + "' is used but not defined");
  }

  std::size_t slot_of_output(const OutputSpec& output) const {
    const auto* use = std::get_if<ValueName>(&output.value.elements.at(0));
    return use ? plan_.slot_of.at(use->name) : plan_.slot_names.size();
  }

  /// The first tensor that the program returns is its logits; what it returns besides is not used.
  void choose_output() {
    const auto found = std::find_if(graph_.outputs.begin(), graph_.outputs.end(), [](const OutputSpec& output) {
      return output.kind == OutputSpec::Kind::User && output.value.kind == "as_tensor";
    });
    if (found == graph_.outputs.end()) throw Error(Error::BadInput, path_ + ": the program returns no tensor");
    output_ = slot_of_output(*found);
  }

  void add_mutation(const OutputSpec& output) {
    const auto found = std::find_if(named_.begin(), named_.end(), [&](const auto& one) {
      return one.first->kind == InputSpec::Kind::Buffer && one.first->qualified == output.qualified;
    });
    if (found == named_.end()) throw Error(Error::BadInput, path_ + ": buffer '" + output.qualified + "' is missing");
    mutations_.emplace_back(found->second, slot_of_output(output));
  }

  void bind_inputs(const std::vector<at::Tensor>& inputs, Values& values) const {
    std::size_t next = 0;
    for (const InputSpec& input : graph_.inputs) {
      if (input.kind != InputSpec::Kind::User) continue;
      if (next < inputs.size()) {
        check_input(input.value, graph_.user_tensors.at(input.value), inputs[next]);
        values[plan_.slot_of.at(input.value)] = inputs[next];
      }
      ++next;
    }
    if (next != inputs.size()) {
      throw Error(Error::BadInput, path_ + ": the program takes " + std::to_string(next) + " inputs, the data have " +
                                       std::to_string(inputs.size()));
    }
  }

  /// Fixed extents must be met, symbolic ones lie in their range. As in PyTorch a least extent of 2 is what export
  /// assumes by itself and is not held against a smaller batch.
  void check_input(const std::string& name, const TensorMeta& meta, const at::Tensor& tensor) const {
    const auto refuse = [&](const std::string& what) {
      throw Error(Error::BadInput,
                  path_ + ": input '" + name + "' of shape " + shape_text(tensor.sizes()) + ": " + what);
    };
    if (static_cast<std::size_t>(tensor.dim()) != meta.sizes.size()) {
      refuse("the program was exported for " + std::to_string(meta.sizes.size()) + " dimensions");
    }
    for (std::size_t d = 0; d < meta.sizes.size(); ++d) {
      const std::int64_t size = tensor.size(static_cast<std::int64_t>(d));
      const std::string dimension = "dimension " + std::to_string(d);
      if (meta.sizes[d].number && *meta.sizes[d].number != size) {
        const std::string exported = std::to_string(*meta.sizes[d].number);
        refuse(dimension + " was exported as " + exported +
               (fixed_batch() && d == 0 ? " (give --batch " + exported + ", or export it as dynamic to vary it)"
                                        : " (export it as dynamic to vary it)"));
      }
      const auto range = graph_.ranges.find(meta.sizes[d].symbol);
      if (range == graph_.ranges.end()) continue;
      const Range& bounds = range->second;
      if (bounds.least && *bounds.least > 2 && size < *bounds.least) {
        refuse(dimension + " must be at least " + std::to_string(*bounds.least));
      }
      if (bounds.most && size > *bounds.most) refuse(dimension + " must be at most " + std::to_string(*bounds.most));
    }
  }

  void run(const Step& step, Values& values) const {
    try {
      torch::jit::Stack stack;
      stack.reserve(step.arguments.size());
      for (const Binding& argument : step.arguments) stack.push_back(argument.make(values));
      if (step.symbol) {
        stack = {step.symbol(stack)};
      } else {
        if (!training_ && step.evaluation_argument) stack[*step.evaluation_argument] = step.evaluation_value;
        const act::ModuleScope scope(step.module_path);
        call_operator(*step.op, step.guards, step.kernels, training_, stack);
      }
      store(step, stack, values);
    } catch (const c10::Error& error) {
      throw step_error(path_, step, error);
    } catch (const Error& error) {
      throw Error(error.code(), path_ + ": node " + step.node + " (" + step.target + "): " + error.what());
    }
    for (const std::size_t slot : step.release) values[slot] = {};
  }

  /// Runs a segment's steps, now and once more in the backward pass.
  void run(const Segment& segment, Values& values) const {
    std::vector<at::Tensor> tensors;
    std::vector<std::size_t> tensor_slots;
    std::vector<std::pair<std::size_t, c10::IValue>> others;  // numbers
    for (const std::size_t slot : segment.inputs) {
      if (values[slot].isTensor()) {
        tensors.push_back(values[slot].toTensor());
        tensor_slots.push_back(slot);
      } else {
        others.emplace_back(slot, values[slot]);
      }
    }
    std::vector<at::Tensor> buffers;
    for (const auto& [slot, value] : bound_) {
      if (segment.bound.contains(slot)) {
        if (value.isTensor() && !value.toTensor().requires_grad()) buffers.push_back(value.toTensor());
        others.emplace_back(slot, value);
      }
    }
    for (std::size_t i = segment.begin; i < segment.end; ++i) {
      for (const std::size_t slot : plan_.steps[i].release) values[slot] = {};
    }
    const auto first = std::make_shared<Values*>(&values);  // what the first run fills
    const auto block = [this, &segment, tensor_slots, others, first](const std::vector<at::Tensor>& inputs) {
      Values own(plan_.slot_names.size());
      for (const auto& [slot, value] : others) own[slot] = value;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool changes = segment.overwritten.contains(tensor_slots[i]);
        own[tensor_slots[i]] = changes ? inputs[i].clone() : inputs[i];
      }
      for (std::size_t i = segment.begin; i < segment.end; ++i) run(plan_.steps[i], own);
      std::vector<at::Tensor> results;
      for (const std::size_t slot : segment.outputs) {
        if (*first) (**first)[slot] = own[slot];
        if (own[slot].isTensor()) results.push_back(own[slot].toTensor());
      }
      *first = nullptr;
      return results;
    };
    const act::ModuleScope scope(segment.path);
    act::recompute(block, std::move(tensors), buffers);
  }

  static void store(const Step& step, torch::jit::Stack& stack, Values& values) {
    if (stack.size() != step.results.size()) throw Error(Error::Internal, "an operator left a wrong number of results");
    for (std::size_t r = 0; r < stack.size(); ++r) {
      const Result& result = step.results[r];
      if (!result.list) {
        if (result.slots[0]) values[*result.slots[0]] = std::move(stack[r]);
        continue;
      }
      const auto list = stack[r].toListRef();
      if (list.size() != result.slots.size()) {
        throw Error(Error::BadInput, "a list of " + std::to_string(list.size()) + " results where the program has " +
                                         std::to_string(result.slots.size()));
      }
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (result.slots[i]) values[*result.slots[i]] = list[i];
      }
    }
  }

  NamedTensors named(InputSpec::Kind kind, bool persistent) const {
    NamedTensors tensors;
    for (const auto& [input, tensor] : named_) {
      if (input->kind == kind && input->persistent == persistent) tensors.emplace_back(input->qualified, tensor);
    }
    return tensors;
  }

  std::string path_;
  Graph graph_;
  Plan plan_;
  std::vector<std::pair<std::size_t, c10::IValue>> bound_;      // parameters, buffers, constants by slot
  std::vector<std::pair<const InputSpec*, at::Tensor>> named_;  // the same by what they are
  std::vector<std::pair<at::Tensor, std::size_t>> mutations_;   // buffers and the slots of their new values
  std::vector<Segment> segments_;
  std::size_t output_ = 0;
  bool training_ = true;
};

}  // namespace

std::unique_ptr<Network> load_exported_program(const std::string& path) {
  try {
    return std::make_unique<ExportedNetwork>(Archive(path));
  } catch (const c10::Error& error) {
    throw Error(Error::BadInput, path + ": " + first_line(error.what_without_backtrace()));
  }
}

}  // namespace terse::train
