#include "terse/train/exported/kernels.hpp"

#include <algorithm>
#include <iterator>

#include "terse/act/operators/lstm.hpp"
#include "terse/act/tensor/step_context.hpp"
#include "terse/core/error.hpp"

namespace terse::train::exported {

namespace {

using torch::jit::Stack;

at::Tensor tensor_or_none(const c10::IValue& value) { return value.isNone() ? at::Tensor() : value.toTensor(); }

/// (input, weight?, bias?, running_mean?, running_var?, training, …): every vector must hold one element a channel, and
/// there must be something to take statistics from.
void check_batch_norm(Stack& stack) {
  const at::Tensor input = stack.at(0).toTensor();
  if (input.dim() < 2) throw Error(Error::BadInput, "batch norm of a tensor without channels");
  if (input.numel() == 0) throw Error(Error::BadInput, "batch norm of a tensor without elements");
  const auto is_given = [&](std::size_t i) { return stack.at(i).isTensor() && stack[i].toTensor().defined(); };
  if (!stack.at(5).toBool() && !(is_given(3) && is_given(4))) {
    throw Error(Error::BadInput, "batch norm by running statistics that are not given");
  }
  for (std::size_t i = 1; i < 5; ++i) {
    if (!stack.at(i).isTensor()) continue;
    const at::Tensor vector = stack[i].toTensor();
    if (vector.defined() && (vector.dim() != 1 || vector.numel() != input.size(1))) {
      throw Error(Error::BadInput, "batch norm of " + std::to_string(input.size(1)) + " channels with vectors of " +
                                       std::to_string(vector.numel()));
    }
  }
}

/// (input, weight?, bias?, N, C, HxW, group, eps): the kernel takes the counts for the input's, and the vectors for
/// contiguous ones of C elements.
void check_group_norm(Stack& stack) {
  const auto refuse = [](const std::string& what) { throw Error(Error::BadInput, "group norm: " + what); };
  const at::Tensor input = stack.at(0).toTensor();
  const std::int64_t n = stack.at(3).toInt(), channels = stack.at(4).toInt(), plane = stack.at(5).toInt();
  const std::int64_t groups = stack.at(6).toInt();
  if (input.dim() < 2 || input.size(0) != n || input.size(1) != channels || n < 1 || channels < 1 || plane < 0 ||
      input.numel() / n / channels != plane || input.numel() % (n * channels) != 0) {
    refuse("sizes that are not the input's");
  }
  if (groups < 1 || channels % groups != 0) refuse(std::to_string(channels) + " channels in groups that do not divide");
  stack[0] = input.contiguous();
  for (std::size_t i : {1u, 2u}) {
    if (!stack[i].isTensor() || !stack[i].toTensor().defined()) continue;
    const at::Tensor vector = stack[i].toTensor();
    if (vector.dim() != 1 || vector.numel() != channels) refuse("a vector of another length than the channels");
    stack[i] = vector.contiguous();
  }
}

/// (v, g, dim): g holds the norms of v's slices along dim.
void check_weight_norm(Stack& stack) {
  const auto refuse = [](const char* what) { throw Error(Error::BadInput, what); };
  const at::Tensor v = stack.at(0).toTensor(), g = stack.at(1).toTensor();
  const std::int64_t dim = stack.at(2).toInt();
  if (v.numel() == 0 || v.scalar_type() != g.scalar_type() || !v.is_floating_point()) {
    refuse("weight norm of other than floating numbers of one type");
  }
  if (dim == -1) return;  // one norm of all of v, which LibTorch composes of operators that look
  if (dim < 0 || dim >= v.dim() || g.dim() != v.dim() || g.numel() != v.size(dim) || g.size(dim) != v.size(dim)) {
    refuse("weight norm with norms of another shape than the weight's");
  }
}

// Views that LibTorch keeps no version of, for callers that promise not to write to them; a file promises nothing.
void checked_view(Stack& stack) { stack = {stack.at(0).toTensor().view(stack.at(1).toIntVector())}; }
void checked_split(Stack& stack) {
  stack = {at::split(stack.at(0).toTensor(), stack.at(1).toInt(), stack.at(2).toInt())};
}
void checked_split_with_sizes(Stack& stack) {
  stack = {at::split_with_sizes(stack.at(0).toTensor(), stack.at(1).toIntVector(), stack.at(2).toInt())};
}
void checked_chunk(Stack& stack) {
  stack = {at::chunk(stack.at(0).toTensor(), stack.at(1).toInt(), stack.at(2).toInt())};
}

// The functions whose wrappers look at the arguments, in place of the kernels behind them.
void checked_index(Stack& stack) {
  c10::List<std::optional<at::Tensor>> indices;
  for (const c10::IValue& index : stack.at(1).toListRef()) indices.push_back(index.toOptional<at::Tensor>());
  stack = {at::index(stack.at(0).toTensor(), indices)};
}
void checked_pool2d(Stack& stack) {
  stack = {at::adaptive_avg_pool2d(stack.at(0).toTensor(), stack.at(1).toIntVector())};
}
void checked_pool3d(Stack& stack) {
  stack = {at::adaptive_avg_pool3d(stack.at(0).toTensor(), stack.at(1).toIntVector())};
}

/// The variant without running statistics: (input, weight?, bias?, training, …).
void check_batch_norm_no_stats(Stack& stack) {
  Stack padded(stack.begin(), stack.begin() + 3);
  padded.resize(5);
  padded.push_back(stack.at(3));
  check_batch_norm(padded);
}

/// Batch norm that returns its new running statistics: LibTorch has no derivative for it, so the statistics are
/// copied and the ordinary operator updates the copies.
void functional_batch_norm(Stack& stack) {
  const auto running_mean = stack.at(3).toTensor().clone(), running_var = stack.at(4).toTensor().clone();
  auto [output, mean, inverse_deviation] =
      at::native_batch_norm(stack[0].toTensor(), tensor_or_none(stack[1]), tensor_or_none(stack[2]), running_mean,
                            running_var, stack.at(5).toBool(), stack.at(6).toDouble(), stack.at(7).toDouble());
  stack = {output, mean, inverse_deviation, running_mean, running_var};
}

/// (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first): every weight must have the
/// shape that its layer and direction give it, with `gates` gates of one hidden size. An LSTM may project its states to
/// fewer units, by a weight more, which LibTorch tells by the sizes of the first states and cells.
void check_recurrent(Stack& stack, std::int64_t gates) {
  const auto refuse = [](const char* what) { throw Error(Error::BadInput, what); };
  const at::Tensor input = stack.at(0).toTensor();
  const std::vector<at::Tensor> states =
      stack.at(1).isTensor() ? std::vector{stack[1].toTensor()} : stack[1].toTensorVector();
  const std::vector<at::Tensor> weights = stack.at(2).toTensorVector();
  const bool biases = stack.at(3).toBool();
  const std::int64_t layers = stack.at(4).toInt(), directions = stack.at(7).toBool() ? 2 : 1;
  if (input.dim() != 3 || layers < 1 || layers > 1024) refuse("a recurrent layer over other than three dimensions");
  if (states.size() != (gates == 4 ? 2u : 1u)) refuse("a recurrent layer with a wrong number of states");
  for (const at::Tensor& state : states) {
    if (state.dim() != 3) refuse("a recurrent state of a wrong shape");
  }
  const std::int64_t width_of_states = states[0].size(2), hidden = states.back().size(2);
  const bool projects = width_of_states != hidden;
  const std::size_t per_cell = (biases ? 4 : 2) + (projects ? 1 : 0);
  if (weights.size() != per_cell * static_cast<std::size_t>(layers * directions)) {
    refuse("a recurrent layer with a wrong number of weights");
  }
  const std::int64_t batch = input.size(stack.at(8).toBool() ? 0 : 1);
  for (const at::Tensor& state : states) {
    if (state.size(0) != layers * directions || state.size(1) != batch) refuse("a recurrent state of a wrong shape");
  }
  for (std::size_t w = 0; w < weights.size(); ++w) {
    const bool first_layer = w < per_cell * static_cast<std::size_t>(directions);
    const std::int64_t width = first_layer ? input.size(2) : width_of_states * directions;
    const at::IntArrayRef found = weights[w].sizes();
    const std::size_t place = w % per_cell;
    const bool fits = place == 0                          ? found == at::IntArrayRef({gates * hidden, width})
                      : place == 1                        ? found == at::IntArrayRef({gates * hidden, width_of_states})
                      : projects && place + 1 == per_cell ? found == at::IntArrayRef({width_of_states, hidden})
                                                          : found == at::IntArrayRef({gates * hidden});
    if (!fits) refuse("a recurrent weight of a wrong shape");
  }
}
void check_lstm(Stack& stack) { check_recurrent(stack, 4); }
void check_gru(Stack& stack) { check_recurrent(stack, 3); }
void check_rnn(Stack& stack) { check_recurrent(stack, 1); }

/// Where what it saves may be rounded, an LSTM whose backward pass keeps gates and cells, in place of one that keeps a
/// workspace of oneDNN's.
void compressible_lstm(Stack& stack) {
  act::LstmArguments given;
  given.input = stack.at(0).toTensor();
  const auto states = stack.at(1).toTensorVector();
  given.hx = states.at(0);
  given.cx = states.at(1);
  given.weights = stack.at(2).toTensorVector();
  given.biases = stack.at(3).toBool();
  given.projects = given.hx.size(2) != given.cx.size(2);
  given.layers = stack.at(4).toInt();
  given.dropout = stack.at(5).toDouble();
  given.train = stack.at(6).toBool();
  given.bidirectional = stack.at(7).toBool();
  given.batch_first = stack.at(8).toBool();
  const auto [output, hy, cy] = act::StepContext::of_thread().rounds
                                    ? act::lstm(given)
                                    : at::lstm(given.input, states, given.weights, given.biases, given.layers,
                                               given.dropout, given.train, given.bidirectional, given.batch_first);
  stack = {output, hy, cy};
}

// Draws of 0 and 1 become their mean, so that x * bernoulli(p) / p, as stochastic depth has it, is x:
// (self, [p], generator).
void mean_of_bernoulli(Stack& stack) { stack = {stack.at(0)}; }
void mean_of_bernoulli_p(Stack& stack) { stack = {at::full_like(stack.at(0).toTensor(), stack.at(1).toScalar())}; }
void fill_mean_of_bernoulli(Stack& stack) { stack = {stack.at(0).toTensor().fill_(stack.at(1).toScalar())}; }
void copy_mean_of_bernoulli(Stack& stack) { stack = {stack.at(0).toTensor().copy_(stack.at(1).toTensor())}; }

constexpr Kernels kTable[] = {
    {"aten::native_batch_norm", "*", check_batch_norm, nullptr, nullptr},
    {"aten::_native_batch_norm_legit", "", check_batch_norm, nullptr, nullptr},
    {"aten::_native_batch_norm_legit", "no_stats", check_batch_norm_no_stats, nullptr, nullptr},
    {"aten::_native_batch_norm_legit_functional", "*", check_batch_norm, functional_batch_norm, functional_batch_norm},
    {"aten::_weight_norm", "*", check_weight_norm, nullptr, nullptr},
    {"aten::native_group_norm", "*", check_group_norm, nullptr, nullptr},
    {"aten::_unsafe_view", "*", nullptr, checked_view, checked_view},
    {"aten::unsafe_split", "*", nullptr, checked_split, checked_split},
    {"aten::unsafe_split_with_sizes", "*", nullptr, checked_split_with_sizes, checked_split_with_sizes},
    {"aten::unsafe_chunk", "*", nullptr, checked_chunk, checked_chunk},
    {"aten::_unsafe_index", "*", nullptr, checked_index, checked_index},
    {"aten::_adaptive_avg_pool2d", "*", nullptr, checked_pool2d, checked_pool2d},
    {"aten::_adaptive_avg_pool3d", "*", nullptr, checked_pool3d, checked_pool3d},
    {"aten::lstm", "*", check_lstm, compressible_lstm, nullptr},
    {"aten::gru", "*", check_gru, nullptr, nullptr},
    {"aten::rnn_relu", "*", check_rnn, nullptr, nullptr},
    {"aten::rnn_tanh", "*", check_rnn, nullptr, nullptr},
    {"aten::bernoulli", "", nullptr, nullptr, mean_of_bernoulli},
    {"aten::bernoulli", "p", nullptr, nullptr, mean_of_bernoulli_p},
    {"aten::bernoulli_", "float", nullptr, nullptr, fill_mean_of_bernoulli},
    {"aten::bernoulli_", "Tensor", nullptr, nullptr, copy_mean_of_bernoulli},
};

}  // namespace

const Kernels* find_kernels(std::string_view name, std::string_view overload) {
  const auto found = std::find_if(std::begin(kTable), std::end(kTable), [&](const Kernels& one) {
    return one.name == name && (one.overload == "*" || one.overload == overload);
  });
  return found == std::end(kTable) ? nullptr : found;
}

void call_operator(const c10::OperatorHandle& op, const Guards& guards, const Kernels* kernels, bool training,
                   Stack& stack) {
  guards.check(stack);
  if (kernels && kernels->check) kernels->check(stack);
  const auto replacement = !kernels ? nullptr : training ? kernels->training : kernels->evaluation;
  if (replacement) {
    replacement(stack);
  } else {
    op.callBoxed(stack);
  }
}

}  // namespace terse::train::exported
