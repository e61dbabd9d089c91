#include "terse/act/probing/probe_schedule.hpp"

#include <cmath>

#include "terse/act/probing/gradient_sketch.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

namespace terse::act {
namespace {

TEST_CASE("a sketch keeps distances") {
  NamedTensors parameters{{"a", at::zeros({300, 40})}, {"b", at::zeros({77})}};
  std::vector<GradientSketch> sketches;
  double expected = 0;
  for (const double sign : {0.0, 1.0}) {
    for (auto& [name, tensor] : parameters) {
      tensor.requires_grad_();
      core::RandomSequence sequence({3, 1, 0});
      at::Tensor gradient = at::empty(tensor.sizes());
      for (std::int64_t i = 0; i < gradient.numel(); ++i) {
        gradient.data_ptr<float>()[i] = static_cast<float>(sign * sequence.normal());
      }
      tensor.mutable_grad() = gradient;
      expected += gradient.to(at::kDouble).square().sum().item<double>();
    }
    sketches.push_back(sketch_gradient(parameters, 9));
  }
  // 4 sigma of sqrt(2 / 4096).
  CHECK(std::abs(squared_distance(sketches[0], sketches[1]) / expected - 1) < 0.09);
}

TEST_CASE("probes go round, within what a step may cost") {
  PrecisionTable table({{.id = "a", .cost = 0.6, .rungs = {{4, 100}}},
                        {.id = "b", .cost = 0.3, .rungs = {{4, 1}}},
                        {.id = "c", .cost = 0.3, .rungs = {{4, 1}}},
                        {.id = "d", .cost = 0.9, .rungs = {{4, 1}}}});
  const auto next = [&](std::uint64_t step) {
    const auto group = next_probes(table, 1, 0.02);
    for (auto& tensor : table.tensors()) {
      if (group.ids.contains(tensor.id)) tensor.probed = step;
    }
    CHECK(group.cost <= 1);
    return group.ids;
  };
  using Ids = std::set<std::string>;
  CHECK(next(1) == Ids{"a"});  // its second form takes all of the 2 %
  CHECK(next(2) == Ids{"b", "c"});
  CHECK(next(3) == Ids{"d"});
  CHECK(next(4) == Ids{"a"});
  CHECK(next_probes(table, 0.1, 0.02).ids.empty());
  const PrecisionTable costly({{.id = "a", .cost = 3, .rungs = {{4, 100}}}});
  CHECK(next_probes(costly, 1, 1).ids.empty());
  CHECK(next_probes(costly, 1e9, 1).ids.size() == 1);
}

}  // namespace
}  // namespace terse::act
