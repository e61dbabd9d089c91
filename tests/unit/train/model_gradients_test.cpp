#include <cmath>
#include <string>
#include <vector>

#include "terse/act/packing/compression.hpp"
#include "terse/train/loop/evaluate.hpp"
#include "terse/train/models/models.hpp"
#include "terse_catch.hpp"

namespace terse::train {
namespace {

struct GradientCase {
  std::string model;
  DataShape shape;
};

// Every family at a small size, without dropout, so that the loss is a function of the weights.
std::vector<GradientCase> gradient_cases() {
  const DataShape images{.classes = 3, .extents = {2, 12, 12}};
  const DataShape pixels{.classes = 3, .extents = {2, 8, 8}, .label_a_pixel = true};
  const DataShape text{.kind = DataShape::Kind::Tokens, .classes = 3, .extents = {9}, .vocabulary = 20};
  const DataShape graph{.kind = DataShape::Kind::Graph, .classes = 3, .extents = {12}};
  return {{"mlp:hidden=64", images},
          {"resnet18", images},
          {"vgg11_bn:pool=1,dropout=0", images},
          {"vit:dim=32,depth=2,heads=2", images},
          {"swin_t:dim=32,depths=2x2,window=4,stochastic_depth=0", images},
          {"fcn_resnet50:dropout=0", pixels},
          {"text:dim=32,heads=2,dropout=0", text},
          {"bert:layers=2,hidden=32,heads=2,dropout=0", text},
          {"bert:layers=2,hidden=32,heads=2,dropout=0,attention=plain,pool=mean", text},
          {"gcn:dropout=0", graph},
          {"graphsage:dropout=0", graph},
          {"gat:dropout=0", graph},
          {"gcnii:dropout=0,hidden=32,depth=6", graph}};
}

Batch gradient_batch(const DataShape& shape, at::ScalarType type) {
  if (shape.kind == DataShape::Kind::Graph) {
    return {{at::randn({60, shape.extents[0]}, type), at::randint(60, {2, 240}, at::kLong)},
            at::randint(shape.classes, {60}, at::kLong)};
  }
  if (shape.kind == DataShape::Kind::Tokens) {
    return {{at::constant_pad_nd(at::randint(1, shape.vocabulary, {6, 7}, at::kLong), {0, 2})},
            at::randint(shape.classes, {6}, at::kLong)};
  }
  const auto side = shape.extents[1];
  std::vector<std::int64_t> labels{4};
  if (shape.label_a_pixel) labels.insert(labels.end(), {side, side});
  return {{at::randn({4, shape.extents[0], side, side}, type)}, at::randint(shape.classes, labels, at::kLong)};
}

std::shared_ptr<Model> gradient_model(const GradientCase& c) {
  Spec resolved;
  return make_model(parse_spec(c.model, "model"), c.shape, resolved);
}

std::vector<at::Tensor> gradients_of(Model& model, const Batch& batch) {
  model.zero_grad();
  cross_entropy(model.forward(batch.inputs), batch.labels).backward();
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : model.parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

// A module's to() would make floating numbers of its indices, too.
void make_double(Model& model) {
  for (auto& tensor : model.parameters()) tensor.set_data(tensor.to(at::kDouble));
  for (auto& tensor : model.buffers()) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(at::kDouble));
  }
}

// The difference along one direction, each weight moved in proportion to its size, in double precision: its error is
// that of rounding, about 1e-15 / step, and of the few units whose sign changes within the step.
TEST_CASE("gradients of every model are the slope of its loss") {
  at::manual_seed(5);
  for (const auto& c : gradient_cases()) {
    INFO(c.model);
    // So deep a net's loss bends within the steps tried here (1e-8 and 1e-9, too): its training is compared with
    // torchvision's instead (tests/pipeline/python/builtin_models.py).
    if (c.shape.label_a_pixel) continue;
    auto model = gradient_model(c);
    make_double(*model);
    const auto batch = gradient_batch(c.shape, at::kDouble);
    const auto gradients = gradients_of(*model, batch);
    torch::NoGradGuard guard;
    double slope = 0;
    std::vector<at::Tensor> direction;
    const auto parameters = model->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      REQUIRE(gradients[i].defined());
      direction.push_back(at::randn_like(parameters[i]) * (parameters[i].square().mean().sqrt() + 0.01));
      slope += (gradients[i] * direction[i]).sum().item<double>();
    }
    double done = 0;
    const auto loss_at = [&](double step) {
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].add_(direction[i], step - done);
      done = step;
      return cross_entropy(model->forward(batch.inputs), batch.labels).item<double>();
    };
    const double h = 1e-9;
    const double measured = (loss_at(h) - loss_at(-h)) / (2 * h);
    CHECK(measured == Approx(slope).epsilon(1e-3).margin(1e-5));
  }
}

TEST_CASE("every model trains under the hook: exactly at L0, in fewer bytes and near the gradient at L1.1") {
  at::manual_seed(6);
  for (const auto& c : gradient_cases()) {
    INFO(c.model);
    auto model = gradient_model(c);
    const auto batch = gradient_batch(c.shape, at::kFloat);
    const auto run = [&](act::Level level, act::Totals* totals) {
      act::Compression compression({.level = level});
      for (const auto& parameter : model->parameters()) compression.own(parameter, act::Reason::Parameter);
      for (const auto& buffer : model->buffers()) compression.own(buffer, act::Reason::Buffer);
      compression.batch(batch.inputs);
      const auto step = compression.step(1);
      auto gradients = gradients_of(*model, batch);
      if (totals) *totals = compression.totals();
      return gradients;
    };
    const auto plain = gradients_of(*model, batch), exact = run(act::Level::L0, nullptr);
    act::Totals totals;
    const auto rounded = run(act::Level::L1_1, &totals);
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      CHECK(at::equal(plain[i], exact[i]));
      error += (rounded[i] - plain[i]).square().sum().item<double>();
      norm += plain[i].square().sum().item<double>();
    }
    CHECK(std::sqrt(error / norm) < 0.1);
    CHECK(totals.stored_bytes < totals.exact_bytes);
  }
}

}  // namespace
}  // namespace terse::train
