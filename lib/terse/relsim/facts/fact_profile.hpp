#pragma once

#include <string>

#include "terse/act/budget/profiler.hpp"
#include "terse/formats/kinds/facts.hpp"

namespace terse::relsim {

/// What a training step of a fact model keeps for its backward pass (fact_graph.hpp), at the weights of the artifact,
/// over the facts that it was trained on.
/// @param batch  observations
/// @param name   of the artifact, for messages and as the profile's model
/// @param tick   as act::profile_step() has it
/// @throws Error::BadInput where it is a model of counts, or holds no facts
formats::Profile profile_facts(const formats::Facts& facts, const std::string& name, std::int64_t batch,
                               std::uint64_t seed, const act::ProfileOptions& options,
                               const std::function<void(std::size_t done, std::size_t total)>& tick = {});

}  // namespace terse::relsim
