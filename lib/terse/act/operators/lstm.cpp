#include "terse/act/operators/lstm.hpp"

#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

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

class LstmFunction : public torch::autograd::Function<LstmFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& input, const Variable& weight_ih,
                          const Variable& weight_hh, const Variable& bias_ih, const Variable& bias_hh) {
    const auto n = input.size(0), tokens = input.size(1), h = weight_hh.size(1);
    const auto rows = input.transpose(0, 1).reshape({tokens * n, input.size(2)});
    const auto gates = at::addmm(bias_ih + bias_hh, rows, weight_ih.t()).view({tokens, n, 4 * h});
    const auto cells = at::empty({tokens, n, h}, input.options());
    const auto states = at::empty({n, tokens, h}, input.options());
    const auto turned = weight_hh.t();
    auto state = at::empty({n, h}, input.options());
    for (std::int64_t t = 0; t < tokens; ++t) {
      auto all = gates[t];
      if (t > 0) all.addmm_(state, turned);
      const Gates gate(all);
      all.narrow(1, 0, 2 * h).sigmoid_();
      gate.cell.tanh_();
      gate.output.sigmoid_();
      auto cell = cells[t];
      at::mul_out(cell, gate.input, gate.cell);
      if (t > 0) cell.addcmul_(gate.forget, cells[t - 1]);
      at::tanh_out(state, cell).mul_(gate.output);
      states.select(1, t).copy_(state);
    }
    context->save_for_backward({input, gates, cells, weight_ih, weight_hh});
    return states;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &gates = saved[1], &cells = saved[2], &weight_ih = saved[3], &weight_hh = saved[4];
    const auto n = input.size(0), tokens = input.size(1), h = weight_hh.size(1);
    const auto into = at::empty({tokens, n, 4 * h}, gates.options());
    const auto states = at::empty({tokens, n, h}, gates.options());  // derived: output gate times the cell's tanh
    at::Tensor to_cell;
    for (auto t = tokens - 1; t >= 0; --t) {
      const Gates gate(gates[t]), to(into[t]);
      const auto flat = cells[t].tanh();
      auto state = states[t];
      at::mul_out(state, gate.output, flat);
      auto to_state = gradients[0].select(1, t);
      if (t + 1 < tokens) to_state = at::addmm(to_state, into[t + 1], weight_hh);
      auto from_state = to_state * gate.output;
      at::tanh_backward_out(from_state, from_state, flat);
      to_cell = to_cell.defined() ? to_cell.add_(from_state) : from_state;
      const auto write = [](const at::Tensor& target, const at::Tensor& values) { target.copy_(values); };
      write(to.output, at::sigmoid_backward(to_state * flat, gate.output));
      write(to.input, at::sigmoid_backward(to_cell * gate.cell, gate.input));
      write(to.cell, at::tanh_backward(to_cell * gate.input, gate.cell));
      if (t > 0) {
        write(to.forget, at::sigmoid_backward(to_cell * cells[t - 1], gate.forget));
      } else {
        at::Tensor(to.forget).zero_();
      }
      to_cell.mul_(gate.forget);
    }
    const auto flat = into.view({tokens * n, 4 * h}), turned = flat.t();
    variable_list result(5);
    if (context->needs_input_grad(0))
      result[0] = at::mm(flat, weight_ih).view({tokens, n, input.size(2)}).transpose(0, 1);
    result[1] = at::mm(turned, input.transpose(0, 1).reshape({tokens * n, input.size(2)}));
    result[2] =
        at::mm(turned.narrow(1, n, (tokens - 1) * n), states.view({tokens * n, h}).narrow(0, 0, (tokens - 1) * n));
    result[3] = flat.sum(0);
    result[4] = result[3].clone();
    return result;
  }
};

}  // namespace

at::Tensor lstm(const at::Tensor& input, const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                const at::Tensor& bias_ih, const at::Tensor& bias_hh) {
  RECORD_FUNCTION("terse::lstm", c10::ArrayRef<const c10::IValue>());  // names what is saved (operator_table.cpp)
  return LstmFunction::apply(input, weight_ih, weight_hh, bias_ih, bias_hh);
}

}  // namespace terse::act
