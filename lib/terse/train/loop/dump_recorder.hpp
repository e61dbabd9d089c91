#pragma once

#include "terse/core/bytes.hpp"
#include "terse/formats/kinds/dump.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// Writes every tensor that one training step saves for its backward pass into a dump, while the step runs.
class DumpRecorder {
 public:
  /// @param exact  also keeps the tensors as they were saved, so that the error of the codec can be told
  DumpRecorder(core::ByteSink& sink, formats::Header header, const Trainer& trainer, bool exact);

  /// Runs the trainer's next step under observation.
  StepFigures record(Trainer& trainer);
  /// Writes the end. Does not finish the sink.
  void finish() { writer_.finish(); }

 private:
  void add(std::uint64_t step, const act::PackedView& view);
  formats::DumpWriter writer_;
  bool exact_;
};

}  // namespace terse::train
