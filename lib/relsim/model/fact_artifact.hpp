#pragma once

#include <vector>

#include "terse/formats/facts.hpp"
#include "terse/relsim/model/fact_model.hpp"

namespace terse::relsim {

/// The fact model that a facts artifact holds. @throws Error::BadInput where weights are missing or do not fit
FactModel load_fact_model(const formats::Facts& facts);

/// The weights under the names that formats/facts.md gives them; "inverse" [R, dim] holds the queries of the relations
/// with heads and tails exchanged.
std::vector<formats::Tensor> store_fact_model(const FactModel& model);

}  // namespace terse::relsim
