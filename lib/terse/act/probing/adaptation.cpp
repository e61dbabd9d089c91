#include "terse/act/probing/adaptation.hpp"

#include <algorithm>

#include "terse/act/probing/gradient_probe.hpp"
#include "terse/act/probing/node_gradients.hpp"
#include "terse/act/probing/probe_schedule.hpp"

namespace terse::act {

namespace {

constexpr double kAdvance = 20, kShare = 0.01;  // the account, in training steps
constexpr double kHeld = 10, kHeldFor = 1000;   // of the advance: kept back once all is known, and freed by steps
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
  double credit_now = credit(step) - kCheckCost;  // which probes must leave
  // Once all are known, probes come together, as a step that probes costs a little by itself; and spread out, as what
  // they say of an untrained network soon is no longer so.
  if (table_.complete()) {
    credit_now -= kHeld * std::max(0.0, 1 - static_cast<double>(step) / kHeldFor);
    if (credit_now < kMostAtOnce) return;
  }
  if (table_.empty()) return;
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
  // In the first step because what a policy or a profile knows of the tensors is of the network as it is then.
  watches_all_ = step == 1 || step % options_.every == 0;
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
  std::set<std::string> probed;
  for (const Probe& probe : probes) probed.insert(probe.id);
  gradients_ = nullptr;
  if (watches_all_ || !probes.empty()) {
    gradients_ = NodeGradients::watch(loss, compression.saved(), watches_all_ ? std::set<std::string>{} : probed);
  }
  if (probes.empty()) return;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, parameter] : parameters) tensors.push_back(parameter);
  probe_ = std::make_unique<GradientProbe>(tensors, [this](const ProbeResult& result) { found_.push_back(result); });
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
  if (gradients_ && signal > 0) {
    const auto strengths = gradients_->strengths(signal);
    if (watches_all_) table_.note_gradients(strengths);
    for (const auto& result : found_) {
      const auto strength = strengths.find(result.id);
      table_.add_draw(result.id, {result.sensitivity / signal, result.passed / signal,
                                  probe_cost(result.reach, table_.tensors().size()),
                                  strength != strengths.end() ? strength->second : GradientStrength{}});
    }
  }
  AdaptationFigures figures{.probed = found_.size(), .spent = spent_, .average_bits = average_bits()};
  if (options_.every == 0) return figures;
  figures.variance = check_.see_gradient(parameters, signal * table_.predicted_variance());
  if (step % options_.every == 0 || (!chosen_ && table_.complete() && !table_.empty())) {
    choose();
    figures.chose = true;
  }
  return figures;
}

formats::Value Adaptation::state() const {
  return formats::Value::Map{{"spent", spent_}, {"chosen", chosen_}, {"check", check_.state()}};
}

void Adaptation::restore(const formats::Value& state, std::vector<formats::PolicyTensor> tensors) {
  start_from(std::move(tensors));
  spent_ = state.at("spent").as_double();
  chosen_ = state.at("chosen").as_bool();
  check_.restore(state.at("check"));
}

}  // namespace terse::act
