#pragma once

#include "act-inspect/input.hpp"
#include "act-inspect/report.hpp"

namespace terse::tools::act_inspect {

/// Adds the main facts about the artifact's kind: for a dump what became of the saved tensors, for a similarity the
/// closest pairs … Reads `input` again only for the kinds that are read whole.
/// @throws Error::BadInput where the content is not what the kind promises
void describe_kind(Report& report, Input& input, const Outline& outline, const Options& options);

// One each, as describe_kind() calls them.
void describe_profile(Report& report, Input& input);
void describe_model(Report& report, const Outline& outline);
void describe_checkpoint(Report& report, const Outline& outline);
void describe_dump(Report& report, const Outline& outline);
void describe_policy(Report& report, Input& input);
void describe_facts(Report& report, Input& input, const Options& options);
void describe_similarity(Report& report, Input& input, const Outline& outline, const Options& options);
void describe_clusters(Report& report, Input& input, const Options& options);

}  // namespace terse::tools::act_inspect
