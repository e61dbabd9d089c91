// The JSON of exported programs, to the plan that is run: an error or a plan whose slots are all in range.
#include <cstdint>
#include <cstdlib>

#include "terse/core/error.hpp"
#include "terse/train/exported/plan.hpp"

using namespace terse;
using namespace terse::train::exported;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    parse_payloads(text, "fuzz");
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  try {
    const Plan plan = make_plan(parse_graph(text, "fuzz"), "fuzz");
    for (const Step& step : plan.steps) {
      for (const Binding& argument : step.arguments) {
        for (const std::size_t slot : argument.slots()) {
          if (slot >= plan.slot_names.size()) std::abort();
        }
      }
    }
  } catch (const Error& error) {
    if (error.code() != Error::BadInput) std::abort();
  }
  return 0;
}
