#include "terse/train/data/load_data.hpp"

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

}  // namespace terse::train
