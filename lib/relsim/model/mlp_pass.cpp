#include "terse/relsim/model/mlp_pass.hpp"

#include <algorithm>

#include "terse/relsim/model/compute_thread.hpp"

namespace terse::relsim {
namespace {

constexpr std::int64_t kRowBlock = 64;      // rows of a batch
constexpr std::int64_t kWeightBlock = 128;  // rows of a weight

}  // namespace

void run_tasks(const std::vector<Task>& tasks) {
  parallel_compute(tasks.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) tasks[i]();
  });
}

MlpPass::MlpPass(const Mlp& mlp) {
  for (int i = 0; i < 3; ++i) {
    weight_.emplace_back(mlp.weight[i]);
    bias_.emplace_back(mlp.bias[i]);
  }
}

at::Tensor MlpPass::inputs(std::int64_t rows) {
  const auto dim = weight_[0].value().size(1), hidden = weight_[0].value().size(0);
  if (rows > capacity_) {
    capacity_ = rows;
    for (auto* buffer : {&buffer_x_, &buffer_y_, &buffer_dx_}) *buffer = at::empty({rows, dim});
    for (auto* buffer : {&buffer_a_[0], &buffer_a_[1], &buffer_da_[0], &buffer_da_[1]}) {
      *buffer = at::empty({rows, hidden});
    }
  }
  x_ = buffer_x_.narrow(0, 0, rows);
  y_ = buffer_y_.narrow(0, 0, rows);
  dx_ = buffer_dx_.narrow(0, 0, rows);
  for (int i = 0; i < 2; ++i) {
    a_[i] = buffer_a_[i].narrow(0, 0, rows);
    da_[i] = buffer_da_[i].narrow(0, 0, rows);
  }
  return x_;
}

void MlpPass::add_forward_tasks(std::vector<Task>& tasks) {
  for (std::int64_t begin = 0; begin < x_.size(0); begin += kRowBlock) {
    const auto count = std::min(kRowBlock, x_.size(0) - begin);
    tasks.push_back([this, begin, count] {
      auto in = x_.narrow(0, begin, count);
      const at::Tensor* outputs[] = {&a_[0], &a_[1], &y_};
      for (int i = 0; i < 3; ++i) {
        auto out = outputs[i]->narrow(0, begin, count);
        at::addmm_out(out, bias_[i].value(), in, weight_[i].value().t());
        if (i < 2) out.relu_();
        in = out;
      }
    });
  }
}

void MlpPass::add_backward_tasks(std::vector<Task>& tasks, const at::Tensor& gradients) {
  dy_ = gradients;
  for (std::int64_t begin = 0; begin < x_.size(0); begin += kRowBlock) {
    const auto count = std::min(kRowBlock, x_.size(0) - begin);
    tasks.push_back([this, begin, count] {
      auto gradient = dy_.narrow(0, begin, count);
      for (int i = 2; i > 0; --i) {
        auto out = da_[i - 1].narrow(0, begin, count);
        at::mm_out(out, gradient, weight_[i].value());
        at::threshold_backward_out(out, out, a_[i - 1].narrow(0, begin, count), 0);
        gradient = out;
      }
      auto out = dx_.narrow(0, begin, count);
      at::mm_out(out, gradient, weight_[0].value());
    });
  }
}

void MlpPass::add_update_tasks(std::vector<Task>& tasks, const AdamRates& rates) {
  const at::Tensor* inputs[] = {&x_, &a_[0], &a_[1]};
  const at::Tensor* gradients[] = {&da_[0], &da_[1], &dy_};
  for (int i = 0; i < 3; ++i) {
    const auto out = weight_[i].value().size(0), in = weight_[i].value().size(1);
    for (std::int64_t begin = 0; begin < out; begin += kWeightBlock) {
      const auto count = std::min(kWeightBlock, out - begin);
      tasks.push_back([this, i, in, begin, count, rates, input = inputs[i], gradient = gradients[i]] {
        const auto columns = gradient->narrow(1, begin, count);
        const auto dw = at::mm(columns.t(), *input);
        weight_[i].update(begin * in, count * in, dw.data_ptr<float>(), rates);
        const auto db = columns.sum(0);
        bias_[i].update(begin, count, db.data_ptr<float>(), rates);
      });
    }
  }
}

}  // namespace terse::relsim
