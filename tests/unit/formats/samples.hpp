#pragma once

#include <string>
#include <vector>

#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/dump.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace terse::formats::test {

// Small contents of every kind, every field filled.
Header sample_header();
Model sample_model();
Checkpoint sample_checkpoint();
Profile sample_profile();
Facts sample_facts();
Similarity sample_similarity();
Clusters sample_clusters();
Policy sample_policy();

/// An artifact of at most 4 KB.
struct Sample {
  Kind kind;
  core::Bytes bytes;
  std::string digest;
};

Sample make_sample(Kind kind);
std::vector<Sample> all_samples();

/// Reads an artifact in full with its kind's reader, every tensor and document. @throws Error
void read_in_full(std::unique_ptr<core::ByteSource> source);
void read_in_full(std::span<const std::byte> bytes);

/// A source over memory that cannot seek and hands out pieces of odd sizes: a pipe.
std::unique_ptr<core::ByteSource> pipe_source(std::span<const std::byte> bytes);

}  // namespace terse::formats::test
