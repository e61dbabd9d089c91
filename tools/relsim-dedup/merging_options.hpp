#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "terse/relsim/merging/evidence_merging.hpp"

namespace CLI {
class App;
}

// Options that several ways of merging take alike.
namespace terse::tools::relsim_dedup {

void add_linkage(CLI::App& command, std::string& linkage);
void add_count(CLI::App& command, std::optional<std::int64_t>& count);
void add_merge_thin(CLI::App& command, bool& merge_thin);
/// @param inverses  becomes false where --no-inverse is given
void add_no_inverse(CLI::App& command, bool& inverses);
void add_facts(CLI::App& command, std::string& facts);
/// How much doubt a merge by evidence may leave, and whether names are evidence.
void add_evidence(CLI::App& command, relsim::EvidenceMerging& merging);
/// An option that once said what to do, which the command's name now does: taken, and not shown.
void add_old_flag(CLI::App& command, const char* name);

}  // namespace terse::tools::relsim_dedup
