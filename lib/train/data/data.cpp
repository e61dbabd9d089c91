#include "terse/train/data/data.hpp"

#include <numeric>
#include <utility>

#include "terse/core/philox.hpp"
#include "terse/train/data/readers.hpp"

namespace terse::train {

Data load_data(const Spec& spec, std::uint64_t seed) {
  SpecReader reader(spec);
  Data data = [&] {
    if (spec.name == "fashion-mnist") {
      return read_fashion_mnist(reader, spec.argument.empty() ? "/usr/share/datasets/fashion-mnist" : spec.argument);
    }
    if (spec.name == "idx") return read_idx_folder(reader, reader.argument("DIR"));
    if (spec.name == "text") return read_text(reader, reader.argument("FILE"));
    if (spec.name == "graph") return read_graph(reader, reader.argument("DIR"));
    if (spec.name == "tensors") return read_tensors(reader, reader.argument("FILE"));
    if (spec.name == "random") return make_random(reader, reader.argument("SHAPE"), seed);
    throw_unknown_name(spec, {"fashion-mnist", "idx", "text", "graph", "tensors", "random"});
  }();
  data.spec = reader.resolved();
  return data;
}

std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::uint32_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  core::RandomSequence random({seed, core::stream_of("shuffle"), epoch});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace terse::train
