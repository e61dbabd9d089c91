#pragma once

#include <string>

#include "terse/core/bytes.hpp"
#include "terse/formats/artifact/artifact.hpp"
#include "terse/formats/artifact/value.hpp"
#include "terse/train/loop/trainer.hpp"

namespace terse::train {

/// Writes the trained model: spec, classes, vocabulary, input normalisation, weights. Does not finish the sink.
/// @param metrics  what the run reached; no times, so that the same command gives the same bytes
void write_trained_model(core::ByteSink& sink, formats::Header header, Trainer& trainer, const formats::Value& metrics);

/// Sets a network's weights from a model artifact or a .safetensors file, told apart by content: every parameter must
/// be there with its shape; buffers where present.
/// @throws Error::BadInput naming file and tensor
void initialise_from(Network& network, const std::string& path);

}  // namespace terse::train
