#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "terse/relsim/evidence/fact_edges.hpp"
#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// What a fact's head and tail are like, as vectors of unit length, learnt from all facts but those between the two:
/// what a fact says of itself would tell two relations apart even where they mean the same.
class FactView {
 public:
  virtual ~FactView() = default;
  virtual std::size_t width() const = 0;
  /// Thread-safe. @param head, tail  [width]
  virtual void describe(std::size_t fact, std::span<float> head, std::span<float> tail) const = 0;
};

/// The facts that views look at. All referenced data outlives them.
struct ViewedFacts {
  std::span<const Triple> triples;  ///< distinct
  const FactEdges& edges;
  std::int32_t entities = 0, relations = 0;
  std::span<const std::string> names = {};  ///< of entities, [E]; only argument_names() needs them
};

/// By the kinds of facts an entity takes part in: relations, as head or as tail, how often.
/// @param rank  components of the vectors beside the constant one
std::unique_ptr<FactView> argument_types(const ViewedFacts& facts, std::size_t rank);

/// By an entity's neighbours: which entity, by which relation, on which side.
std::unique_ptr<FactView> neighbourhoods(const ViewedFacts& facts, std::size_t rank);

/// By how entities are called: characters of their names, three to five in a row, with all digits alike.
std::unique_ptr<FactView> argument_names(const ViewedFacts& facts, std::size_t rank);

}  // namespace terse::relsim
