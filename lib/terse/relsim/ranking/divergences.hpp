#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace terse::relsim {

/// What divergences are computed in, from the least precise on. Auto takes Double where that costs seconds at most.
/// Bfloat16 is Single with the entity table, and what is multiplied with it for P(t|h,r), rounded to bfloat16: the
/// divergences of a model that differs a little, in less time on CPUs that multiply such numbers (pair_product.hpp).
enum class Precision { Auto, Bfloat16, Single, Double };

/// "auto", "bfloat16", "single", "double".
std::string_view to_string(Precision precision);

/// The precision of that name. @throws Error::Usage for another word
Precision precision_called(std::string_view name);

/// Divergences between all pairs of relations, in nats; row-major [R, R].
struct Divergences {
  std::vector<double> same;     ///< KL(P(h,t|a) ‖ P(h,t|b))
  std::vector<double> swapped;  ///< KL(P(h,t|a) ‖ P(h,t|b^-1)): heads and tails of b swapped; empty where not asked for
  std::vector<double> same_error, swapped_error;  ///< half widths of 95 % intervals; empty where exact
  Precision precision = Precision::Double;        ///< not Auto
  std::int64_t heads = 0;                         ///< distinct heads visited
};

}  // namespace terse::relsim
