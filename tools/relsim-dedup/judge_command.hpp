#pragma once

#include <string>

#include "common/options.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace terse::tools::relsim_dedup {

/// Command line of `relsim-dedup judge`.
struct JudgeOptions {
  std::string clusters;     ///< a clusters artifact
  std::string gold;         ///< classes of relations
  std::string ranking;      ///< a similarity artifact to judge the ranking of pairs by; empty: do not
  std::string curve;        ///< where the ranking's precision and recall go; empty: nowhere
  std::string reliability;  ///< where the shares of right merges by confidence go; empty: nowhere
};

void define_judge(CLI::App& command, SharedOptions& shared, JudgeOptions& options);

/// Prints how well clusters agree with known classes.
int run_judge(const SharedOptions& shared, const JudgeOptions& options);

/// The same for clusters at hand. @param ranking  distances of all pairs of the same relations; null: not judged
void judge_clusters(const SharedOptions& shared, const formats::Clusters& clusters, const formats::Similarity* ranking,
                    const JudgeOptions& options);

}  // namespace terse::tools::relsim_dedup
