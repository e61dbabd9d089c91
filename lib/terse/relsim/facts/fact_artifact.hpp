#pragma once

#include <optional>
#include <string>
#include <vector>

#include "terse/formats/kinds/facts.hpp"
#include "terse/relsim/facts/count_mixture.hpp"
#include "terse/relsim/facts/fact_model.hpp"

namespace terse::relsim {

/// The fact model that a facts artifact holds.
/// @param artifact  its name, for messages
/// @throws Error::BadInput where weights are missing, do not fit, or hold what is no number
FactModel load_fact_model(const formats::Facts& facts, const std::string& artifact);

/// The weights under the names that formats/facts.md gives them; "inverse" [R, dim] holds the queries of the relations
/// with heads and tails exchanged.
std::vector<formats::Tensor> store_fact_model(const FactModel& model);

/// Adds what a mixture with counts is made of: weights "mixture.head" and "mixture.tail", both [2R], and the
/// hyperparameter "count_smoothing".
void store_count_mixture(const CountMixture& mixture, formats::Facts& into);

/// The mixture that a facts artifact holds; none where there were no held-out facts to choose it by.
/// @param artifact  its name, for messages
/// @throws Error::BadInput where it is not sound
std::optional<CountMixture> load_count_mixture(const formats::Facts& facts, const std::string& artifact);

}  // namespace terse::relsim
