#include "terse/act/adaptation.hpp"

#include "terse/act/gradient_probe.hpp"
#include "terse/act/probe_schedule.hpp"

namespace terse::act {

namespace {

constexpr double kAdvance = 20, kShare = 0.01;  // the account, in training steps
constexpr double kMostAtOnce = 1;               // beside the step itself
constexpr double kShareOfStored = 0.02;         // second forms of what is probed
constexpr std::uint64_t kCheckEvery = 4;        // choices of bits
constexpr double kCheckCost = 1;

}  // namespace

Adaptation::Adaptation(AdaptationOptions options) : options_(std::move(options)), check_(options_.seed) {
  if (options_.choose) return;
  options_.choose = [this](PrecisionTable& table) { table.allocate(options_.default_bits, options_.entropy); };
}

Adaptation::~Adaptation() = default;

void Adaptation::start_from(std::vector<formats::PolicyTensor> tensors) {
  table_ = PrecisionTable(std::move(tensors));
  chosen_ = !table_.bits().empty();
  bits_are_set_ = false;
}

void Adaptation::choose(bool for_good) {
  options_.choose(table_);
  chosen_ = chosen_ || for_good;
  bits_are_set_ = false;
}

double Adaptation::credit(std::uint64_t step) const { return kAdvance + kShare * static_cast<double>(step) - spent_; }

void Adaptation::choose_probes(std::uint64_t step, Compression& compression) {
  const double credit_now = credit(step) - kCheckCost;  // which probes must leave
  // Once all are known, probes come together: a step that probes costs a little by itself.
  if (table_.empty() || (table_.complete() && credit_now < kMostAtOnce)) return;
  const auto group = next_probes(table_, std::min(kMostAtOnce, credit_now), kShareOfStored);
  for (auto& tensor : table_.tensors()) {
    if (group.ids.contains(tensor.id)) tensor.probed = step;
  }
  spent_ += group.cost;
  compression.probe(group.ids);
}

void Adaptation::begin_step(std::uint64_t step, const NamedTensors& parameters, Compression& compression,
                            const GradientPass& pass) {
  if (!bits_are_set_) compression.set_bits(table_.bits());
  bits_are_set_ = true;
  if (options_.every == 0) return;
  if (chosen_ && !check_.under_way() && step % (kCheckEvery * options_.every) == 0 && credit(step) >= kCheckCost) {
    spent_ += kCheckCost;
    check_.draw(parameters, pass, static_cast<std::uint32_t>(step));
  } else {
    choose_probes(step, compression);
  }
}

void Adaptation::before_backward(const at::Tensor& output, const at::Tensor& loss, const NamedTensors& parameters,
                                 Compression& compression) {
  found_.clear();
  signal_ = OutputGradient::watch(output);
  auto probes = compression.take_probes();
  if (probes.empty()) return;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, parameter] : parameters) tensors.push_back(parameter);
  probe_ = std::make_unique<GradientProbe>(tensors, [this](const ProbeResult& result) {
    found_.push_back(result);
  });
  probe_->attach(loss, std::move(probes));
}

double Adaptation::average_bits() const {
  double bits = 0, exact = 0;
  for (const auto& tensor : table_.tensors()) {
    const auto weight = static_cast<double>(tensor.rungs.back().bytes);
    bits += weight * (tensor.bits > 0 ? tensor.bits : options_.default_bits);
    exact += weight;
  }
  return exact > 0 ? bits / exact : 0;
}

AdaptationFigures Adaptation::end_step(std::uint64_t step, const NamedTensors& parameters, Compression& compression) {
  probe_.reset();
  if (options_.every > 0) table_.note(compression.saved());
  const double signal = signal_->squared_norm();
  if (signal > 0) {
    for (const auto& result : found_) {
      table_.add_draw(result.id, result.sensitivity / signal, probe_cost(result.reach, table_.tensors().size()));
    }
  }
  AdaptationFigures figures{.probed = found_.size(), .spent = spent_, .average_bits = average_bits()};
  if (options_.every == 0) return figures;
  const double predicted = signal * table_.predicted_variance();
  figures.variance = check_.see_gradient(parameters, calibration_ * predicted);
  if (figures.variance && figures.variance->predicted > 0 && figures.variance->measured > 0) {
    calibration_ *= figures.variance->measured / figures.variance->predicted;
  }
  if (step % options_.every == 0 || (!chosen_ && table_.complete() && !table_.empty())) {
    choose();
    figures.chose = true;
  }
  return figures;
}

formats::Value Adaptation::state() const {
  return formats::Value::Map{
      {"spent", spent_}, {"chosen", chosen_}, {"calibration", calibration_}, {"check", check_.state()}};
}

void Adaptation::restore(const formats::Value& state, std::vector<formats::PolicyTensor> tensors) {
  start_from(std::move(tensors));
  spent_ = state.at("spent").as_double();
  chosen_ = state.at("chosen").as_bool();
  calibration_ = state.at("calibration").as_double();
  check_.restore(state.at("check"));
}

}  // namespace terse::act
