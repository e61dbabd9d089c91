#include "terse/relsim/embedding/vector_distances.hpp"

#include <cmath>

#include "terse_catch.hpp"

using namespace terse::relsim;

namespace {

double cosine_of(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    ab += x * y, aa += x * x, bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

// A model scores (h, r, t) as it scores (t, r turned round, h); of the rows that do, those of vector_distances must be
// one.
TEST_CASE("vector distances are 1 - cosine, with what scores facts turned round as the inverse") {
  for (const auto kind :
       {ScoreModel::TransE, ScoreModel::DistMult, ScoreModel::ComplEx, ScoreModel::RotatE, ScoreModel::Rescal}) {
    auto model = EmbeddingModel::random(kind, 6, 2, 5, 3, 4);
    std::vector<float> packed;
    pack_rows(model.shape, true, model.relation, packed);
    const auto width = packed.size() / 3;
    const auto row = [&](std::size_t r) {
      return std::vector<float>(packed.begin() + static_cast<std::ptrdiff_t>(r * width),
                                packed.begin() + static_cast<std::ptrdiff_t>((r + 1) * width));
    };
    const auto found = vector_distances(model);
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) {
        auto turned = row(b);
        if (kind == ScoreModel::TransE) {
          for (auto& value : turned) value = -value;
        } else if (kind == ScoreModel::ComplEx || kind == ScoreModel::RotatE) {
          for (std::size_t i = 3; i < 6; ++i) turned[i] = -turned[i];
        } else if (kind == ScoreModel::Rescal) {
          for (std::size_t i = 0; i < 6; ++i) {
            for (std::size_t j = 0; j < 6; ++j) turned[i * 6 + j] = row(b)[j * 6 + i];
          }
        }
        INFO(to_string(kind) << ", relations " << a << " and " << b);
        CHECK(found.same[a * 3 + b] == Approx(a == b ? 0 : 1 - cosine_of(row(a), row(b))).margin(1e-9));
        CHECK(found.swapped[a * 3 + b] == Approx(1 - cosine_of(row(a), turned)).margin(1e-9));
        // The row turned round gives the score with head and tail exchanged.
        auto inverse = model;
        auto rows = packed;
        std::copy(turned.begin(), turned.end(), rows.begin() + static_cast<std::ptrdiff_t>(b * width));
        unpack_rows(model.shape, true, rows.data(), 3, inverse.relation);
        const auto r = static_cast<std::int32_t>(b);
        CHECK(score_fact(model.shape, model.entity_row(0), model.relation_row(r), model.entity_row(1)) ==
              Approx(score_fact(model.shape, inverse.entity_row(1), inverse.relation_row(r), inverse.entity_row(0)))
                  .margin(1e-5));
      }
    }
  }
}
