#include "terse/relsim/embedding/score_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "terse/relsim/embedding/score_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace terse::relsim::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Every row is a multiple of 16 floats: no loop has a remainder.
using Tag = hn::CappedTag<float, kRowUnit>;
using Vec = hn::Vec<Tag>;

HWY_INLINE Vec load(const float* p) { return hn::LoadU(Tag(), p); }
HWY_INLINE void add(float* p, Vec value) { hn::StoreU(hn::Add(load(p), value), Tag(), p); }
HWY_INLINE float total(Vec sum) { return hn::GetLane(hn::SumOfLanes(Tag(), sum)); }

float dot(const float* a, const float* b, std::size_t n) {
  const std::size_t lanes = hn::Lanes(Tag());
  auto sum = hn::Zero(Tag());
  for (std::size_t i = 0; i < n; i += lanes) sum = hn::MulAdd(load(a + i), load(b + i), sum);
  return total(sum);
}

void add_scaled(float* into, const float* from, float factor, std::size_t n) {
  const std::size_t lanes = hn::Lanes(Tag());
  const auto scale = hn::Set(Tag(), factor);
  for (std::size_t i = 0; i < n; i += lanes) add(into + i, hn::Mul(scale, load(from + i)));
}

float translation_score(const ScoreShape& s, const float* h, const float* r, const float* t) {
  const std::size_t lanes = hn::Lanes(Tag());
  auto sum = hn::Zero(Tag());
  for (std::size_t i = 0; i < s.width; i += lanes) {
    const auto d = hn::Sub(hn::Add(load(h + i), load(r + i)), load(t + i));
    sum = s.norm == 1 ? hn::Add(sum, hn::Abs(d)) : hn::MulAdd(d, d, sum);
  }
  return s.norm == 1 ? -total(sum) : -std::sqrt(total(sum));
}

void translation_gradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                          float* dr, float* dt) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  float scale = factor;
  if (s.norm == 2) {
    const float length = -translation_score(s, h, r, t);
    scale = length > 0 ? factor / length : 0;
  }
  const auto step = hn::Set(d, scale);
  for (std::size_t i = 0; i < s.width; i += lanes) {
    auto g = hn::Sub(hn::Add(load(h + i), load(r + i)), load(t + i));
    if (s.norm == 1) {
      const auto zero = hn::Zero(d), one = hn::Set(d, 1.0f);
      g = hn::Sub(hn::IfThenElseZero(hn::Gt(g, zero), one), hn::IfThenElseZero(hn::Lt(g, zero), one));
    }
    g = hn::Mul(step, g);
    if (dh) hn::StoreU(hn::Sub(load(dh + i), g), d, dh + i);
    if (dr) hn::StoreU(hn::Sub(load(dr + i), g), d, dr + i);
    if (dt) add(dt + i, g);
  }
}

float product_score(const ScoreShape& s, const float* h, const float* r, const float* t) {
  const std::size_t lanes = hn::Lanes(Tag());
  auto sum = hn::Zero(Tag());
  for (std::size_t i = 0; i < s.width; i += lanes) {
    sum = hn::MulAdd(hn::Mul(load(h + i), load(r + i)), load(t + i), sum);
  }
  return total(sum);
}

void product_gradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                      float* dr, float* dt) {
  const std::size_t lanes = hn::Lanes(Tag());
  const auto f = hn::Set(Tag(), factor);
  for (std::size_t i = 0; i < s.width; i += lanes) {
    const auto hv = load(h + i), rv = load(r + i), tv = load(t + i);
    if (dh) add(dh + i, hn::Mul(f, hn::Mul(rv, tv)));
    if (dr) add(dr + i, hn::Mul(f, hn::Mul(hv, tv)));
    if (dt) add(dt + i, hn::Mul(f, hn::Mul(hv, rv)));
  }
}

/// h conj(t), so that the score is its real product with conj(r): Re = h_r t_r + h_i t_i, Im = h_r t_i - h_i t_r.
void complex_query(const ScoreShape& s, const float* h, const float* t, float* q) {
  const std::size_t lanes = hn::Lanes(Tag()), half = s.width / 2;
  for (std::size_t i = 0; i < half; i += lanes) {
    const auto hr = load(h + i), hi = load(h + half + i), tr = load(t + i), ti = load(t + half + i);
    hn::StoreU(hn::MulAdd(hr, tr, hn::Mul(hi, ti)), Tag(), q + i);
    hn::StoreU(hn::Sub(hn::Mul(hr, ti), hn::Mul(hi, tr)), Tag(), q + half + i);
  }
}

float complex_score(const ScoreShape& s, const float* h, const float* r, const float* t) {
  const std::size_t lanes = hn::Lanes(Tag()), half = s.width / 2;
  auto sum = hn::Zero(Tag());
  for (std::size_t i = 0; i < half; i += lanes) {
    const auto hr = load(h + i), hi = load(h + half + i), rr = load(r + i), ri = load(r + half + i);
    sum = hn::MulAdd(hn::Sub(hn::Mul(hr, rr), hn::Mul(hi, ri)), load(t + i), sum);
    sum = hn::MulAdd(hn::MulAdd(hr, ri, hn::Mul(hi, rr)), load(t + half + i), sum);
  }
  return total(sum);
}

void complex_gradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                      float* dr, float* dt) {
  const std::size_t lanes = hn::Lanes(Tag()), half = s.width / 2;
  const auto f = hn::Set(Tag(), factor);
  for (std::size_t i = 0; i < half; i += lanes) {
    const auto hr = load(h + i), hi = load(h + half + i), rr = load(r + i), ri = load(r + half + i);
    const auto tr = load(t + i), ti = load(t + half + i);
    if (dh) {
      add(dh + i, hn::Mul(f, hn::MulAdd(rr, tr, hn::Mul(ri, ti))));
      add(dh + half + i, hn::Mul(f, hn::Sub(hn::Mul(rr, ti), hn::Mul(ri, tr))));
    }
    if (dr) {
      add(dr + i, hn::Mul(f, hn::MulAdd(hr, tr, hn::Mul(hi, ti))));
      add(dr + half + i, hn::Mul(f, hn::Sub(hn::Mul(hr, ti), hn::Mul(hi, tr))));
    }
    if (dt) {
      add(dt + i, hn::Mul(f, hn::Sub(hn::Mul(hr, rr), hn::Mul(hi, ri))));
      add(dt + half + i, hn::Mul(f, hn::MulAdd(hr, ri, hn::Mul(hi, rr))));
    }
  }
}

float rotation_score(const ScoreShape& s, const float* h, const float* r, const float* t) {
  const std::size_t lanes = hn::Lanes(Tag()), half = s.width / 2;
  auto sum = hn::Zero(Tag());
  for (std::size_t i = 0; i < half; i += lanes) {
    const auto hr = load(h + i), hi = load(h + half + i), rr = load(r + i), ri = load(r + half + i);
    const auto x = hn::Sub(hn::Sub(hn::Mul(hr, rr), hn::Mul(hi, ri)), load(t + i));
    const auto y = hn::Sub(hn::MulAdd(hr, ri, hn::Mul(hi, rr)), load(t + half + i));
    sum = hn::Add(sum, hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y))));
  }
  return -total(sum);
}

/// ∂r is that in the rotation's cosine and sine.
void rotation_gradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                       float* dr, float* dt) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d), half = s.width / 2;
  const auto f = hn::Set(d, -factor);
  for (std::size_t i = 0; i < half; i += lanes) {
    const auto hr = load(h + i), hi = load(h + half + i), rr = load(r + i), ri = load(r + half + i);
    auto x = hn::Sub(hn::Sub(hn::Mul(hr, rr), hn::Mul(hi, ri)), load(t + i));
    auto y = hn::Sub(hn::MulAdd(hr, ri, hn::Mul(hi, rr)), load(t + half + i));
    const auto length = hn::Sqrt(hn::MulAdd(x, x, hn::Mul(y, y)));
    const auto scale = hn::IfThenElseZero(hn::Gt(length, hn::Zero(d)), hn::Div(f, length));
    x = hn::Mul(scale, x);
    y = hn::Mul(scale, y);
    if (dh) {
      add(dh + i, hn::MulAdd(x, rr, hn::Mul(y, ri)));
      add(dh + half + i, hn::Sub(hn::Mul(y, rr), hn::Mul(x, ri)));
    }
    if (dr) {
      add(dr + i, hn::MulAdd(x, hr, hn::Mul(y, hi)));
      add(dr + half + i, hn::Sub(hn::Mul(y, hr), hn::Mul(x, hi)));
    }
    if (dt) {
      hn::StoreU(hn::Sub(load(dt + i), x), d, dt + i);
      hn::StoreU(hn::Sub(load(dt + half + i), y), d, dt + half + i);
    }
  }
}

float bilinear_score(const ScoreShape& s, const float* h, const float* r, const float* t) {
  float sum = 0;
  for (std::size_t i = 0; i < s.dim; ++i) sum += h[i] * dot(r + i * s.width, t, s.width);
  return sum;
}

void bilinear_gradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                       float* dr, float* dt) {
  for (std::size_t i = 0; i < s.dim; ++i) {
    if (dh) dh[i] += factor * dot(r + i * s.width, t, s.width);
    if (dr) add_scaled(dr + i * s.width, t, factor * h[i], s.width);
    if (dt) add_scaled(dt, r + i * s.width, factor * h[i], s.width);
  }
}

float ScoreFact(const ScoreShape& s, const float* h, const float* r, const float* t) {
  switch (s.model) {
    case ScoreModel::TransE:
      return translation_score(s, h, r, t);
    case ScoreModel::DistMult:
      return product_score(s, h, r, t);
    case ScoreModel::ComplEx:
      return complex_score(s, h, r, t);
    case ScoreModel::RotatE:
      return rotation_score(s, h, r, t);
    case ScoreModel::Rescal:
      return bilinear_score(s, h, r, t);
  }
  return 0;
}

void ScoreRelations(const ScoreShape& s, const float* h, const float* relations, std::size_t stride, const float* t,
                    std::size_t count, float* scores) {
  for (std::size_t i = 0; i < count; ++i) scores[i] = ScoreFact(s, h, relations + i * stride, t);
}

void AddScoreGradient(const ScoreShape& s, const float* h, const float* r, const float* t, float factor, float* dh,
                      float* dr, float* dt) {
  switch (s.model) {
    case ScoreModel::TransE:
      return translation_gradient(s, h, r, t, factor, dh, dr, dt);
    case ScoreModel::DistMult:
      return product_gradient(s, h, r, t, factor, dh, dr, dt);
    case ScoreModel::ComplEx:
      return complex_gradient(s, h, r, t, factor, dh, dr, dt);
    case ScoreModel::RotatE:
      return rotation_gradient(s, h, r, t, factor, dh, dr, dt);
    case ScoreModel::Rescal:
      return bilinear_gradient(s, h, r, t, factor, dh, dr, dt);
  }
}

void RelationQuery(const ScoreShape& s, const float* h, const float* t, float* q) {
  const std::size_t lanes = hn::Lanes(Tag());
  if (s.model == ScoreModel::ComplEx) return complex_query(s, h, t, q);
  if (s.model == ScoreModel::DistMult) {
    for (std::size_t i = 0; i < s.width; i += lanes) hn::StoreU(hn::Mul(load(h + i), load(t + i)), Tag(), q + i);
    return;
  }
  for (std::size_t k = 0; k < s.dim; ++k) {
    const auto factor = hn::Set(Tag(), h[k]);
    for (std::size_t i = 0; i < s.width; i += lanes) {
      hn::StoreU(hn::Mul(factor, load(t + i)), Tag(), q + k * s.width + i);
    }
  }
}
}  // namespace terse::relsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace terse::relsim {

HWY_EXPORT(ScoreFact);
HWY_EXPORT(ScoreRelations);
HWY_EXPORT(AddScoreGradient);
HWY_EXPORT(RelationQuery);

float score_fact(const ScoreShape& shape, const float* h, const float* r, const float* t) {
  return HWY_DYNAMIC_DISPATCH(ScoreFact)(shape, h, r, t);
}

void score_relations(const ScoreShape& shape, const float* h, const float* relations, std::size_t stride,
                     const float* t, std::size_t count, float* scores) {
  HWY_DYNAMIC_DISPATCH(ScoreRelations)(shape, h, relations, stride, t, count, scores);
}

void add_score_gradient(const ScoreShape& shape, const float* h, const float* r, const float* t, float factor,
                        float* dh, float* dr, float* dt) {
  HWY_DYNAMIC_DISPATCH(AddScoreGradient)(shape, h, r, t, factor, dh, dr, dt);
}

void relation_query(const ScoreShape& shape, const float* h, const float* t, float* q) {
  HWY_DYNAMIC_DISPATCH(RelationQuery)(shape, h, t, q);
}

}  // namespace terse::relsim
#endif
