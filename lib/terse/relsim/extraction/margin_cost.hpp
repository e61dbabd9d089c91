#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace terse::relsim {

/// What it costs to take relation y' for y: α · w(y,y'), w = exp(-D(y,y')/τ) scaled so that a row's mean over y' ≠ y is
/// 1; zero for y' = y. α is applied last, so that it has its effect.
/// @param divergences  [R, R] both directions combined; infinity where not known: the cost is then α, that of a mean
///                     one, in rows that know nothing, and 0 in others
/// @return [R, R]
/// Source: ACL 2019, arXiv 1907.08937 (softmax-margin); there α is lost in the normalisation.
std::vector<float> margin_costs(std::span<const double> divergences, std::size_t relations, double alpha, double tau);

}  // namespace terse::relsim
