#include "terse/relsim/embedding/score_kernels.hpp"

#include "terse/act/tensor/torch.hpp"
#include "terse/core/error.hpp"
#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

/// A vector as PyTorch sees it: float64, with a gradient.
at::Tensor leaf(const ScoreShape& shape, bool relation, const std::vector<float>& row) {
  std::vector<float> packed;
  pack_rows(shape, relation, row, packed);
  return at::tensor(packed).to(at::kDouble).requires_grad_(true);
}

at::Tensor reference(const ScoreShape& shape, const at::Tensor& h, const at::Tensor& r, const at::Tensor& t) {
  const auto half = static_cast<std::int64_t>(shape.dim) / 2;
  const auto complex = [&](const at::Tensor& x) { return at::complex(x.narrow(0, 0, half), x.narrow(0, half, half)); };
  switch (shape.model) {
    case ScoreModel::TransE:
      return -(h + r - t).norm(shape.norm);
    case ScoreModel::DistMult:
      return (h * r * t).sum();
    case ScoreModel::ComplEx:
      return at::real(complex(h) * complex(r) * complex(t).conj()).sum();
    case ScoreModel::RotatE:
      return -(complex(h) * complex(r) - complex(t)).abs().sum();
    case ScoreModel::Rescal: {
      const auto n = static_cast<std::int64_t>(shape.dim);
      return at::dot(h, at::mv(r.view({n, n}), t));
    }
  }
  return {};
}

struct Case {
  ScoreModel model;
  int norm;
  std::int64_t dim;
};

// Odd sizes leave padding in every row.
const Case kCases[] = {{ScoreModel::TransE, 1, 37},  {ScoreModel::TransE, 2, 37}, {ScoreModel::DistMult, 1, 50},
                       {ScoreModel::ComplEx, 1, 38}, {ScoreModel::RotatE, 1, 38}, {ScoreModel::Rescal, 1, 19}};

TEST_CASE("scores and gradients are those of autograd", "[relsim][numeric]") {
  for (const auto& c : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      INFO(to_string(c.model) << " norm " << c.norm << " seed " << seed);
      const auto model = EmbeddingModel::random(c.model, c.dim, c.norm, 2, 3, seed);
      const auto& shape = model.shape;
      const auto row = [&](const std::vector<float>& table, std::size_t i, std::size_t width) {
        return std::vector<float>(table.begin() + static_cast<std::ptrdiff_t>(i * width),
                                  table.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
      };
      const auto h = row(model.entity, 0, shape.width), t = row(model.entity, 1, shape.width);
      const auto r = row(model.relation, 1, shape.relation_width());
      const auto ht = leaf(shape, false, h), rt = leaf(shape, true, r), tt = leaf(shape, false, t);
      const auto expected = reference(shape, ht, rt, tt);
      const double score = static_cast<double>(score_fact(shape, h.data(), r.data(), t.data()));
      CHECK(score == Approx(expected.item<double>()).margin(1e-4));

      const float factor = -1.5f;
      (expected * static_cast<double>(factor)).backward();
      std::vector<float> dh(h.size()), dr(r.size()), dt(t.size());
      add_score_gradient(shape, h.data(), r.data(), t.data(), factor, dh.data(), dr.data(), dt.data());
      const auto agrees = [&](const std::vector<float>& gradient, bool relation, const at::Tensor& with) {
        std::vector<float> packed, padded;
        pack_rows(shape, relation, gradient, packed);
        CHECK((at::tensor(packed).to(at::kDouble) - with.grad()).abs().max().item<double>() < 1e-4);
        unpack_rows(shape, relation, packed.data(), 1, padded);
        CHECK(padded == gradient);  // nothing lies beyond the vector's end
      };
      agrees(dh, false, ht);
      agrees(dr, true, rt);
      agrees(dt, false, tt);

      // Only what is asked for; added to what is there.
      std::vector<float> again(dh);
      add_score_gradient(shape, h.data(), r.data(), t.data(), factor, again.data(), nullptr, nullptr);
      for (std::size_t i = 0; i < again.size(); ++i) CHECK(again[i] == Approx(2 * dh[i]).margin(1e-5));

      if (shape.linear()) {
        std::vector<float> q(shape.relation_width());
        relation_query(shape, h.data(), t.data(), q.data());
        double product = 0;
        for (std::size_t i = 0; i < q.size(); ++i) product += static_cast<double>(q[i]) * static_cast<double>(r[i]);
        CHECK(product == Approx(score).margin(1e-4));
      }
      std::vector<float> scores(3);
      score_relations(shape, h.data(), model.relation.data(), shape.relation_width(), t.data(), 3, scores.data());
      CHECK(scores[1] == static_cast<float>(score));
    }
  }
}

TEST_CASE("a distance of zero has no gradient", "[relsim]") {
  for (const auto model : {ScoreModel::TransE, ScoreModel::RotatE}) {
    const auto shape = score_shape(model, 8, 2);
    const std::vector<float> zero(shape.width);
    std::vector<float> gradient(shape.width);
    add_score_gradient(shape, zero.data(), zero.data(), zero.data(), 1, gradient.data(), gradient.data(),
                       gradient.data());
    CHECK(gradient == zero);
  }
}

TEST_CASE("shapes that a model cannot have are refused", "[relsim]") {
  CHECK_THROWS_AS(score_shape(ScoreModel::ComplEx, 7, 1), Error);
  CHECK_THROWS_AS(score_shape(ScoreModel::TransE, 0, 1), Error);
  CHECK_THROWS_AS(score_shape(ScoreModel::TransE, 8, 3), Error);
  CHECK_THROWS_AS(score_model_of("word2vec"), Error);
  CHECK(score_model_of("complex") == ScoreModel::ComplEx);
}

}  // namespace
}  // namespace terse::relsim
