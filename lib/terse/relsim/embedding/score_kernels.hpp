#pragma once

#include <cstddef>

namespace terse::relsim {

/// How vectors of head h, relation r and tail t score a fact; the higher, the likelier.
enum class ScoreModel {
  TransE,    ///< -|h + r - t|, L1 or L2 (Bordes et al., NIPS 2013)
  DistMult,  ///< Σ h r t (Yang et al., ICLR 2015)
  ComplEx,   ///< Re Σ h r conj(t) (Trouillon et al., ICML 2016)
  RotatE,    ///< -Σ |h r - t| with |r_i| = 1 (Sun et al., ICLR 2019)
  Rescal,    ///< h^T R t (Nickel et al., ICML 2011)
};

/// What the loops below work on. Rows are `width` floats, a multiple of kRowUnit, zero beyond the vector's end; complex
/// rows hold real parts in their first half and imaginary parts in the second, each padded. A relation of RotatE is
/// given by its cosines and sines, one of RESCAL by `width` rows of `width` floats, of which `dim` are not zero.
struct ScoreShape {
  ScoreModel model = ScoreModel::TransE;
  int norm = 1;           ///< TransE: 1 or 2
  std::size_t dim = 0;    ///< values of an entity's vector
  std::size_t width = 0;  ///< floats of an entity's row

  std::size_t relation_width() const { return model == ScoreModel::Rescal ? dim * width : width; }
  /// Whether score = query(h, t)·r.
  bool linear() const { return model != ScoreModel::TransE && model != ScoreModel::RotatE; }
};

inline constexpr std::size_t kRowUnit = 16;

// Compiled for every SIMD target and chosen at run time (Highway); a row is always summed in the same order.

float score_fact(const ScoreShape& shape, const float* h, const float* r, const float* t);

/// scores[i] = score_fact(h, relations + i·stride, t) for i < count.
void score_relations(const ScoreShape& shape, const float* h, const float* relations, std::size_t stride,
                     const float* t, std::size_t count, float* scores);

/// Adds factor · ∂score/∂h, ∂r and ∂t to the rows given; a null row is not wanted. Where |h + r - t| or a RotatE
/// distance is zero, so is its gradient.
void add_score_gradient(const ScoreShape& shape, const float* h, const float* r, const float* t, float factor,
                        float* dh, float* dr, float* dt);

/// Linear models: the row q [relation_width] with score = q·r.
void relation_query(const ScoreShape& shape, const float* h, const float* t, float* q);

}  // namespace terse::relsim
