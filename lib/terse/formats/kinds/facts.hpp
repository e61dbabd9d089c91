#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "terse/formats/artifact/artifact.hpp"

namespace terse::formats {

/// A trained fact model P(h,t|r) = P(h|r) P(t|h,r) and the knowledge base's names (facts.md).
/// Source of the model: ACL 2019, arXiv 1907.08937.
struct Facts {
  std::vector<std::string> entities;   ///< [E] names
  std::vector<std::string> relations;  ///< [R] names
  std::vector<std::int64_t> counts;    ///< [R] distinct training facts of each relation
  /// float32 weights: "entity" [E, d], "relation" [R, d], and of the two MLPs, PyTorch's Linear layout [out, in],
  /// "head.0.weight" [hidden, d], "head.0.bias", "head.2.weight", "head.2.bias", "head.4.weight" [d, hidden],
  /// "head.4.bias" (MLP1, P(h|r)) and "tail.…" alike (MLP2, P(t|h,r)); "inverse" [R, d]: relations turned round.
  /// Empty for a model that only counts.
  std::vector<Tensor> weights;
  Value hyperparameters = Value::Map{};  ///< dim, hidden, epochs, batch, lr, weight_decay, start, …
  Value metrics = Value::Map{};          ///< nats of each epoch, held out: model, counts, uniform
  std::vector<std::int32_t> triples;     ///< [n, 3] head, relation, tail ids of the training facts; may be empty

  /// @throws Error::BadInput where there is none of the name
  const Tensor& weight(std::string_view name) const;
};

/// Writes to `sink` (kind and schema version of `header` are set here). Does not finish the sink.
/// @return the artifact's digest
std::string write_facts(core::ByteSink& sink, Header header, const Facts& facts);

/// Checks that ids are within range and that tables fit the names.
/// @throws Error::BadInput where the source is not a sound facts artifact
Loaded<Facts> read_facts(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits = {});

}  // namespace terse::formats
