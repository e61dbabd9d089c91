#include <map>

#include "search.hpp"
#include "terse/core/error.hpp"
#include "terse/train/base/spec.hpp"

namespace terse::tools::act_train {

namespace {

struct SizeKeys {
  std::string depth, width;
  std::uint64_t width_step;
};

// Widths step by what one head more takes, or by a line of the cache.
const SizeKeys& size_keys(const train::Spec& model) {
  static const std::map<std::string, SizeKeys> kKeys = {
      {"vit", {"depth", "dim", 64}},      {"text", {"depth", "dim", 64}},         {"bert", {"layers", "hidden", 64}},
      {"gcn", {"depth", "hidden", 16}},   {"graphsage", {"depth", "hidden", 16}}, {"gat", {"depth", "hidden", 8}},
      {"gcnii", {"depth", "hidden", 16}},
  };
  const auto found = kKeys.find(model.name);
  if (found == kKeys.end()) {
    throw Error(Error::Usage, "--search depth and width: model " + model.name +
                                  " has no key for them (vit, text, bert, gcn, graphsage, gat and gcnii have)");
  }
  return found->second;
}

// random:CxHxW or random:T of another side or length.
std::string resized(const std::string& data, std::uint64_t side) {
  auto spec = train::parse_spec(data, "data");
  if (spec.name != "random") throw Error(Error::Usage, "--search input takes random data, as random:3x32x32");
  const auto number = std::to_string(side);
  const auto first = spec.argument.find('x');
  if (first == std::string::npos) {
    spec.argument = number;
  } else {
    spec.argument = spec.argument.substr(0, first) + "x" + number + "x" + number;
  }
  return to_string(spec);
}

}  // namespace

std::uint64_t search_step(SearchKind kind, const std::string& model) {
  if (kind == SearchKind::Width) return size_keys(train::parse_spec(model, "model")).width_step;
  return kind == SearchKind::Input ? 32 : 1;
}

SizedRun sized_run(SearchKind kind, const std::string& model, const std::string& data, std::uint64_t value) {
  SizedRun run{model, data};
  if (kind == SearchKind::Batch) run.batch = value;
  if (kind == SearchKind::Input) run.data = resized(data, value);
  if (kind == SearchKind::Depth || kind == SearchKind::Width) {
    auto spec = train::parse_spec(model, "model");
    const auto& keys = size_keys(spec);
    spec.values[kind == SearchKind::Depth ? keys.depth : keys.width] = std::to_string(value);
    run.model = to_string(spec);
  }
  return run;
}

}  // namespace terse::tools::act_train
