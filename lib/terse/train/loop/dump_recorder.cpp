#include "terse/train/loop/dump_recorder.hpp"

#include <string>

#include "terse/act/tensor/survey_of.hpp"

namespace terse::train {

namespace {

formats::Value describe_run(const Trainer& trainer) {
  const auto& options = trainer.options();
  formats::Value run = formats::Value::Map{};
  run["model"] = to_string(trainer.made().spec);
  run["data"] = to_string(trainer.data().spec);
  run["batch"] = options.batch;
  run["level"] = act::to_string(options.compression.level);
  if (options.compression.bits != 0) run["bits"] = options.compression.bits;
  return run;
}

/// Whether the elements were encoded in the order in which the dump lists them.
bool row_by_row(const act::SavedTensor& info) {
  std::int64_t expected = 1;
  for (std::size_t i = info.strides.size(); i-- > 0; expected *= info.shape[i]) {
    if (info.shape[i] != 1 && info.strides[i] != expected) return false;
  }
  return true;
}

}  // namespace

DumpRecorder::DumpRecorder(core::ByteSink& sink, formats::Header header, const Trainer& trainer, bool exact)
    : writer_(sink, std::move(header), describe_run(trainer)), exact_(exact) {}

StepFigures DumpRecorder::record(Trainer& trainer) {
  const auto step = trainer.steps_done() + 1;
  trainer.compression().observe([this, step](const act::PackedView& view) { add(step, view); });
  const auto figures = trainer.step();
  trainer.compression().observe({});
  return figures;
}

void DumpRecorder::add(std::uint64_t step, const act::PackedView& view) {
  const auto& info = view.info;
  const auto survey = act::survey_of(view);
  formats::DumpEntry entry;
  entry.step = step;
  entry.id = info.id;
  entry.op = info.op;
  entry.role = info.role;
  entry.dtype = info.dtype;
  entry.shape = info.shape;
  entry.reason = act::to_string(info.reason);
  entry.layout = info.layout;
  if (!row_by_row(info)) entry.strides = info.strides;
  entry.exact_bytes = info.exact_bytes;
  entry.stored_bytes = info.stored_bytes;
  entry.minimum = survey.minimum;
  entry.maximum = survey.maximum;
  entry.zeros = survey.zeros;
  entry.non_finite = survey.non_finite;
  entry.shared_with = info.shared_with;
  at::Tensor exact;
  if (exact_) exact = view.exact.detach().contiguous();
  writer_.add(entry, view.payload, view.metadata,
              exact.defined() ? std::span(static_cast<const std::byte*>(exact.const_data_ptr()), exact.nbytes())
                              : std::span<const std::byte>());
}

}  // namespace terse::train
