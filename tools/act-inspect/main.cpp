// act-inspect: shows what is in an artifact of any kind.
#include "act-inspect/modes.hpp"
#include "act-inspect/options.hpp"
#include "common/tool.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::act_inspect {
namespace {

void check(const Options& options) {
  const int modes = int{options.tensors} + int{options.records} + int{options.verify} +
                    int{!options.histogram.empty()} + int{!options.decode.empty()} + int{!options.diff.empty()} +
                    int{!options.safetensors.empty()};
  if (modes > 1) {
    throw Error(Error::Usage,
                "--tensors, --records, --histogram, --decode, --verify, --diff and --safetensors exclude each other");
  }
  if (!options.npy.empty() && options.decode.empty()) throw Error(Error::Usage, "--npy needs --decode ID");
}

int run(const Options& options) {
  check(options);
  if (options.tensors) return list_tensors(options);
  if (options.records) return list_records(options);
  if (options.verify) return verify(options);
  if (!options.histogram.empty()) return show_histogram(options);
  if (!options.decode.empty()) return decode_tensor(options);
  if (!options.diff.empty()) return show_difference(options);
  if (!options.safetensors.empty()) return write_state(options);
  return summarize(options);
}

}  // namespace
}  // namespace terse::tools::act_inspect

int main(int argc, char** argv) {
  return terse::tools::run_tool({"act-inspect", "show what is in an artifact of any kind"}, argc, argv,
                                terse::tools::act_inspect::define, terse::tools::act_inspect::run);
}
