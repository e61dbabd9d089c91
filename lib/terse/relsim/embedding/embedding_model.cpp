#include "terse/relsim/embedding/embedding_model.hpp"

#include <array>
#include <cmath>

#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"

namespace terse::relsim {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"transe", "distmult", "complex", "rotate", "rescal"};

bool is_complex(ScoreModel model) { return model == ScoreModel::ComplEx || model == ScoreModel::RotatE; }

std::size_t padded(std::size_t n) { return (n + kRowUnit - 1) / kRowUnit * kRowUnit; }

/// Calls body(place in the padded row, place in the packed vector) for each value of a vector.
template <class Body>
void for_each_value(const ScoreShape& shape, bool relation, const Body& body) {
  const auto dim = shape.dim;
  if (relation && shape.model == ScoreModel::Rescal) {
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = 0; j < dim; ++j) body(i * shape.width + j, i * dim + j);
    }
    return;
  }
  const auto part = is_complex(shape.model) ? dim / 2 : dim;
  for (std::size_t i = 0; i < dim; ++i) body(i / part * (shape.width / 2) + i % part, i);
}

std::size_t packed_width(const ScoreShape& shape, bool relation) {
  return relation && shape.model == ScoreModel::Rescal ? shape.dim * shape.dim : shape.dim;
}

std::size_t row_width(const ScoreShape& shape, bool relation) {
  return relation ? shape.relation_width() : shape.width;
}

void scale_to_length(float* row, std::size_t n, bool at_most) {
  float squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += row[i] * row[i];
  if (squares == 0 || (at_most && squares <= 1)) return;
  const float factor = 1 / std::sqrt(squares);
  for (std::size_t i = 0; i < n; ++i) row[i] *= factor;
}

}  // namespace

std::string_view to_string(ScoreModel model) { return kNames[static_cast<std::size_t>(model)]; }

ScoreModel score_model_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<ScoreModel>(i);
  }
  throw Error(Error::Usage, "no such model: " + std::string(name));
}

ScoreShape score_shape(ScoreModel model, std::int64_t dim, int norm) {
  if (dim < 1 || dim > (1 << 20)) throw Error(Error::Usage, "the dimension must be from 1 to 1048576");
  if (is_complex(model) && dim % 2 != 0) {
    throw Error(Error::Usage,
                std::string(to_string(model)) + " needs an even dimension: half of it are imaginary parts");
  }
  if (norm != 1 && norm != 2) throw Error(Error::Usage, "the norm must be 1 or 2");
  ScoreShape shape;
  shape.model = model;
  shape.norm = norm;
  shape.dim = static_cast<std::size_t>(dim);
  shape.width = is_complex(model) ? 2 * padded(shape.dim / 2) : padded(shape.dim);
  return shape;
}

void EmbeddingModel::constrain_entity(std::int32_t id) {
  if (shape.model == ScoreModel::TransE) scale_to_length(entity_row(id), shape.dim, /*at_most=*/true);
}

void EmbeddingModel::constrain_relation(std::int32_t id) {
  if (shape.model != ScoreModel::RotatE) return;
  const auto half = shape.width / 2;
  float* row = relation_row(id);
  for (std::size_t i = 0; i < shape.dim / 2; ++i) {
    const float length = std::hypot(row[i], row[half + i]);
    row[i] = length > 0 ? row[i] / length : 1;
    row[half + i] = length > 0 ? row[half + i] / length : 0;
  }
}

EmbeddingModel EmbeddingModel::random(ScoreModel model, std::int64_t dim, int norm, std::int32_t entities,
                                      std::int32_t relations, std::uint64_t seed) {
  EmbeddingModel result;
  result.shape = score_shape(model, dim, norm);
  result.entities = entities;
  result.relations = relations;
  // TransE as its authors have it; products begin near zero, where no fact is likelier than another.
  const double bound = (model == ScoreModel::TransE ? 6 : 1) / std::sqrt(static_cast<double>(dim));
  const auto fill = [&](bool relation, std::int32_t rows, const char* purpose) {
    std::vector<float> packed(static_cast<std::size_t>(rows) * packed_width(result.shape, relation));
    core::RandomSequence random({seed, core::stream_of(purpose), 0});
    for (auto& value : packed) value = static_cast<float>(bound * (2 * random.uniform() - 1));
    unpack_rows(result.shape, relation, packed.data(), static_cast<std::size_t>(rows),
                relation ? result.relation : result.entity);
  };
  fill(false, entities, "relsim/embedding.entity");
  fill(true, relations, "relsim/embedding.relation");
  for (std::int32_t e = 0; e < entities; ++e) result.constrain_entity(e);
  for (std::int32_t r = 0; r < relations; ++r) {
    result.constrain_relation(r);
    if (model == ScoreModel::TransE) scale_to_length(result.relation_row(r), result.shape.dim, /*at_most=*/false);
  }
  return result;
}

void pack_rows(const ScoreShape& shape, bool relation, const std::vector<float>& rows, std::vector<float>& packed) {
  const auto width = row_width(shape, relation), out = packed_width(shape, relation);
  packed.resize(rows.size() / width * out);
  for (std::size_t i = 0; i * width < rows.size(); ++i) {
    for_each_value(shape, relation,
                   [&](std::size_t from, std::size_t to) { packed[i * out + to] = rows[i * width + from]; });
  }
}

void unpack_rows(const ScoreShape& shape, bool relation, const float* packed, std::size_t count,
                 std::vector<float>& rows) {
  const auto width = row_width(shape, relation), in = packed_width(shape, relation);
  rows.assign(count * width, 0);
  for (std::size_t i = 0; i < count; ++i) {
    for_each_value(shape, relation,
                   [&](std::size_t to, std::size_t from) { rows[i * width + to] = packed[i * in + from]; });
  }
}

}  // namespace terse::relsim
