#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "terse/relsim/embedding/score_kernels.hpp"

namespace terse::relsim {

/// Vectors of entities and relations, as score_kernels.hpp lays them out. Relations of RotatE are cosines and sines.
struct EmbeddingModel {
  ScoreShape shape;
  std::int32_t entities = 0, relations = 0;
  std::vector<float> entity;    ///< [E, shape.width]
  std::vector<float> relation;  ///< [R, shape.relation_width()]

  float* entity_row(std::int32_t id) { return entity.data() + static_cast<std::size_t>(id) * shape.width; }
  const float* entity_row(std::int32_t id) const { return entity.data() + static_cast<std::size_t>(id) * shape.width; }
  float* relation_row(std::int32_t id) {
    return relation.data() + static_cast<std::size_t>(id) * shape.relation_width();
  }
  const float* relation_row(std::int32_t id) const {
    return relation.data() + static_cast<std::size_t>(id) * shape.relation_width();
  }

  /// What must hold after a row has changed: entities of TransE have a length of at most 1, rotations one of exactly 1.
  void constrain_entity(std::int32_t id);
  void constrain_relation(std::int32_t id);

  /// Random rows; depends on sizes and seed only.
  /// @param dim   values a vector; even for ComplEx and RotatE, where half of them are imaginary parts
  /// @param norm  of TransE's distance
  /// @throws Error::Usage for sizes that make no sense
  static EmbeddingModel random(ScoreModel model, std::int64_t dim, int norm, std::int32_t entities,
                               std::int32_t relations, std::uint64_t seed);
};

/// "transe", "distmult", "complex", "rotate", "rescal".
std::string_view to_string(ScoreModel model);
/// @throws Error::Usage for another name
ScoreModel score_model_of(std::string_view name);

/// A shape for vectors of `dim` values. @throws Error::Usage where the model cannot have them
ScoreShape score_shape(ScoreModel model, std::int64_t dim, int norm);

/// Copies vectors of `dim` values to or from padded rows: one vector after the other in `packed`.
void pack_rows(const ScoreShape& shape, bool relation, const std::vector<float>& rows, std::vector<float>& packed);
void unpack_rows(const ScoreShape& shape, bool relation, const float* packed, std::size_t count,
                 std::vector<float>& rows);

}  // namespace terse::relsim
