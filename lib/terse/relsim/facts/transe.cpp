#include "terse/relsim/facts/transe.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "terse/core/philox.hpp"
#include "terse/learn/shuffle.hpp"
#include "terse/relsim/kernels/sparse_rows.hpp"

namespace terse::relsim {
namespace {

class Trainer {
 public:
  Trainer(std::int32_t entities, std::int32_t relations, const TransEOptions& options)
      : entities_(entities),
        dim_(static_cast<std::size_t>(options.dim)),
        options_(options),
        positive_(dim_),
        negative_(dim_) {
    const double bound = 6 / std::sqrt(static_cast<double>(options.dim));
    vectors_.entity = uniform(static_cast<std::size_t>(entities), bound, "relsim/transe.entity");
    vectors_.relation = uniform(static_cast<std::size_t>(relations), bound, "relsim/transe.relation");
    for (std::int32_t r = 0; r < relations; ++r) scale_to_length(relation(r), /*at_most=*/false);
    for (std::int32_t e = 0; e < entities; ++e) scale_to_length(entity(e), /*at_most=*/true);
  }

  void fact(const Triple& t, core::RandomSequence& random) {
    Triple corrupt = t;
    (random.word() & 1 ? corrupt.head : corrupt.tail) = static_cast<std::int32_t>(random.below(entities_));
    const float right = difference(t, positive_), wrong = difference(corrupt, negative_);
    if (static_cast<float>(options_.margin) + right - wrong <= 0) return;
    descend(t, positive_, -static_cast<float>(options_.lr) / (right + 1e-12f));
    descend(corrupt, negative_, static_cast<float>(options_.lr) / (wrong + 1e-12f));
    for (const auto e : {t.head, t.tail, corrupt.head, corrupt.tail}) scale_to_length(entity(e), /*at_most=*/true);
  }

  TransEVectors take() { return std::move(vectors_); }

 private:
  std::vector<float> uniform(std::size_t rows, double bound, const char* purpose) {
    std::vector<float> values(rows * dim_);
    core::RandomSequence random({options_.seed, core::stream_of(purpose), 0});
    for (auto& value : values) value = static_cast<float>(bound * (2 * random.uniform() - 1));
    return values;
  }

  float* entity(std::int32_t id) { return vectors_.entity.data() + static_cast<std::size_t>(id) * dim_; }
  float* relation(std::int32_t id) { return vectors_.relation.data() + static_cast<std::size_t>(id) * dim_; }

  void scale_to_length(float* vector, bool at_most) {
    const float squares = dot_row(vector, vector, dim_);
    if (at_most && squares <= 1) return;
    scale_row(vector, 1 / std::sqrt(squares), dim_);
  }

  /// h + r - t. @return its length
  float difference(const Triple& t, std::vector<float>& into) {
    const auto *h = entity(t.head), *r = relation(t.relation), *e = entity(t.tail);
    std::copy_n(h, dim_, into.begin());
    add_scaled_row(into.data(), r, 1, dim_);
    add_scaled_row(into.data(), e, -1, dim_);
    return std::sqrt(dot_row(into.data(), into.data(), dim_));
  }

  void descend(const Triple& t, const std::vector<float>& difference, float rate) {
    add_scaled_row(entity(t.head), difference.data(), rate, dim_);
    add_scaled_row(relation(t.relation), difference.data(), rate, dim_);
    add_scaled_row(entity(t.tail), difference.data(), -rate, dim_);
  }

  std::uint64_t entities_;
  std::size_t dim_;
  TransEOptions options_;
  TransEVectors vectors_;
  std::vector<float> positive_, negative_;
};

}  // namespace

TransEVectors train_transe(std::span<const Triple> triples, std::int32_t entities, std::int32_t relations,
                           const TransEOptions& options, const std::function<void(std::int64_t)>& progress) {
  Trainer trainer(entities, relations, options);
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    const auto order = learn::shuffled(
        triples.size(), {options.seed, core::stream_of("relsim/transe.order"), static_cast<std::uint32_t>(epoch)});
    core::RandomSequence random(
        {options.seed, core::stream_of("relsim/transe.negatives"), static_cast<std::uint32_t>(epoch)});
    for (const auto i : order) trainer.fact(triples[i], random);
    if (progress) progress(epoch);
  }
  return trainer.take();
}

}  // namespace terse::relsim
