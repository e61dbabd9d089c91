#include "terse/train/loop/metrics.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "terse/core/median.hpp"
#include "terse/core/table.hpp"

namespace terse::train {

namespace {

using Json = nlohmann::ordered_json;

void add(Json& line, const act::AdaptationFigures& figures) {
  line["average_bits"] = figures.average_bits;
  line["probed_tensors"] = figures.probed;
  line["steps_spent_on_probes"] = figures.spent;
  if (!figures.variance) return;
  line["quantization_variance_predicted"] = figures.variance->predicted;
  line["quantization_variance_measured"] = figures.variance->measured;
  line["gradient_variance"] = figures.variance->gradient;
}

Json to_json(const StepFigures& figures) {
  Json line = {{"step", figures.step},
               {"epoch", figures.epoch},
               {"loss", figures.loss},
               {"learning_rate", figures.learning_rate},
               {"activation_bytes_exact", figures.compression.exact_bytes},
               {"activation_bytes_stored", figures.compression.stored_bytes},
               {"peak_allocated_bytes", figures.peak_allocated_bytes},
               {"peak_resident_bytes", figures.peak_resident_bytes},
               {"step_seconds", figures.seconds}};
  const auto& compression = figures.compression;
  if (compression.adaptation) add(line, *compression.adaptation);
  if (compression.swap) {
    line["swapped_bytes"] = compression.swap->swapped_bytes;
    line["swap_wait_seconds"] = compression.swap->wait_seconds;
  }
  if (compression.budget) {
    line["budget_bytes"] = compression.budget->budget_bytes;
    line["planned_peak_bytes"] = compression.budget->planned_peak_bytes;
    line["budget_tier"] = act::to_string(compression.budget->tier);
  }
  return line;
}

}  // namespace

void RunSummary::add(const StepFigures& figures) {
  const auto checked = last_ && last_->compression.adaptation ? last_->compression.adaptation->variance : std::nullopt;
  last_ = figures;
  // The final line tells of the last check, whichever step it was.
  if (auto& adaptation = last_->compression.adaptation; adaptation && !adaptation->variance) {
    adaptation->variance = checked;
  }
  peak_allocated_ = std::max(peak_allocated_, figures.peak_allocated_bytes);
  seconds_.push_back(figures.seconds);
}

double RunSummary::median_step_seconds() const { return core::median(seconds_); }

// Each line goes out at once: a run is watched while it trains, and a full disk is noticed at the first step.
void MetricsWriter::step(const StepFigures& figures) {
  core::write_text(sink_, to_json(figures).dump() + "\n");
  sink_.flush();
}

void MetricsWriter::final(const RunSummary& summary, const std::optional<Evaluation>& evaluation) {
  Json line{{"final", true}};
  if (summary.last()) {
    auto figures = *summary.last();
    figures.peak_allocated_bytes = summary.peak_allocated_bytes();
    figures.seconds = summary.median_step_seconds();
    line.update(to_json(figures));
  }
  if (evaluation) {
    line["evaluation_examples"] = evaluation->examples;
    line["evaluation_loss"] = evaluation->loss;
    line["accuracy"] = evaluation->accuracy;
  }
  core::write_text(sink_, line.dump() + "\n");
  sink_.flush();
}

formats::Value reached(const RunSummary& summary, const std::optional<Evaluation>& evaluation) {
  formats::Value value = formats::Value::Map{};
  if (summary.last()) {
    value["step"] = summary.last()->step;
    value["loss"] = summary.last()->loss;
    value["activation_bytes_exact"] = summary.last()->compression.exact_bytes;
    value["activation_bytes_stored"] = summary.last()->compression.stored_bytes;
  }
  if (evaluation) {
    value["evaluation_examples"] = evaluation->examples;
    value["evaluation_loss"] = evaluation->loss;
    value["accuracy"] = evaluation->accuracy;
  }
  return value;
}

}  // namespace terse::train
