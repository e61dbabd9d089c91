// Someone's training loop. The two lines that mention terse::act are all that compression asks of it.
#include <torch/torch.h>

#include <cstdio>
#include <terse/act/packing/compression.hpp>

int main() {
  torch::manual_seed(1);
  torch::nn::Sequential model(torch::nn::Linear(64, 512), torch::nn::GELU(), torch::nn::Linear(512, 512),
                              torch::nn::GELU(), torch::nn::Linear(512, 10));
  torch::optim::SGD optimizer(model->parameters(), 0.05);
  const at::Tensor x = torch::randn({256, 64}), y = torch::randint(10, {256});
  terse::act::Compression compression({.level = terse::act::Level::L1});
  double first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    const auto compressed = compression.step();
    optimizer.zero_grad();
    const at::Tensor loss = torch::nn::functional::cross_entropy(model->forward(x), y);
    loss.backward();
    optimizer.step();
    (step == 0 ? first : last) = loss.item<double>();
  }
  const auto& totals = compression.totals();
  const double ratio = static_cast<double>(totals.exact_bytes) / static_cast<double>(totals.stored_bytes);
  std::printf("loss %.3f -> %.3f, activations %.2fx smaller\n", first, last, ratio);
  return last < first && ratio > 2 ? 0 : 1;
}
