#include "terse/act/packing/packer.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "terse/act/bits/bit_allocation.hpp"
#include "terse/act/memory/allocator.hpp"
#include "terse/act/tensor/dtype.hpp"
#include "terse/act/tensor/graph.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

namespace {

constexpr std::size_t kSignsInMemory = 4;
constexpr double kLargestExponent = 4;    // of a power whose slope is rounded: beyond, a few elements swamp the rest
constexpr std::uint64_t kWidestView = 2;  // storage bytes to tensor bytes, up to which a kept view keeps its storage

void check_bits(int bits, const std::string& of) {
  if (bits != kKeptBits && bits != 1 && bits != 2 && bits != 4 && bits != 8) {
    throw Error(Error::Usage, "bits" + of + " must be 1, 2, 4, 8 or 32, not " + std::to_string(bits));
  }
}

bool is_dense_cpu(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.layout() == at::kStrided && tensor.has_storage() && !tensor.is_neg() &&
         from_torch(tensor.scalar_type()).has_value() && tensor.const_data_ptr() != nullptr;
}

/// For an allocation log: where saved tensor `number` lies.
void log_place(std::size_t number, const at::Tensor& tensor) {
  log_saved(number, tensor.has_storage() ? tensor.storage().data() : nullptr);
}

/// What the slope of x^exponent takes of x.
Requirement requirement_of_power(std::optional<double> exponent) {
  if (!exponent || *exponent != std::floor(*exponent) || *exponent < 2 || *exponent > kLargestExponent) {
    return {Need::Exact};
  }
  if (*exponent == 2) return {Need::Values};
  Requirement requirement{Need::Power};
  requirement.power = static_cast<int>(*exponent) - 1;
  return requirement;
}

bool is_owned(Reason reason) {
  return reason == Reason::Parameter || reason == Reason::Buffer || reason == Reason::Batch;
}

}  // namespace

Packer::Packer(CompressionOptions options) : options_(std::move(options)) {
  if (options_.swap) swapper_.emplace(options_.swap);
  if (options_.bits != 0) check_bits(options_.bits, "");
  for (const auto& [id, bits] : options_.bits_of) check_bits(bits, " of " + id);
  if (options_.group == 0 || options_.group % 16 != 0) {
    throw Error(Error::Usage, "group must be a positive multiple of 16, not " + std::to_string(options_.group));
  }
  if (options_.levels != 0 && (options_.levels < 2 || options_.levels > 256)) {
    throw Error(Error::Usage, "levels must be within 2 and 256, not " + std::to_string(options_.levels));
  }
}

void Packer::set_bits(std::map<std::string, int> bits_of) {
  for (const auto& [id, bits] : bits_of) {
    if (bits != kKeptBits && (bits < 1 || bits > 8)) {
      throw Error(Error::Usage, "bits of " + id + " must be 1 to 8 or 32, not " + std::to_string(bits));
    }
  }
  options_.bits_of = std::move(bits_of);
}

void Packer::begin(std::uint32_t step) {
  if (StepContext::of_thread().sink) {
    throw Error(Error::Usage, "a compression step is already under way on this thread");
  }
  if (in_step()) throw Error(Error::Usage, "a step of this compression is already under way on another thread");
  step_index_ = step;
  totals_ = {};
  saved_.clear();
  probes_.clear();
  owned_storages_.clear();
  owned_.index_into(owned_storages_);
  batch_.index_into(owned_storages_);
  step_ = std::make_shared<PackerStep>();
  step_->packer = this;
  step_->scope = StepContext::of_thread().scope;
  step_->rounds = !keeps_all() || options_.as_rounded;
  adoption_.emplace(step_);
  tracker_.emplace();
  sink_.emplace(*this);
}

void Packer::end() {
  sink_.reset();
  tracker_.reset();
  adoption_.reset();
  step_->packer = nullptr;
  step_ = nullptr;
  to_probe_.clear();
  shared_.clear();
  derivations_.clear();
  deferred_.clear();
  signs_.clear();
  if (swapper_) swapper_->clear();
  exact_.clear();
  kept_.clear();
}

std::shared_ptr<StoredTensor> Packer::pack(const at::Tensor& tensor) {
  log_place(saved_.size(), tensor);
  Packing packing{tensor, describe(tensor)};
  packing.need = requirement_of(packing.info);
  packing.has_rule = find_rule(packing.info.op, packing.info.role) != nullptr;
  decide(packing);
  if (to_probe_.contains(packing.info.id)) probe(packing);
  record(packing);
  return std::move(packing.stored);
}

void Packer::decide(Packing& packing) {
  if (derive_own(packing)) {
    // Whatever would become of it: it must fit the operands.
  } else if (running().is_about_to_write(packing.tensor) && !lives_anyway(packing.tensor)) {
    // Its content is not there yet, and will be when it is asked for.
    packing.still_written = true;
    refer(packing, options_.level == Level::L0 ? Reason::Exact : Reason::Critical);
  } else if (const auto reason = reason_to_keep(packing)) {
    keep(packing, *reason);
  } else if (packing.need.need == Need::Shape) {
    packing.info.reason = Reason::Shape;
    packing.info.exact_bytes = exact_.charge(packing.tensor.storage());
    packing.stored = std::make_shared<ShapeOfTensor>(packing.tensor);
  } else if (!share(packing) && !derive(packing)) {
    encode(packing, affine_for(packing.info));
  }
  derivations_.note(packing.info, packing.tensor, packing.stored, running(), shared_);
}

bool Packer::lives_anyway(const at::Tensor& tensor) const {
  return tensor.has_storage() && owned_storages_.contains(tensor.storage().unsafeGetStorageImpl());
}

std::shared_ptr<StoredTensor> Packer::pack_input(const at::Tensor& tensor, std::uint32_t occurrence,
                                                 std::size_t index) {
  log_place(saved_.size(), tensor);
  Packing packing{tensor, {}};
  SavedTensor& info = packing.info;
  const std::string& scope = step_->scope;
  info.op = "recompute";
  info.role = "input" + std::to_string(index);
  info.id = (scope.empty() ? "" : scope + '/') + info.op + '#' + std::to_string(occurrence) + ':' + info.role;
  info.dtype = from_torch(tensor.scalar_type()).value_or(core::DType::UInt8);
  info.shape = tensor.sizes().vec();
  packing.need = {Need::Exact};
  decide(packing);
  record(packing);
  return std::move(packing.stored);
}

std::shared_ptr<StoredTensor> Packer::pass_over(const at::Tensor& tensor) {
  const SavedTensor info = describe(tensor);
  auto stored = std::make_shared<KeptTensor>(tensor, info.id + " of " + info.op);
  derivations_.note(info, tensor, stored, running(), shared_);
  return stored;
}

std::size_t Packer::defer(const at::Tensor& tensor) {
  log_saved(saved_.size(), nullptr);  // where it lies when its block runs again is what counts
  Packing packing{tensor, describe(tensor)};
  packing.info.reason = Reason::Recomputed;
  deferred_.emplace(saved_.size(), totals_.exact_bytes);
  if (tensor.has_storage()) packing.info.exact_bytes = exact_.charge(tensor.storage());
  record(packing);
  return saved_.size() - 1;
}

std::shared_ptr<StoredTensor> Packer::pack_deferred(const at::Tensor& tensor, std::size_t place) {
  log_place(place, tensor);
  Packing packing{tensor, describe(tensor)};
  packing.need = requirement_of(packing.info);
  packing.has_rule = find_rule(packing.info.op, packing.info.role) != nullptr;
  exact_before_ = deferred_.at(place);
  decide(packing);
  exact_before_.reset();
  SavedTensor& known = saved_.at(place);
  if (packing.info.id != known.id) throw Error(Error::Internal, known.id + " became " + packing.info.id);
  packing.info.exact_bytes = known.exact_bytes;
  if (known.reason == Reason::Recomputed) show(packing);
  // Not to the second tier: it is asked for at once. But the block's input may be there.
  const bool draws_on_input = packing.info.reason == Reason::Shared || packing.info.reason == Reason::Derived;
  if (draws_on_input && swapper_) packing.stored->note_use();
  known = std::move(packing.info);
  return std::move(packing.stored);
}

void Packer::restored_input(const at::Tensor& tensor, const std::shared_ptr<StoredTensor>& stored, std::string id) {
  if (!tensor.has_storage() || lives_anyway(tensor) || shared_.find(tensor, {Need::Exact})) return;
  shared_.add(tensor, {stored, std::move(id), {Need::Exact}, true});
}

/// Signs wait a little: the values that the next layer saves of the same tensor take them into their bytes
/// (EncodeRequest::positives), and are then written with them.
void Packer::swap_out(const Packing& packing) {
  if (is_owned(packing.info.reason) || packing.still_written) return;
  const auto own = std::dynamic_pointer_cast<EncodedTensor>(packing.stored);
  if (own && packing.encoded && own->layout().codec == quant::Codec::Sign) {
    signs_.push_back(own);
  } else {
    packing.stored->swap_out(*swapper_);
    // Taken in just now: the same memory, which would otherwise live with them.
    if (packing.positives) packing.positives->swap_out(*swapper_);
  }
  while (signs_.size() > kSignsInMemory) {
    signs_.front()->swap_out(*swapper_);
    signs_.pop_front();
  }
}

SavedTensor Packer::describe(const at::Tensor& tensor) {
  const SavingPoint point = step_->operators->describe(tensor);
  SavedTensor info;
  const std::size_t colons = point.op.rfind("::");
  info.id = (point.scope.empty() ? "" : point.scope + '/') +
            (colons == std::string::npos ? point.op : point.op.substr(colons + 2)) + '#' +
            std::to_string(point.occurrence) + ':' + point.role;
  info.op = point.op;
  info.role = point.role;
  info.dtype = from_torch(tensor.scalar_type()).value_or(core::DType::UInt8);
  info.shape = tensor.sizes().vec();
  info.node = saving_node();
  return info;
}

Requirement Packer::requirement_of(const SavedTensor& info) const {
  const Rule& rule = rule_of(info.op, info.role);
  if (rule.need == Need::Power) return requirement_of_power(running().number("exponent"));
  Requirement requirement{rule.need};
  const auto bound = [&](std::string_view source, double& to) {
    if (source.empty()) return true;
    const bool is_negated = source.front() == '-';
    const std::string_view argument = source.substr(is_negated ? 1 : 0);
    if (std::isdigit(static_cast<unsigned char>(source.back()))) {
      to = std::stod(std::string(source));
    } else if (const auto number = running().number(argument)) {
      to = is_negated ? -*number : *number;
    } else {
      return !running().sizes(argument);  // None: no bound. A tensor: a bound an element, which no number states
    }
    return true;
  };
  if (!bound(rule.lower, requirement.lower) || !bound(rule.upper, requirement.upper)) return {Need::Exact};
  return requirement;
}

bool Packer::keeps_all() const { return options_.level == Level::L0 && options_.bits == 0 && options_.bits_of.empty(); }

std::optional<Reason> Packer::reason_to_keep(const Packing& packing) const {
  const at::Tensor& tensor = packing.tensor;
  if (!tensor.has_storage()) return Reason::Device;
  const auto owned = owned_storages_.find(tensor.storage().unsafeGetStorageImpl());
  if (owned != owned_storages_.end()) return owned->second;
  if (tensor.numel() > 0 && !is_dense_cpu(tensor)) return Reason::Device;
  if (keeps_all()) return Reason::Exact;
  if (tensor.nbytes() < options_.small_bytes) return Reason::Small;
  return std::nullopt;
}

bool Packer::share(Packing& packing) {
  const auto* entry = shared_.find(packing.tensor, packing.need);
  if (!entry) return share_memory(packing);
  packing.stored = entry->stored.lock();
  if (!packing.stored) return false;
  packing.info.reason = Reason::Shared;
  packing.info.shared_with = entry->id;
  follow(packing, packing.stored);
  return true;
}

bool Packer::share_memory(Packing& packing) {
  // Positions within a window depend on the shape.
  const auto* entry =
      packing.need.need == Need::Window ? nullptr : shared_.find_same_memory(packing.tensor, packing.need);
  if (!entry) return false;
  const auto stored = entry->stored.lock();
  if (std::dynamic_pointer_cast<KeptTensor>(stored)) {
    // The memory lives anyway: another form of it would cost bytes and precision.
    packing.stored = std::make_shared<KeptTensor>(packing.tensor, packing.info.id + " of " + packing.info.op);
  } else if (auto encoded = std::dynamic_pointer_cast<EncodedTensor>(stored)) {
    packing.stored = std::make_shared<ReshapedTensor>(encoded, packing.tensor);
    follow(packing, encoded);
  } else {
    return false;
  }
  packing.info.reason = Reason::Shared;
  packing.info.shared_with = entry->id;
  shared_.add(packing.tensor, {packing.stored, entry->id, packing.need, entry->exact});
  return true;
}

bool Packer::derive(Packing& packing) {
  // Bits that were asked for this very tensor are for its own elements.
  if (!options_.derive || packing.need.need != Need::Values || options_.bits_of.contains(packing.info.id) ||
      affine_for(packing.info).bits == kKeptBits) {
    return false;
  }
  return adopt(packing, derivations_.find(packing.tensor));
}

bool Packer::derive_own(Packing& packing) {
  if (!options_.derive || options_.bits_of.contains(packing.info.id)) return false;
  // Where single tensors are kept, what follows from them would be rounded: it has no bits of its own.
  const bool from_exact = affine_for(packing.info).bits != kKeptBits && packing.tensor.nbytes() >= options_.small_bytes;
  return adopt(packing, derivations_.find_own(packing.info, packing.tensor, from_exact));
}

bool Packer::adopt(Packing& packing, std::optional<Derivations::Found> derived) {
  if (!derived) return false;
  packing.stored = std::move(derived->stored);
  packing.info.shared_with = std::move(derived->source);
  packing.info.reason = Reason::Derived;
  packing.info.exact_bytes = exact_.charge(packing.tensor.storage());
  shared_.add(packing.tensor, {packing.stored, packing.info.id, packing.need, false});
  follow(packing, packing.stored);
  return true;
}

void Packer::keep(Packing& packing, Reason reason) {
  const at::Tensor& tensor = packing.tensor;
  packing.info.reason = reason;
  if (tensor.has_storage() && !is_owned(reason)) {
    const bool exact_level = reason == Reason::Exact && options_.level == Level::L0;
    const c10::Storage& storage = tensor.storage();
    if (!exact_level && storage.nbytes() > kWidestView * tensor.nbytes() && is_dense_cpu(tensor)) {
      return adopt(packing, copy_out(tensor, reason));
    }
  }
  refer(packing, reason);
}

/// The graph holds the tensor itself.
void Packer::refer(Packing& packing, Reason reason) {
  const at::Tensor& tensor = packing.tensor;
  SavedTensor& info = packing.info;
  info.reason = reason;
  const bool has_storage = tensor.has_storage(), owned = is_owned(reason);
  if (!has_storage) {
    info.exact_bytes = info.stored_bytes = tensor.is_sparse() ? 0 : tensor.nbytes();
  } else if (!owned) {
    info.exact_bytes = exact_.charge(tensor.storage());
    info.stored_bytes = kept_.charge(tensor.storage());
    if (info.exact_bytes == 0 && reason == Reason::Exact && options_.level == Level::L0) {
      if (const auto* entry = shared_.find(tensor, {Need::Exact})) {
        info.reason = Reason::Shared;
        info.shared_with = entry->id;
      }
    }
  }
  packing.stored = std::make_shared<KeptTensor>(tensor, info.id + " of " + info.op);
  if (!owned && has_storage && !packing.still_written) {
    shared_.add(tensor, {packing.stored, info.id, {Need::Exact}, true});
  }
}

void Packer::record(Packing& packing) {
  const SavedTensor& info = packing.info;
  const auto reason = static_cast<std::size_t>(info.reason);
  ++totals_.tensors;
  totals_.exact_bytes += info.exact_bytes;
  totals_.stored_bytes += info.stored_bytes;
  totals_.bytes_by_reason[reason] += info.exact_bytes;
  ++totals_.count_by_reason[reason];
  if (info.reason == Reason::NoRule && info.stored_bytes > 0) totals_.without_rule[info.op] += info.stored_bytes;
  show(packing);
  if (swapper_ && packing.stored) swap_out(packing);
  saved_.push_back(std::move(packing.info));
}

void Packer::show(const Packing& packing) const {
  if (!observer_) return;
  if (packing.encoded) {
    const at::Tensor& content = packing.content.defined() ? packing.content : packing.tensor;
    const at::Tensor bytes = packing.encoded->plain();
    observer_({packing.info, content, EncodedTensor::payload_of(bytes, packing.info.layout),
               EncodedTensor::metadata_of(bytes, packing.info.layout)});
  } else {
    observer_({packing.info, packing.tensor, {}, {}});
  }
}

}  // namespace terse::act
