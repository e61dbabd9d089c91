// Specifications of models and data: what is taken comes back the same from its text.
#include <cstdint>

#include "accepted.hpp"
#include "terse/train/base/spec.hpp"

using namespace terse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::accepted([&] {
    const train::Spec spec = train::parse_spec(text, "model");
    const train::Spec again = train::parse_spec(train::to_string(spec), "model");
    if (again.name != spec.name || again.argument != spec.argument || again.values != spec.values) std::abort();
  });
  fuzz::accepted([&] {
    const train::Spec spec = train::parse_spec(text, "model");
    train::SpecReader reader(spec);
    if (reader.integer("a", 1, 0) < 0) std::abort();
    for (const auto number : reader.integers("b", {1})) {
      if (number < 1) std::abort();
    }
    const double number = reader.number("c", 0.5, 0, 1);
    if (!(number >= 0 && number <= 1)) std::abort();
    reader.finish(/*takes_argument=*/true);
    train::to_string(reader.resolved());
  });
  return 0;
}
