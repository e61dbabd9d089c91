#include "terse/formats/foreign/safetensors.hpp"

#include "act-inspect/input.hpp"
#include "act-inspect/modes.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/formats/kinds/model.hpp"

namespace terse::tools::act_inspect {
namespace {

// Parameters and buffers, which is what PyTorch's state_dict() holds.
template <class Trained>
std::vector<formats::Tensor> state_of(Trained trained) {
  std::vector<formats::Tensor> state = std::move(trained.parameters);
  for (auto& buffer : trained.buffers) state.push_back(std::move(buffer));
  return state;
}

std::vector<formats::Tensor> read_state(Input input) {
  switch (input.header.kind) {
    case formats::Kind::Model:
      return state_of(formats::read_model(std::move(input.source)).content);
    case formats::Kind::Checkpoint:
      return state_of(formats::read_checkpoint(std::move(input.source)).content);
    default:
      throw Error(Error::Usage, input.source->name() + ": --safetensors needs a model or a checkpoint, and this is a " +
                                    std::string(formats::to_string(input.header.kind)));
  }
}

}  // namespace

int write_state(const Options& options) {
  const auto state = read_state(open_input(options.input));
  const auto sink = core::open_sink(options.safetensors, core::Content::Binary);
  formats::write_safetensors(*sink, state);
  sink->finish();
  return 0;
}

}  // namespace terse::tools::act_inspect
