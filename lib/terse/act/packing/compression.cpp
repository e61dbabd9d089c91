#include "terse/act/packing/compression.hpp"

#include "terse/act/packing/packer.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

struct Compression::State {
  explicit State(CompressionOptions options) : packer(std::move(options)) {}

  Packer packer;
  std::uint32_t next_step = 0;
};

Compression::Compression(CompressionOptions options) : state_(std::make_shared<State>(std::move(options))) {}
Compression::~Compression() = default;

void Compression::own(const torch::nn::Module& module) {
  for (const at::Tensor& parameter : module.parameters()) own(parameter, Reason::Parameter);
  for (const at::Tensor& buffer : module.buffers()) own(buffer, Reason::Buffer);
}

void Compression::own(const at::Tensor& tensor, Reason reason) {
  if (reason != Reason::Parameter && reason != Reason::Buffer && reason != Reason::Batch) {
    throw Error(Error::Usage,
                "a tensor is owned as parameter, buffer or batch, not as " + std::string(to_string(reason)));
  }
  state_->packer.owned().add(tensor, reason);
}

void Compression::batch(const std::vector<at::Tensor>& tensors) {
  state_->packer.batch().clear();
  for (const at::Tensor& tensor : tensors) state_->packer.batch().add(tensor, Reason::Batch);
}

Compression::Step Compression::step() { return step(state_->next_step); }

Compression::Step Compression::step(std::uint32_t index) {
  state_->packer.begin(index);
  state_->next_step = index + 1;
  return Step(state_);
}

Compression::Step::Step(std::shared_ptr<State> state) : state_(std::move(state)) {}
Compression::Step::Step(Step&&) noexcept = default;
Compression::Step::~Step() {
  if (state_) state_->packer.end();
}

void Compression::set_bits(std::map<std::string, int> bits_of) { state_->packer.set_bits(std::move(bits_of)); }
void Compression::probe(std::set<std::string> ids) { state_->packer.probe(std::move(ids)); }
std::vector<Probe> Compression::take_probes() { return state_->packer.take_probes(); }

void Compression::observe(PackObserver observer) { state_->packer.observe(std::move(observer)); }
const Totals& Compression::totals() const { return state_->packer.totals(); }
const std::vector<SavedTensor>& Compression::saved() const { return state_->packer.saved(); }

}  // namespace terse::act
