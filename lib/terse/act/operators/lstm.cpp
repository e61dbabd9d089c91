#include "terse/act/operators/lstm.hpp"

#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

namespace terse::act {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// The gates of one token, views of [n, 4 h].
struct Gates {
  at::Tensor input, forget, cell, output;

  explicit Gates(const at::Tensor& all) {
    const auto h = all.size(1) / 4;
    input = all.narrow(1, 0, h);
    forget = all.narrow(1, h, h);
    cell = all.narrow(1, 2 * h, h);
    output = all.narrow(1, 3 * h, h);
  }
};

/// In which order a direction visits its tokens, and in which dimension they lie.
struct Course {
  std::int64_t tokens;
  bool reverse, batch_first;

  std::int64_t token(std::int64_t visit) const { return reverse ? tokens - 1 - visit : visit; }
  at::Tensor select(const at::Tensor& sequence, std::int64_t token) const {
    return sequence.select(batch_first ? 1 : 0, token);
  }
  /// [tokens * n, width], tokens first.
  at::Tensor rows(const at::Tensor& sequence) const {
    return (batch_first ? sequence.transpose(0, 1) : sequence).reshape({-1, sequence.size(2)});
  }
  /// Of [tokens, n, width]: the rows that a later visit follows, or that follow an earlier one.
  at::Tensor but_last(const at::Tensor& all) const { return all.narrow(0, reverse ? 1 : 0, tokens - 1).flatten(0, 1); }
  at::Tensor but_first(const at::Tensor& all) const { return all.narrow(0, reverse ? 0 : 1, tokens - 1).flatten(0, 1); }
};

/// One direction of one layer. Saves the input, the gates, the cells and the first state and cell; the states, and what
/// a projection is of, follow from gates and cells.
class LstmFunction : public torch::autograd::Function<LstmFunction> {
 public:
  static variable_list forward(AutogradContext* context, const Variable& input, const Variable& hx, const Variable& cx,
                               const Variable& weight_ih, const Variable& weight_hh,
                               const std::optional<Variable>& bias, const std::optional<Variable>& weight_hr,
                               bool reverse, bool batch_first) {
    const Course course{input.size(batch_first ? 1 : 0), reverse, batch_first};
    const auto n = cx.size(0), h = cx.size(1), tokens = course.tokens;
    const auto rows = course.rows(input), turned_ih = weight_ih.t(), turned_hh = weight_hh.t();
    const auto gates =
        (bias ? at::addmm(*bias, rows, turned_ih) : at::mm(rows, turned_ih)).view({tokens, n, weight_ih.size(0)});
    const auto cells = at::empty({tokens, n, h}, input.options());
    const auto width = hx.size(1);
    const auto states =
        at::empty(batch_first ? at::DimVector{n, tokens, width} : at::DimVector{tokens, n, width}, input.options());
    at::Tensor state = hx, cell = cx;
    for (std::int64_t visit = 0; visit < tokens; ++visit) {
      const auto t = course.token(visit);
      auto all = gates[t];
      all.addmm_(state, turned_hh);
      const Gates gate(all);
      all.narrow(1, 0, 2 * h).sigmoid_();
      gate.cell.tanh_();
      gate.output.sigmoid_();
      auto next = cells[t];
      at::mul_out(next, gate.input, gate.cell).addcmul_(gate.forget, cell);
      cell = next;
      state = cell.tanh().mul_(gate.output);
      if (weight_hr) state = at::mm(state, weight_hr->t());
      course.select(states, t).copy_(state);
    }
    context->saved_data["course"] = std::vector<std::int64_t>{tokens, reverse, batch_first};
    context->saved_data["has_bias"] = bias.has_value();
    context->set_materialize_grads(false);
    context->save_for_backward({input, gates, cells, hx, cx, weight_ih, weight_hh, weight_hr.value_or(Variable())});
    return {states, state, cell.clone()};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &gates = saved[1], &cells = saved[2], &hx = saved[3], &cx = saved[4];
    const auto &weight_ih = saved[5], &weight_hh = saved[6], &weight_hr = saved[7];
    const auto order = context->saved_data["course"].toIntVector();
    const Course course{order[0], order[1] != 0, order[2] != 0};
    const auto n = cx.size(0), tokens = course.tokens;
    const auto into = at::empty_like(gates, at::MemoryFormat::Contiguous);
    const auto hidden = at::empty_like(cells, at::MemoryFormat::Contiguous);  // output gate times the cell's tanh
    const auto to_projected = weight_hr.defined() ? at::empty({tokens, n, hx.size(1)}, gates.options()) : at::Tensor();
    at::Tensor to_state = gradients[1], to_cell = gradients[2];
    for (auto visit = tokens - 1; visit >= 0; --visit) {
      const auto t = course.token(visit);
      const Gates gate(gates[t]), to(into[t]);
      const auto before = visit > 0 ? cells[course.token(visit - 1)] : cx;
      if (gradients[0].defined()) {
        const auto here = course.select(gradients[0], t);
        to_state = to_state.defined() ? to_state + here : here;
      }
      if (!to_state.defined()) to_state = at::zeros({n, hx.size(1)}, gates.options());
      if (weight_hr.defined()) {
        to_projected[t].copy_(to_state);
        to_state = at::mm(to_state, weight_hr);
      }
      const auto flat = cells[t].tanh();
      auto state = hidden[t];
      at::mul_out(state, gate.output, flat);
      const auto from_state = at::tanh_backward(to_state * gate.output, flat);
      to_cell = to_cell.defined() ? to_cell + from_state : from_state;
      const auto write = [](const at::Tensor& target, const at::Tensor& values) { target.copy_(values); };
      write(to.output, at::sigmoid_backward(to_state * flat, gate.output));
      write(to.input, at::sigmoid_backward(to_cell * gate.cell, gate.input));
      write(to.cell, at::tanh_backward(to_cell * gate.input, gate.cell));
      write(to.forget, at::sigmoid_backward(to_cell * before, gate.forget));
      to_cell = to_cell * gate.forget;
      to_state = at::mm(into[t], weight_hh);
    }
    const auto rows = into.flatten(0, 1), turned = rows.t();
    variable_list result(9);
    if (context->needs_input_grad(0)) {
      const auto to_input = at::mm(rows, weight_ih).view({tokens, n, input.size(2)});
      result[0] = course.batch_first ? to_input.transpose(0, 1) : to_input;
    }
    result[1] = to_state;
    result[2] = to_cell;
    result[3] = at::mm(turned, course.rows(input));
    const auto states =
        weight_hr.defined() ? at::mm(hidden.flatten(0, 1), weight_hr.t()).view({tokens, n, hx.size(1)}) : hidden;
    result[4] = at::mm(into[course.token(0)].t(), hx).addmm_(course.but_first(into).t(), course.but_last(states));
    if (context->saved_data["has_bias"].toBool()) result[5] = rows.sum(0);
    if (weight_hr.defined()) result[6] = at::mm(to_projected.flatten(0, 1).t(), hidden.flatten(0, 1));
    return result;
  }
};

/// One direction of one layer from a first state and cell of [n, width].
variable_list run_direction(const at::Tensor& input, const at::Tensor& hx, const at::Tensor& cx, at::TensorList weights,
                            bool biases, bool projects, bool reverse, bool batch_first) {
  RECORD_FUNCTION("terse::lstm", c10::ArrayRef<const c10::IValue>());  // names what is saved (operator_table.cpp)
  const auto bias = biases ? std::optional(weights[2] + weights[3]) : std::nullopt;
  const auto weight_hr = projects ? std::optional(weights.back()) : std::nullopt;
  return LstmFunction::apply(input, hx, cx, weights[0], weights[1], bias, weight_hr, reverse, batch_first);
}

/// Tokens first, as LibTorch draws its random numbers.
at::Tensor dropped(const at::Tensor& x, double dropout, bool batch_first) {
  if (!batch_first) return at::dropout(x, dropout, true);
  return at::dropout(x.transpose(0, 1).contiguous(), dropout, true).transpose(0, 1);
}

}  // namespace

at::Tensor lstm(const at::Tensor& input, const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                const at::Tensor& bias_ih, const at::Tensor& bias_hh) {
  const auto start = at::zeros({input.size(0), weight_hh.size(1)}, input.options());
  return run_direction(input, start, start, {weight_ih, weight_hh, bias_ih, bias_hh}, true, false, false, true)[0];
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> lstm(const LstmArguments& given) {
  const std::size_t per_direction = (given.biases ? 4 : 2) + (given.projects ? 1 : 0);
  const std::int64_t directions = given.bidirectional ? 2 : 1;
  TORCH_CHECK(given.input.dim() == 3, "lstm: Expected input to be 3-D");
  TORCH_CHECK(given.input.size(given.batch_first ? 1 : 0) > 0, "lstm: Expected sequence length to be larger than 0");
  TORCH_CHECK(given.weights.size() == per_direction * static_cast<std::size_t>(given.layers * directions),
              "lstm: got an incorrect number of parameters");
  at::Tensor x = given.input;
  std::vector<at::Tensor> states, cells;
  const at::TensorList weights(given.weights);
  for (std::int64_t layer = 0; layer < given.layers; ++layer) {
    if (layer > 0 && given.train && given.dropout != 0) x = dropped(x, given.dropout, given.batch_first);
    std::vector<at::Tensor> results;
    for (std::int64_t direction = 0; direction < directions; ++direction) {
      const std::int64_t k = layer * directions + direction;
      const auto own = weights.slice(static_cast<std::size_t>(k) * per_direction, per_direction);
      const auto found = run_direction(x, given.hx[k], given.cx[k], own, given.biases, given.projects, direction == 1,
                                       given.batch_first);
      results.push_back(found[0]);
      states.push_back(found[1]);
      cells.push_back(found[2]);
    }
    x = results.size() == 1 ? results[0] : at::cat(results, 2);
  }
  return {x, at::stack(states), at::stack(cells)};
}

}  // namespace terse::act
